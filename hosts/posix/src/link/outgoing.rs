//! A frame as the pieces that are written: what the link puts before it, with its head; then its
//! payload, which nobody copies.

use super::framing::length_of;
use super::vnet::header_of;
use crate::transfer::PIECES_MAX;
use bytes::{BufMut, Bytes, BytesMut};
use hyper::Frame;
use std::collections::VecDeque;

/// What is written to a tap. With `has_header` that begins with the virtio header.
pub(crate) fn pieces_of(frame: &Frame, has_header: bool) -> VecDeque<Bytes> {
    let header = header_of(frame);
    let mut pieces = VecDeque::with_capacity(1 + frame.payload.len());
    put(frame, if has_header { &header } else { &[] }, &mut pieces);
    if pieces.len() > PIECES_MAX {
        // One frame is one write, which takes no more pieces than that.
        return [pieces.make_contiguous().concat().into()].into();
    }
    pieces
}

/// Puts what is written to a stream behind `pieces`.
pub(crate) fn framed(frame: &Frame, pieces: &mut VecDeque<Bytes>) {
    put(frame, &length_of(frame), pieces);
}

fn put(frame: &Frame, before: &[u8], pieces: &mut VecDeque<Bytes>) {
    let mut head = BytesMut::with_capacity(before.len() + frame.head.len());
    head.put_slice(before);
    head.put_slice(&frame.head);
    pieces.push_back(head.freeze());
    pieces.extend(frame.payload.iter().filter(|piece| !piece.is_empty()).cloned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_is_shared_and_what_is_too_much_is_joined() {
        let data = Bytes::from_static(b"data");
        let head = Bytes::from_static(b"head");
        let frame = |count| Frame {
            head: head.clone(),
            payload: (0..count).flat_map(|_| [data.clone(), Bytes::new()]).collect(),
            checksum: None,
            cut: None,
        };
        let pieces = pieces_of(&frame(2), true);
        assert_eq!(pieces, [&b"\0\0\0\0\0\0\0\0\0\0head"[..], b"data", b"data"]);
        assert_eq!(pieces[1].as_ptr(), data.as_ptr());
        assert_eq!(pieces_of(&frame(1), false), [&b"head"[..], b"data"]);
        let joined = pieces_of(&frame(PIECES_MAX), false);
        assert_eq!((joined.len(), joined[0].len()), (1, 4 + 4 * PIECES_MAX));
        let mut stream = VecDeque::new();
        framed(&frame(1), &mut stream);
        framed(&frame(0), &mut stream);
        assert_eq!(stream, [&b"\0\0\0\x08head"[..], b"data", b"\0\0\0\x04head"]);
    }
}
