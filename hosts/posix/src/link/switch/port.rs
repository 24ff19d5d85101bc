//! One port of a switch: a frame comes by it, and is carried to the outlets of others.
//!
//! The switch is locked while it decides, and not while frames are carried and workers are woken.

use super::mail::Outlet;
use super::{Core, lock};
use ::switch::{Counts, PortId, Vlan, retagged};
use hyper::{ChecksumPlace, Cut, Frame, Listening};
use std::fmt;
use std::sync::{Arc, Mutex};

/// A port of a switch, unplugged when it is dropped.
pub(crate) struct Port {
    pub(super) id: PortId,
    pub(super) core: Arc<Mutex<Core>>,
    /// What the switch has for whoever is plugged in.
    pub(crate) outlet: Arc<Outlet>,
}

/// What a port has been through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortStatus {
    /// The link that is plugged in.
    pub link: String,
    /// The address of the service whose card it is; `None` of an uplink.
    pub mac: Option<[u8; 6]>,
    /// What became of the frames that came by it.
    pub counts: Counts,
    /// Frames that others sent and that were carried to it.
    pub carried: u64,
    /// Frames for it that found it full, or that were too long for it.
    pub lost: u64,
}

impl Port {
    /// Whether nobody else is on the switch.
    pub(crate) fn is_alone(&self) -> bool {
        lock(&self.core).plugged_count == 1
    }

    /// A frame comes by this port.
    pub(crate) fn send(&self, frame: Frame) {
        let ways = lock(&self.core).ways(self.id, &frame.head);
        let frame = Arc::new(frame);
        // It has one VLAN, so that it leaves in two forms at most: with its tag and without.
        let mut forms = [None, None];
        for (outlet, tag) in ways {
            let form = &mut forms[usize::from(tag.is_some())];
            outlet.put(form.get_or_insert_with(|| with_tag(&frame, tag)).clone());
        }
    }

    /// Says what of frames to many is wanted here, if it is a card's.
    pub(crate) fn listen(&self, to: &Listening) {
        lock(&self.core).switch.listen(self.id, to);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        lock(&self.core).unplug(self.id);
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.id)
    }
}

/// The frame as it leaves with this tag: itself, if it is that already.
fn with_tag(frame: &Arc<Frame>, tag: Option<Vlan>) -> Arc<Frame> {
    retagged(&frame.head, tag)
        .map_or_else(|| frame.clone(), |head| Arc::new(with_head(frame, head)))
}

/// The frame with a head that is a tag longer or shorter.
fn with_head(frame: &Frame, head: Vec<u8>) -> Frame {
    let moved =
        |place: u16| place.wrapping_add(head.len() as u16).wrapping_sub(frame.head.len() as u16);
    let start_moved =
        |at: ChecksumPlace| ChecksumPlace { start_bytes: moved(at.start_bytes), ..at };
    Frame {
        checksum: frame.checksum.map(start_moved),
        cut: frame.cut.map(|cut| Cut { head_bytes: moved(cut.head_bytes), ..cut }),
        payload: frame.payload.clone(),
        head: head.into(),
    }
}
