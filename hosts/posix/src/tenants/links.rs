//! What happens on tenants' links.

use super::{Tenants, wake};
use crate::driver::SocketKey;
use crate::slot::{Stage, guarded};
use hyper::{Frame, LinkEvent};
use std::io;

impl Tenants {
    /// A frame arrived on a tap.
    pub(super) fn frame(&mut self, key: SocketKey, bytes: &[u8]) {
        if let Some((tenant, bytes, checked)) = self.network.frame(key, bytes) {
            self.tell_link(tenant, LinkEvent::Received { bytes, checked });
        }
    }

    /// Receiving frames of a tap has ended.
    pub(super) fn frames_ended(&mut self, key: SocketKey, result: io::Result<()>) {
        if let Some((tenant, reason)) = self.network.frames_ended(key, result) {
            self.link_gone(tenant, reason);
        }
    }

    /// A tenant without its link leaves, with its things in order and without goodbyes that nobody
    /// hears.
    fn link_gone(&mut self, index: usize, reason: String) {
        self.tell_link(index, LinkEvent::Gone);
        let Some(slot) = self.slots.get_mut(index) else { return };
        if slot.stage != Stage::Stopping {
            tracing::warn!(service = slot.name, "{reason}");
            slot.lost = Some(reason);
            let id = slot.id;
            self.stop(id);
        }
    }

    /// A tenant that stops alone on its switch has nobody to say goodbye to.
    pub(super) fn stop_link(&mut self, index: usize) {
        let link = self.slots.get(index).and_then(|slot| slot.link);
        if link.is_some_and(|link| self.network.is_alone(link)) {
            self.tell_link(index, LinkEvent::Gone);
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
        self.attend(Some(index));
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(tenant) = slot.tenant.as_mut() else { return };
        if let Err(panic) = guarded(|| tenant.link_event(event)) {
            return self.break_off(index, &panic);
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
