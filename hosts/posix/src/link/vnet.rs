//! The header before each frame of a tap: `struct virtio_net_hdr` (virtio 1.2 §5.1.6), little-endian,
//! without the count of buffers.
//!
//! ```text
//!  0 flags │ 1 gso_type │ 2 hdr_len │ 4 gso_size │ 6 csum_start │ 8 csum_offset │ 10 the frame
//! ```
//! What it asks for on the way out, it has done on the way in: a frame that needs its checksum
//! filled in never left this machine, and one with a segment size was put together from several.

use bytes::Bytes;
use hyper::{ChecksumPlace, Cut, Frame, LinkFamily};

/// Bytes of the header.
pub(crate) const VNET_HEADER_BYTES: usize = 10;

/// `VIRTIO_NET_HDR_F_NEEDS_CSUM`
const NEEDS_CHECKSUM: u8 = 1;
/// `VIRTIO_NET_HDR_F_DATA_VALID`
const DATA_VALID: u8 = 2;

/// `VIRTIO_NET_HDR_GSO_*`
const GSO_NONE: u8 = 0;
const GSO_TCP_V4: u8 = 1;
const GSO_TCP_V6: u8 = 4;
const GSO_ECN: u8 = 0x80;

/// The header of a frame on its way out.
pub(crate) fn header_of(frame: &Frame) -> [u8; VNET_HEADER_BYTES] {
    let mut header = [0; VNET_HEADER_BYTES];
    if let Some(place) = frame.checksum {
        header[0] = NEEDS_CHECKSUM;
        header[6..8].copy_from_slice(&place.start_bytes.to_le_bytes());
        header[8..10].copy_from_slice(&place.offset_bytes.to_le_bytes());
    }
    if let Some(cut) = frame.cut {
        header[1] = gso_type(cut);
        header[2..4].copy_from_slice(&cut.head_bytes.to_le_bytes());
        header[4..6].copy_from_slice(&cut.segment_bytes.to_le_bytes());
    }
    header
}

fn gso_type(cut: Cut) -> u8 {
    let family = match cut.family {
        LinkFamily::V4 => GSO_TCP_V4,
        LinkFamily::V6 => GSO_TCP_V6,
    };
    if cut.cwr { family | GSO_ECN } else { family }
}

/// What arrived, without its header, and whether its checksums need not be verified. `None` for
/// what nobody asked the kernel to send: too short, or put together in another way than TCP's.
pub(crate) fn arrived(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let (header, frame) = bytes.split_at_checked(VNET_HEADER_BYTES)?;
    let is_known = matches!(header[1] & !GSO_ECN, GSO_NONE | GSO_TCP_V4 | GSO_TCP_V6);
    let is_checked = header[0] & (NEEDS_CHECKSUM | DATA_VALID) != 0;
    (is_known && !frame.is_empty()).then_some((frame, is_checked))
}

/// What arrived, to go on to another link, with what its header leaves to that. The same `None`.
pub(crate) fn frame_of(bytes: &[u8]) -> Option<Frame> {
    let (frame, _) = arrived(bytes)?;
    let field = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let place = ChecksumPlace { start_bytes: field(6), offset_bytes: field(8) };
    let checksum = (bytes[0] & NEEDS_CHECKSUM != 0).then_some(place);
    let (cwr, family) = (bytes[1] & GSO_ECN != 0, bytes[1] & !GSO_ECN);
    let family = match family {
        GSO_TCP_V4 => Some(LinkFamily::V4),
        GSO_TCP_V6 => Some(LinkFamily::V6),
        _ => None,
    };
    let (segment_bytes, head_bytes) = (field(4), field(2));
    // A large frame whose sums are there already is one that nobody has to cut by its header.
    let cut = family.filter(|_| checksum.is_some());
    let cut = cut.map(|family| Cut { family, segment_bytes, head_bytes, cwr });
    Some(Frame { head: Bytes::copy_from_slice(frame), payload: Vec::new(), checksum, cut })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(checksum: Option<ChecksumPlace>, cut: Option<Cut>) -> Frame {
        Frame { head: Bytes::from_static(&[0; 54]), payload: Vec::new(), checksum, cut }
    }

    #[test]
    fn what_is_asked_of_the_kernel_stands_where_it_looks() {
        assert_eq!(header_of(&frame(None, None)), [0; 10]);
        let place = ChecksumPlace { start_bytes: 34, offset_bytes: 16 };
        assert_eq!(header_of(&frame(Some(place), None)), [1, 0, 0, 0, 0, 0, 34, 0, 16, 0]);
        for (family, cwr, expected) in
            [(LinkFamily::V4, false, 1), (LinkFamily::V6, false, 4), (LinkFamily::V4, true, 0x81)]
        {
            let cut = Cut { family, segment_bytes: 1448, head_bytes: 66, cwr };
            let header = header_of(&frame(Some(place), Some(cut)));
            assert_eq!(header, [1, expected, 66, 0, 0xa8, 0x05, 34, 0, 16, 0]);
        }
    }

    #[test]
    fn what_goes_on_to_another_link_asks_the_same_of_it() {
        let place = ChecksumPlace { start_bytes: 34, offset_bytes: 16 };
        let cut = Cut { family: LinkFamily::V6, segment_bytes: 1448, head_bytes: 66, cwr: true };
        for (checksum, cut) in [(None, None), (Some(place), None), (Some(place), Some(cut))] {
            let frame = frame(checksum, cut);
            let bytes = [&header_of(&frame)[..], &frame.head].concat();
            assert_eq!(frame_of(&bytes), Some(frame));
        }
    }

    #[test]
    fn what_arrives_says_whether_it_was_checked() {
        let with = |flags, gso| [&[flags, gso, 0, 0, 0, 0, 0, 0, 0, 0][..], b"frame"].concat();
        for (flags, gso, expected) in [
            (0, 0, Some((&b"frame"[..], false))),
            (1, 0, Some((b"frame", true))),
            (2, 1, Some((b"frame", true))),
            (1, 0x84, Some((b"frame", true))),
            (1, 3, None),
            (1, 5, None),
        ] {
            assert_eq!(arrived(&with(flags, gso)), expected, "{flags} {gso}");
        }
        assert_eq!((0..=10).find_map(|length| arrived(&[0; 10][..length])), None);
    }
}
