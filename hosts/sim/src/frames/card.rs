//! A network card: the service's end of a cable.

use super::cut::Asked;
use super::gather::gather;
use super::lane::{Lane, Parcel};
use super::sums::is_intact;
use crate::VirtualClock;
use abi::Instant;
use hyper::{Clock, Frame, Link, LinkProperties};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// How frames get from one end of a cable to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Complete, no longer than the MTU, and one by one.
    #[default]
    Plain,
    /// The same, and the receiver is told that sums were verified.
    Verified,
    /// That too, and segments that follow each other are put together.
    Gathered,
    /// They never leave the machine: large ones stay large, sums are not even filled in.
    Local,
}

/// What a card has to tell.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A frame: [`hyper::LinkEvent::Received`].
    Frame(Parcel),
    /// [`hyper::LinkEvent::Room`].
    Room,
}

/// A card, at one end of a cable.
#[derive(Debug)]
pub struct Card {
    properties: LinkProperties,
    delivery: Delivery,
    clock: VirtualClock,
    outward: Rc<RefCell<Lane>>,
    inward: Rc<RefCell<Lane>>,
    arrived: RefCell<VecDeque<Parcel>>,
    wants_room: Cell<bool>,
}

impl Card {
    pub(super) fn new(
        properties: LinkProperties,
        delivery: Delivery,
        clock: VirtualClock,
        [outward, inward]: [Rc<RefCell<Lane>>; 2],
    ) -> Self {
        Self {
            properties,
            delivery,
            clock,
            outward,
            inward,
            arrived: RefCell::default(),
            wants_room: Cell::new(false),
        }
    }

    /// When it will have something to tell.
    pub fn next_due(&self) -> Option<Instant> {
        let room = self.wants_room.get().then(|| self.outward.borrow().room_at());
        let now = (!self.arrived.borrow().is_empty()).then(|| self.clock.now());
        [now, room, self.inward.borrow().next_due()].into_iter().flatten().min()
    }

    /// What has happened by now, one after the other.
    pub fn take(&self) -> Option<Arrival> {
        let now = self.clock.now();
        if self.wants_room.get() && self.outward.borrow().room_at() <= now {
            self.wants_room.set(false);
            return Some(Arrival::Room);
        }
        let mut arrived = self.arrived.borrow_mut();
        if arrived.is_empty() {
            let mut lane = self.inward.borrow_mut();
            let parcels = std::iter::from_fn(|| lane.take(now)).collect();
            arrived.extend(self.received(parcels));
        }
        arrived.pop_front().map(Arrival::Frame)
    }

    fn received(&self, parcels: Vec<Parcel>) -> Vec<Parcel> {
        match self.delivery {
            Delivery::Plain | Delivery::Local => parcels,
            Delivery::Verified => parcels.into_iter().map(verified).collect(),
            Delivery::Gathered => gather(parcels),
        }
    }
}

fn verified(parcel: Parcel) -> Parcel {
    Parcel { checked: parcel.checked || is_intact(&parcel.bytes), ..parcel }
}

impl Link for Card {
    fn properties(&self) -> LinkProperties {
        self.properties
    }

    fn has_room(&self) -> bool {
        let has_room = self.outward.borrow().has_room(self.clock.now());
        self.wants_room.set(self.wants_room.get() || !has_room);
        has_room
    }

    fn send(&self, frame: Frame) -> bool {
        if !self.has_room() {
            return false;
        }
        let (asked, now) = (Asked::of(&frame, &self.properties), self.clock.now());
        let mut lane = self.outward.borrow_mut();
        if self.delivery == Delivery::Local && !asked.is_complete() {
            lane.send(Parcel { bytes: asked.whole(), checked: true }, now);
        } else {
            let pieces = asked.complete().into_iter();
            pieces.for_each(|bytes| lane.send(Parcel { bytes, checked: false }, now));
        }
        true
    }
}
