//! Where things are in a frame. Anybody may have made it.

/// Ethernet's header, in bytes.
pub const ETHERNET_BYTES: usize = 14;

/// The protocol number of TCP.
const TCP: u8 = 6;

/// The two versions of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A frame that carries a whole TCP segment: where in it that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFrame {
    /// What carries it.
    pub family: Family,
    /// Where TCP's header begins.
    pub start: usize,
    /// Where its payload begins.
    pub text: usize,
    /// Where that ends; only Ethernet's padding may follow.
    pub end: usize,
}

impl TcpFrame {
    /// Of a frame; `None` if it carries something else, or is damaged.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let (family, protocol, start, end) = transport(frame)?;
        let text = start + usize::from(frame.get(start + 12)? >> 4) * 4;
        let is_whole = protocol == TCP && text >= start + 20 && text <= end;
        is_whole.then_some(Self { family, start, text, end })
    }

    /// Its sequence number.
    pub fn seq(&self, frame: &[u8]) -> u32 {
        number(frame, self.start + 4)
    }

    /// What it acknowledges.
    pub fn ack(&self, frame: &[u8]) -> u32 {
        number(frame, self.start + 8)
    }

    /// Its flags.
    pub fn flags(&self, frame: &[u8]) -> u8 {
        frame[self.start + 13]
    }

    /// Puts the packet's length into IP's header, after it has changed.
    pub(super) fn put_length(&self, frame: &mut [u8]) {
        let (at, from) = match self.family {
            Family::V4 => (ETHERNET_BYTES + 2, ETHERNET_BYTES),
            Family::V6 => (ETHERNET_BYTES + 4, ETHERNET_BYTES + 40),
        };
        let length = (frame.len() - from) as u16;
        frame[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }
}

fn number(frame: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]])
}

/// Which version a frame carries.
pub(super) fn family(frame: &[u8]) -> Option<Family> {
    match frame.get(12..15)? {
        [0x08, 0x00, first] if first >> 4 == 4 => Some(Family::V4),
        [0x86, 0xdd, first] if first >> 4 == 6 => Some(Family::V6),
        _ => None,
    }
}

/// Version, protocol, start and end of what a packet carries, if it is whole and no fragment, and
/// IPv6's has no headers in between.
pub(super) fn transport(frame: &[u8]) -> Option<(Family, u8, usize, usize)> {
    let family = family(frame)?;
    let packet = &frame[ETHERNET_BYTES..];
    let short =
        |at: usize| Some(usize::from(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?])));
    let (protocol, start, end) = match family {
        Family::V4 if short(6)? & 0x3fff != 0 => return None,
        Family::V4 => (*packet.get(9)?, usize::from(packet[0] & 0xf) * 4, short(2)?),
        Family::V6 => (*packet.get(6)?, 40, short(4)? + 40),
    };
    let is_whole = start >= 20 && start <= end && end <= packet.len();
    is_whole.then_some((family, protocol, ETHERNET_BYTES + start, ETHERNET_BYTES + end))
}
