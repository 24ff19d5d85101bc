//! What happens on tenants' links.

use super::{Tenants, wake};
use crate::driver::SocketKey;
use crate::report::Progress;
use crate::slot::{broken, guarded};
use hyper::LinkEvent;
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
            self.network.trace_frame(key, bytes);
            self.tell_link(tenant, LinkEvent::Received { bytes, checked: false });
        });
        self.network.put_peer(key, peer, outcome);
    }

    /// Tells tenants whose links had refused frames that they take some again.
    pub(super) fn tell_room(&mut self) {
        while let Some(tenant) = self.network.next_roomy() {
            self.tell_link(tenant, LinkEvent::Room);
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
