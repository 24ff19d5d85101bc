//! A cable: two lanes, and what is attached to their ends.

use super::card::{Card, Delivery};
use super::conditions::Conditions;
use super::lane::{Carried, Lane, Parcel};
use crate::{Luck, VirtualClock};
use abi::Instant;
use hyper::{Clock, LinkProperties};
use std::cell::RefCell;
use std::rc::Rc;

/// Two ends, 0 and 1.
#[derive(Debug)]
pub struct Cable {
    clock: VirtualClock,
    /// Each by the end that it begins at.
    lanes: [Rc<RefCell<Lane>>; 2],
}

impl Cable {
    /// With what happens to frames from either end.
    pub fn new(clock: VirtualClock, conditions: [Conditions; 2], luck: &Luck) -> Self {
        let lane = |conditions| Rc::new(RefCell::new(Lane::new(conditions, luck.fork())));
        Self { clock, lanes: conditions.map(lane) }
    }

    /// A card for one end. What arrives there is for whoever asks first, so the card that it
    /// replaces, if there was one, must not be asked any more.
    pub fn card(&self, end: usize, properties: LinkProperties, delivery: Delivery) -> Card {
        let lanes = [self.lanes[end].clone(), self.lanes[1 - end].clone()];
        Card::new(properties, delivery, self.clock.clone(), lanes)
    }

    /// Changes what happens to frames that are sent from an end.
    pub fn set_conditions(&self, end: usize, conditions: Conditions) {
        self.lanes[end].borrow_mut().set_conditions(conditions);
    }

    /// Sends a complete frame from one end.
    pub fn send(&self, end: usize, bytes: Vec<u8>) {
        let parcel = Parcel { bytes, checked: false };
        self.lanes[end].borrow_mut().send(parcel, self.clock.now());
    }

    /// The next frame that has arrived at an end.
    pub fn take(&self, end: usize) -> Option<Vec<u8>> {
        let parcel = self.lanes[1 - end].borrow_mut().take(self.clock.now());
        parcel.map(|parcel| parcel.bytes)
    }

    /// When the next frame arrives at an end.
    pub fn next_due(&self, end: usize) -> Option<Instant> {
        self.lanes[1 - end].borrow().next_due()
    }

    /// What became of frames that were sent from an end.
    pub fn carried(&self, end: usize) -> Carried {
        self.lanes[end].borrow().carried()
    }
}
