//! What a link does with a frame that asks for it: sums, and cuts.
//!
//! What is asked for is held against the contract of [`hyper::Frame`]: a card that was handed
//! something else would send garbage, so here it is a panic.

use super::headers::{ETHERNET_BYTES, Family, TcpFrame};
use super::sums::{checksum, fill_checksums, pseudo};
use hyper::{Cut, Frame, LinkFamily, LinkOffload, LinkProperties};

/// TCP's flags FIN and PSH, which only the last piece keeps, and CWR, which only the first does.
const LAST: u8 = 0x09;
const CWR: u8 = 0x80;

/// The bytes of a frame, and what is left to the link.
pub(super) struct Asked {
    bytes: Vec<u8>,
    tcp: Option<(TcpFrame, Cut)>,
    /// Where to begin to sum, and where the result goes.
    sum: Option<(usize, usize)>,
}

impl Asked {
    /// What a frame asks of a link.
    ///
    /// # Panics
    /// If that was not offered, or makes no sense.
    pub(super) fn of(frame: &Frame, link: &LinkProperties) -> Self {
        let mut bytes = frame.head.to_vec();
        frame.payload.iter().for_each(|piece| bytes.extend_from_slice(piece));
        let longest = ETHERNET_BYTES + link.mtu_bytes as usize;
        assert!(bytes.len() >= ETHERNET_BYTES, "a frame of {} bytes", bytes.len());
        let sum = frame.checksum.map(|place| {
            assert!(link.offload.checksums, "a checksum was left to a link that fills in none");
            let start = usize::from(place.start_bytes);
            (start, start + usize::from(place.offset_bytes))
        });
        let tcp = frame.cut.map(|cut| (offered(&bytes, cut, &link.offload), cut));
        assert!(
            tcp.is_some() || bytes.len() <= longest,
            "a frame of {} bytes for a link that carries {longest}",
            bytes.len()
        );
        if let Some((tcp, _)) = &tcp {
            assert_eq!(sum, Some((tcp.start, tcp.start + 16)), "a cut needs TCP's checksum");
            let field = u16::from_be_bytes([bytes[tcp.start + 16], bytes[tcp.start + 17]]);
            let pseudo = pseudo(&bytes, tcp.family, 6, tcp.start, tcp.end);
            assert_eq!(field, pseudo, "the sum of the pseudo header is not there");
        }
        Self { bytes, tcp, sum }
    }

    /// Whether nothing is left to the link.
    pub(super) fn is_complete(&self) -> bool {
        self.sum.is_none()
    }

    /// The frame as it is, for somebody who does not mind.
    pub(super) fn whole(self) -> Vec<u8> {
        self.bytes
    }

    /// The frames that go over the wire.
    pub(super) fn complete(mut self) -> Vec<Vec<u8>> {
        if let Some((tcp, cut)) = self.tcp {
            return pieces(&self.bytes, &tcp, cut);
        }
        if let Some((start, at)) = self.sum {
            let value = match checksum(&self.bytes[start..]) {
                // UDP means «no checksum» by 0; for others the two zeros are the same.
                0 => 0xffff,
                value => value,
            };
            self.bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
        }
        vec![self.bytes]
    }
}

/// The segment of a frame that is to be cut.
fn offered(bytes: &[u8], cut: Cut, offload: &LinkOffload) -> TcpFrame {
    let tcp = TcpFrame::of(bytes).unwrap_or_else(|| panic!("only TCP is cut"));
    let (family, is_offered) = match cut.family {
        LinkFamily::V4 => (Family::V4, offload.segments_v4),
        LinkFamily::V6 => (Family::V6, offload.segments_v6),
    };
    assert!(is_offered, "the link does not cut {family:?}");
    assert!(bytes.len() <= offload.segments_bytes_max as usize, "{} bytes to cut", bytes.len());
    assert_eq!((family, usize::from(cut.head_bytes)), (tcp.family, tcp.text), "where to cut");
    assert!(cut.segment_bytes > 0, "pieces of nothing");
    assert_eq!(cut.cwr, tcp.flags(bytes) & CWR != 0, "CWR is set, or not");
    tcp
}

fn pieces(bytes: &[u8], tcp: &TcpFrame, cut: Cut) -> Vec<Vec<u8>> {
    let text = &bytes[tcp.text..tcp.end];
    let size = usize::from(cut.segment_bytes);
    let count = text.len().div_ceil(size).max(1);
    let piece = |index: usize| {
        let end = text.len().min((index + 1) * size);
        let mut frame = [&bytes[..tcp.text], &text[index * size..end]].concat();
        let piece = TcpFrame { end: frame.len(), ..*tcp };
        put_right(&mut frame, &piece, index, (index * size) as u32, index + 1 == count);
        frame
    };
    (0..count).map(piece).collect()
}

/// Lengths, numbers, flags and sums of one piece.
fn put_right(frame: &mut [u8], tcp: &TcpFrame, index: usize, offset_bytes: u32, is_last: bool) {
    tcp.put_length(frame);
    if tcp.family == Family::V4 {
        let at = ETHERNET_BYTES + 4;
        let id = u16::from_be_bytes([frame[at], frame[at + 1]]).wrapping_add(index as u16);
        frame[at..at + 2].copy_from_slice(&id.to_be_bytes());
    }
    let seq = tcp.seq(frame).wrapping_add(offset_bytes);
    frame[tcp.start + 4..tcp.start + 8].copy_from_slice(&seq.to_be_bytes());
    let gone = if is_last { 0 } else { LAST } | if index == 0 { 0 } else { CWR };
    frame[tcp.start + 13] &= !gone;
    fill_checksums(frame, tcp);
}
