//! The Ethernet header with its 802.1Q tag (IEEE 802.1Q §9), and changing that tag.

use alloc::vec::Vec;
use core::fmt;

/// Bytes of an Ethernet header without a tag.
pub const HEADER_BYTES: usize = 14;

/// Bytes of a tag, which stands before the type.
pub const TAG_BYTES: usize = 4;

/// The type that says that a tag follows.
const TAG_TYPE: [u8; 2] = [0x81, 0x00];

/// Where a tag stands.
const TAG_OFFSET: usize = 12;

/// The bits of a tag that name the VLAN; the others are priority.
const VLAN_BITS: u16 = 0x0fff;

/// An Ethernet address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Whether it is one station's: neither a group's nor nobody's.
    pub fn is_one(self) -> bool {
        self.0[0] & 1 == 0 && self.0 != [0; 6]
    }

    /// Whether frames to it are for bridges themselves and never pass one (802.1Q table 8-1).
    fn is_for_bridges(self) -> bool {
        self.0[..5] == [0x01, 0x80, 0xc2, 0, 0] && self.0[5] < 0x10
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// A VLAN: 1 to 4094.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vlan(u16);

impl Vlan {
    /// What ports are in that nobody put anywhere else.
    pub const DEFAULT: Self = Self(1);

    /// The VLAN of this number; none has 0 or 4095.
    pub const fn new(number: u16) -> Option<Self> {
        if number > 0 && number < VLAN_BITS { Some(Self(number)) } else { None }
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// What a switch reads of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who it is for.
    pub receiver: Mac,
    /// Who it says it is from.
    pub sender: Mac,
    /// What its tag says, if it has one: priority bits, and a VLAN's number or 0 for none.
    pub tag: Option<u16>,
}

impl Header {
    /// Of a frame that begins with these bytes. `None` if they are too few.
    pub fn read(head: &[u8]) -> Option<Self> {
        let (receiver, rest) = head.get(..HEADER_BYTES)?.split_first_chunk()?;
        let (sender, kind) = rest.split_first_chunk()?;
        let tag = if kind == TAG_TYPE {
            let tagged = head.get(..HEADER_BYTES + TAG_BYTES)?;
            Some(u16::from_be_bytes([tagged[14], tagged[15]]))
        } else {
            None
        };
        Some(Self { receiver: Mac(*receiver), sender: Mac(*sender), tag })
    }

    /// The number of the VLAN it is tagged for; 0 if for none, or without a tag.
    pub(crate) fn vlan_number(&self) -> u16 {
        self.tag.unwrap_or(0) & VLAN_BITS
    }

    /// What is behind it in a frame that begins with `head`: its type, and what of it is there.
    pub(crate) fn body<'a>(&self, head: &'a [u8]) -> Option<(u16, &'a [u8])> {
        let kind_at = TAG_OFFSET + if self.tag.is_some() { TAG_BYTES } else { 0 };
        let (kind, body) = head.get(kind_at..)?.split_first_chunk()?;
        Some((u16::from_be_bytes(*kind), body))
    }

    pub(crate) fn is_to_be_forwarded(&self) -> bool {
        self.sender.is_one() && self.receiver.0 != [0; 6] && !self.receiver.is_for_bridges()
    }
}

/// The head of a frame as it leaves with the tag `tag`, its priority kept; `None` if it is that
/// already, or is no head.
pub fn retagged(head: &[u8], tag: Option<Vlan>) -> Option<Vec<u8>> {
    let header = Header::read(head)?;
    let is_right = match (header.tag, tag) {
        (None, None) => true,
        (Some(_), Some(vlan)) => header.vlan_number() == vlan.0,
        _ => false,
    };
    if is_right {
        return None;
    }
    let rest = TAG_OFFSET + if header.tag.is_some() { TAG_BYTES } else { 0 };
    let mut changed = Vec::with_capacity(head.len() + TAG_BYTES);
    changed.extend_from_slice(&head[..TAG_OFFSET]);
    if let Some(vlan) = tag {
        let priority = header.tag.unwrap_or(0) & !VLAN_BITS;
        changed.extend_from_slice(&TAG_TYPE);
        changed.extend_from_slice(&(priority | vlan.0).to_be_bytes());
    }
    changed.extend_from_slice(&head[rest..]);
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: [u8; 16] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];

    #[test]
    fn tags_come_and_go_and_keep_their_priority() {
        let vlan = Vlan::new(10);
        assert_eq!(retagged(&PLAIN, None), None);
        let tagged = retagged(&PLAIN, vlan).unwrap();
        assert_eq!(tagged[12..], [0x81, 0, 0, 10, 8, 0, 0x45, 0]);
        assert_eq!(retagged(&tagged, vlan), None);
        assert_eq!(retagged(&tagged, None).unwrap(), PLAIN);
        let mut urgent = tagged;
        urgent[14] = 0xe0;
        assert_eq!(retagged(&urgent, Vlan::new(0x123)).unwrap()[12..16], [0x81, 0, 0xe1, 0x23]);
    }

    #[test]
    fn what_is_cut_off_has_no_header() {
        let tagged = retagged(&PLAIN, Vlan::new(10)).unwrap();
        for length in 0..HEADER_BYTES {
            assert_eq!(Header::read(&PLAIN[..length]), None);
        }
        for length in HEADER_BYTES..HEADER_BYTES + TAG_BYTES {
            assert_eq!(
                (Header::read(&tagged[..length]), retagged(&tagged[..length], None)),
                (None, None)
            );
        }
    }

    #[test]
    fn vlans_have_the_numbers_that_the_standard_leaves() {
        let numbers =
            [0, 1, 4094, 4095, u16::MAX].map(|number| Vlan::new(number).map(Vlan::number));
        assert_eq!(numbers, [None, Some(1), Some(4094), None, None]);
    }
}
