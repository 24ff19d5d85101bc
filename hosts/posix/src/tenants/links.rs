//! What happens on tenants' links.

use super::{Tenants, wake};
use crate::driver::SocketKey;
use crate::report::Progress;
use crate::slot::{broken, guarded};
use hyper::{Frame, LinkEvent};
use std::io;

impl Tenants {
    /// A frame arrived on a tap.
    pub(super) fn frame(&mut self, key: SocketKey, bytes: &[u8]) {
        if let Some((tenant, bytes, checked)) = self.network.frame(key, bytes) {
            self.tell_link(tenant, LinkEvent::Received { bytes, checked });
        }
    }

    /// Bytes arrived from a link's other end, with frames among them.
    pub(super) fn link_received(&mut self, key: SocketKey, result: io::Result<&[u8]>) {
        let Some((tenant, mut peer)) = self.network.take_peer(key) else { return };
        let outcome = peer.take(result, &mut |bytes| {
            if self.network.stream_frame(key, bytes) {
                self.tell_link(tenant, LinkEvent::Received { bytes, checked: false });
            }
        });
        self.network.put_peer(key, peer, outcome);
    }

    /// Tells tenants whose links had refused frames that they take some again.
    pub(super) fn tell_room(&mut self) {
        while let Some(tenant) = self.network.next_roomy() {
            self.tell_link(tenant, LinkEvent::Room);
        }
    }

    /// Carries what waits at switches to tenants and uplinks.
    pub(super) fn deliver_mail(&mut self) {
        for link in self.network.take_mail() {
            let Some((tenant, frames)) = self.network.collect(link) else { continue };
            let mut joined = Vec::new();
            for frame in frames {
                // What is left to be summed up never left this machine.
                let checked = frame.checksum.is_some();
                let bytes = in_one_piece(&frame, &mut joined);
                self.tell_link(tenant, LinkEvent::Received { bytes, checked });
            }
        }
    }

    fn tell_link(&mut self, index: usize, event: LinkEvent<'_>) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(tenant) = slot.tenant.as_mut() else { return };
        if let Err(panic) = guarded(|| tenant.link_event(event)) {
            return self.end(index, Progress::Failed(broken(&panic)), true);
        }
        wake(&mut self.slots, &mut self.runnable, index);
    }
}

/// A frame's bytes, put together in `joined` unless they are together.
fn in_one_piece<'a>(frame: &'a Frame, joined: &'a mut Vec<u8>) -> &'a [u8] {
    if frame.payload.is_empty() {
        return &frame.head;
    }
    joined.clear();
    joined.extend_from_slice(&frame.head);
    frame.payload.iter().for_each(|piece| joined.extend_from_slice(piece));
    joined
}
