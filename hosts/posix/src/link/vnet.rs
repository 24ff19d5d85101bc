//! The header before each frame of a tap: `struct virtio_net_hdr` (virtio 1.2 §5.1.6), little-endian,
//! without the count of buffers.
//!
//! ```text
//!  0 flags │ 1 gso_type │ 2 hdr_len │ 4 gso_size │ 6 csum_start │ 8 csum_offset │ 10 the frame
//! ```
//! What it asks for on the way out, it has done on the way in: a frame that needs its checksum
//! filled in never left this machine, and one with a segment size was put together from several.

use hyper::{Cut, Frame, LinkFamily};

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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use hyper::ChecksumPlace;

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
