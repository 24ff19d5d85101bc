//! Links that are plugged into a switch: a service's card, and uplinks, whatever else those are.

use super::{Kind, LinkState};
use crate::clock::HostClock;
use crate::link::{Queue, finished};
use crate::network::Network;
use hyper::{Clock, Frame};
use std::iter;
use std::sync::Arc;

/// Frames of a switch that one tenant is told of before the others have their turn.
const FRAMES_TOLD_MAX: usize = 64;

/// An Ethernet header with a tag, which an MTU does not count, in bytes.
const HEADER_BYTES: usize = 18;

impl Network {
    /// Whether a link has frames waiting at its switch.
    pub(crate) fn has_mail(&self) -> bool {
        self.links.mailroom.has_mail()
    }

    /// The links that have frames waiting at their switches.
    pub(crate) fn take_mail(&mut self) -> Vec<usize> {
        self.links.mailroom.take()
    }

    /// Whether a link is a card on a switch that nobody else is on.
    pub(crate) fn is_alone(&self, link: usize) -> bool {
        let state = self.links.links.get(link).filter(|state| matches!(state.kind, Kind::Card));
        state.and_then(|state| state.port.as_ref()).is_some_and(|port| port.is_alone())
    }

    /// Takes the frames that wait for a link. Those for its tenant are returned; others leave
    /// through the link.
    pub(crate) fn collect(&mut self, link: usize) -> Option<(usize, Vec<Arc<Frame>>)> {
        let state = self.links.links.get_mut(link)?;
        let tenant = state.tenant;
        if let Kind::Card = state.kind {
            let frames = state.take_mail(FRAMES_TOLD_MAX);
            if frames.len() == FRAMES_TOLD_MAX {
                self.links.mailroom.announce(link);
            }
            return Some((tenant, frames));
        }
        state.pass_out();
        self.transmit(tenant, link);
        None
    }

    /// Hands what a tenant sent through its card to the switch.
    pub(super) fn switch_frames(&mut self, link: usize) {
        let Some(LinkState { queue, trace, port: Some(port), .. }) = self.links.links.get_mut(link)
        else {
            return;
        };
        let frames = queue.borrow_mut().take();
        let amount = (frames.len(), frames.iter().map(Frame::bytes).sum());
        for frame in frames {
            if let Some(trace) = trace {
                trace.frame(&frame, HostClock.wall());
            }
            port.send(frame);
        }
        self.left(link, amount);
    }
}

impl LinkState {
    /// What waits for a tenant, so many frames at most.
    fn take_mail(&mut self, count_max: usize) -> Vec<Arc<Frame>> {
        let Some(port) = &self.port else { return Vec::new() };
        let frames: Vec<_> = iter::from_fn(|| port.outlet.take()).take(count_max).collect();
        if let Some(trace) = &mut self.trace {
            let now = HostClock.wall();
            frames.iter().for_each(|frame| trace.frame(frame, now));
        }
        frames
    }

    /// Puts what waits for an uplink into its queue, as far as there is room.
    fn pass_out(&self) {
        let Some(port) = &self.port else { return };
        let mut queue = self.queue.borrow_mut();
        while queue.has_room()
            && let Some(frame) = port.outlet.take()
        {
            if !self.put(frame, &mut queue) {
                port.outlet.lose();
            }
        }
    }

    /// Puts a frame into the queue, complete if the link leaves nothing to be done. Says whether it
    /// is of use there: not if it is longer than others can take.
    fn put(&self, frame: Arc<Frame>, queue: &mut Queue) -> bool {
        let bytes_max = self.properties.mtu_bytes as usize + HEADER_BYTES;
        let mut is_of_use = false;
        let mut put = |frame: Frame| {
            is_of_use = frame.cut.is_some() || frame.bytes() <= bytes_max;
            if is_of_use {
                queue.add(frame);
            }
        };
        if self.properties.offload.checksums {
            put(Arc::unwrap_or_clone(frame));
        } else {
            finished(&frame, &mut put);
        }
        is_of_use
    }
}
