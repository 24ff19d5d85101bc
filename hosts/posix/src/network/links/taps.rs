//! Frames of taps: one descriptor for as long as the service lives.

use super::Kind;
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

    /// Receiving frames of a tap has ended.
    pub(crate) fn frames_ended(&mut self, key: SocketKey, result: io::Result<()>) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        plug.received();
        if let Err(error) = result
            && !plug.is_ending()
        {
            plug.end(true);
            self.complain(key, &format!("the tap is gone, and nothing crosses it: {error}"));
        }
        self.dirty.push(key);
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
