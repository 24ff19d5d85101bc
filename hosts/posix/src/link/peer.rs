//! The other end of a stream that carries frames: what has begun to arrive, and what has begun to
//! leave.

use super::framing::{Deframer, Oversize};
use super::outgoing::framed;
use super::queue::Amount;
use crate::connection::{drop_front, is_transient};
use bytes::Bytes;
use hyper::Frame;
use std::collections::VecDeque;
use std::io;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    deframer: Deframer,
    /// What of the frames that leave the kernel has not taken over yet.
    rest: VecDeque<Bytes>,
    /// All of those frames.
    leaving: Amount,
}

impl Peer {
    /// Takes what arrived. Nothing is the end.
    ///
    /// # Errors
    /// Why the connection is of no use any more.
    pub(crate) fn take(
        &mut self,
        arrived: io::Result<&[u8]>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), String> {
        match arrived {
            Ok([]) => Err("the peer has closed it".into()),
            Ok(bytes) => self.deframer.take(bytes, sink).map_err(|Oversize(bytes)| {
                format!("a frame of {bytes} bytes was announced: this is no stream of frames")
            }),
            Err(error) if is_transient(&error) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What to send next: the rest of what has begun, or `frames`.
    pub(crate) fn next_send(&mut self, frames: impl FnOnce() -> Vec<Frame>) -> VecDeque<Bytes> {
        if self.rest.is_empty() {
            for frame in frames() {
                framed(&frame, &mut self.rest);
                self.leaving.0 += 1;
                self.leaving.1 += frame.bytes();
            }
        }
        std::mem::take(&mut self.rest)
    }

    /// The kernel took over a part of these pieces. Returns the frames that have left for good.
    ///
    /// # Errors
    /// Why the connection is of no use any more.
    pub(crate) fn sent(
        &mut self,
        result: io::Result<usize>,
        mut pieces: VecDeque<Bytes>,
    ) -> Result<Amount, String> {
        match result {
            Ok(count) => drop_front(&mut pieces, count),
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error.to_string()),
        }
        self.rest = pieces;
        Ok(if self.rest.is_empty() { std::mem::take(&mut self.leaving) } else { (0, 0) })
    }

    /// The connection is over. Returns the frames that were lost with it.
    pub(crate) fn end(&mut self) -> Amount {
        std::mem::take(self).leaving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Frame {
        Frame {
            head: Bytes::from_static(text.as_bytes()),
            payload: vec![],
            checksum: None,
            cut: None,
        }
    }

    #[test]
    fn a_send_cut_short_goes_on_where_it_was_before_the_next_frames() {
        let mut peer = Peer::default();
        let first = peer.next_send(|| vec![frame("one"), frame("three")]);
        assert_eq!(first, [&b"\0\0\0\x03one"[..], b"\0\0\0\x05three"]);
        assert_eq!(peer.sent(Ok(5), first), Ok((0, 0)));
        let rest = peer.next_send(|| panic!("not yet"));
        assert_eq!(rest, [&b"ne"[..], b"\0\0\0\x05three"]);
        assert_eq!(peer.sent(Err(io::ErrorKind::Interrupted.into()), rest), Ok((0, 0)));
        let rest = peer.next_send(|| panic!("not yet"));
        assert_eq!(peer.sent(Ok(11), rest), Ok((2, 8)));
        assert!(peer.next_send(Vec::new).is_empty());
    }

    #[test]
    fn what_is_lost_with_a_connection_is_told_and_the_next_begins_anew() {
        let mut peer = Peer::default();
        let pieces = peer.next_send(|| vec![frame("lost")]);
        assert_eq!(peer.take(Ok(b"\0\0\0\x04be"), &mut |_| panic!("not whole")), Ok(()));
        assert!(peer.sent(Err(io::ErrorKind::BrokenPipe.into()), pieces).is_err());
        assert_eq!(peer.end(), (1, 4));
        let mut frames = 0;
        assert_eq!(peer.take(Ok(b"\0\0\0\x02ok"), &mut |_| frames += 1), Ok(()));
        assert_eq!((frames, peer.end()), (1, (0, 0)));
        assert!(peer.take(Ok(b""), &mut |_| {}).is_err());
        assert!(peer.take(Ok(b"\xff\xff\xff\xff"), &mut |_| {}).unwrap_err().contains("announced"));
    }
}
