//! Frames of taps: one descriptor for as long as the service lives.

use super::{Kind, LinkState};
use crate::connection::is_transient;
use crate::driver::SocketKey;
use crate::link::{VNET_HEADER_BYTES, arrived, complete, frame_of};
use crate::network::{Network, Socket};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;

impl Network {
    /// A frame arrived on a tap. Returns it as the tenant sees it, if it is the tenant's.
    pub(crate) fn frame<'a>(
        &mut self,
        key: SocketKey,
        bytes: &'a [u8],
    ) -> Option<(usize, &'a [u8], bool)> {
        let state = self.link_at(key)?;
        let Kind::Tap { has_header } = state.kind else { return None };
        let (frame, checked) = if has_header { arrived(bytes)? } else { (bytes, false) };
        state.trace_bytes(frame);
        if let Some(port) = &state.port {
            let frame = if has_header { frame_of(bytes)? } else { complete(bytes.to_vec()) };
            port.send(frame);
            return None;
        }
        Some((state.tenant, frame, checked))
    }

    /// Receiving frames of a tap has ended. Returns whose link is gone with it, and the sentence for
    /// the administrator.
    pub(crate) fn frames_ended(
        &mut self,
        key: SocketKey,
        result: io::Result<()>,
    ) -> Option<(usize, String)> {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return None };
        plug.received();
        self.dirty.push(key);
        let error = result.err().filter(|error| !plug.is_ending() && !is_transient(error))?;
        plug.end(true);
        let LinkState { tenant, name, .. } = self.link_at(key)?;
        let reason =
            format!("{name}: the tap is gone ({error}): make it again, and start this again");
        Some((*tenant, reason))
    }

    /// A frame was written to a tap, or is lost.
    pub(crate) fn frame_sent(
        &mut self,
        key: SocketKey,
        result: io::Result<usize>,
        pieces: &VecDeque<Bytes>,
    ) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        plug.sent();
        let link = plug.link;
        if plug.is_ending() {
            self.dirty.push(key);
        }
        let Some(state) = self.link_at(key) else { return };
        let Kind::Tap { has_header } = state.kind else { return };
        match result {
            Ok(_) => state.has_complained = false,
            Err(error) => state.complain(&format!("frames are lost, is the interface up? {error}")),
        }
        let before = if has_header { VNET_HEADER_BYTES } else { 0 };
        let bytes = pieces.iter().map(Bytes::len).sum::<usize>();
        self.left(link, (1, bytes - before));
    }
}
