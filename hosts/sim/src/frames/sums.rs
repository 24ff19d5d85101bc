//! The Internet checksum (RFC 1071), plainly, in frames by anybody.

use super::headers::{ETHERNET_BYTES, Family, TcpFrame, family};

/// The protocol number of UDP.
const UDP: u8 = 17;

/// The sum of 16-bit words, an odd byte at the end being followed by a zero.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let last = rest.first().map_or(0, |byte| u64::from(*byte) << 8);
    words.iter().fold(last, |sum, word| sum + u64::from(u16::from_be_bytes(*word)))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The checksum of these bytes: 0 if a right one is among them.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

/// The sum of the pseudo header of what a frame carries from `start` to `end`, not complemented.
pub(super) fn pseudo(frame: &[u8], family: Family, protocol: u8, start: usize, end: usize) -> u16 {
    let addresses = match family {
        Family::V4 => &frame[ETHERNET_BYTES + 12..ETHERNET_BYTES + 20],
        Family::V6 => &frame[ETHERNET_BYTES + 8..ETHERNET_BYTES + 40],
    };
    fold(sum(addresses) + u64::from(protocol) + (end - start) as u64)
}

/// Puts the checksums of IPv4 and TCP into a frame.
pub fn fill_checksums(frame: &mut [u8], tcp: &TcpFrame) {
    fill_header_checksum(frame);
    let at = tcp.start + 16;
    frame[at..at + 2].fill(0);
    let pseudo = pseudo(frame, tcp.family, 6, tcp.start, tcp.end);
    let value = !fold(u64::from(pseudo) + sum(&frame[tcp.start..tcp.end]));
    frame[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Puts IPv4's checksum into a frame; IPv6 has none.
pub(super) fn fill_header_checksum(frame: &mut [u8]) {
    if family(frame) == Some(Family::V4) {
        let end = ETHERNET_BYTES + usize::from(frame[ETHERNET_BYTES] & 0xf) * 4;
        frame[ETHERNET_BYTES + 10..ETHERNET_BYTES + 12].fill(0);
        let value = checksum(&frame[ETHERNET_BYTES..end]);
        frame[ETHERNET_BYTES + 10..ETHERNET_BYTES + 12].copy_from_slice(&value.to_be_bytes());
    }
}

/// Whether a frame carries a whole segment of TCP or a whole datagram, and its checksum is right.
pub fn is_intact(frame: &[u8]) -> bool {
    let whole = TcpFrame::of(frame).map(|tcp| (tcp.family, 6, tcp.start, tcp.end));
    let Some((family, protocol, start, end)) = whole.or_else(|| datagram(frame)) else {
        return false;
    };
    let pseudo = pseudo(frame, family, protocol, start, end);
    fold(u64::from(pseudo) + sum(&frame[start..end])) == 0xffff
}

fn datagram(frame: &[u8]) -> Option<(Family, u8, usize, usize)> {
    let (family, protocol, start, end) = super::headers::transport(frame)?;
    let is_summed = frame.get(start + 6..start + 8).is_some_and(|field| field != [0, 0]);
    (protocol == UDP && is_summed).then_some((family, protocol, start, end))
}
