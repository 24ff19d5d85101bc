//! The Internet checksum (RFC 1071) over bytes in pieces. Knows no header but TCP's and UDP's pseudo
//! one, and never copies.
//!
//! Payload is summed where it lies; pieces may be of odd length. The sum does not care for byte
//! order, so words are added as the machine reads them, many at a time.
#![no_std]
#![forbid(unsafe_code)]

use core::net::IpAddr;

/// A sum that is being made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    words: u64,
    is_odd: bool,
}

impl Sum {
    /// Of a pseudo header (RFC 9293 §3.1, RFC 8200 §8.1). The addresses are of one family.
    pub fn of_pseudo_header(
        source: IpAddr,
        destination: IpAddr,
        protocol: u8,
        length_bytes: usize,
    ) -> Self {
        let mut sum = Self::default();
        for address in [source, destination] {
            match address {
                IpAddr::V4(address) => sum.add(&address.octets()),
                IpAddr::V6(address) => sum.add(&address.octets()),
            }
        }
        sum.add(&u32::try_from(length_bytes).unwrap_or(u32::MAX).to_be_bytes());
        sum.add(&[0, protocol]);
        sum
    }

    /// Adds what follows.
    pub fn add(&mut self, bytes: &[u8]) {
        let folded = folded(words(bytes));
        self.words += u64::from(if self.is_odd { folded.swap_bytes() } else { folded });
        self.is_odd ^= bytes.len() % 2 == 1;
    }

    /// The sum itself: what a link wants to find where it puts the checksum.
    pub fn plain(self) -> u16 {
        u16::from_be(folded(self.words))
    }

    /// The checksum: its complement. 0 if what was summed contains a right one.
    pub fn checksum(self) -> u16 {
        !self.plain()
    }
}

/// The checksum of bytes in one piece.
pub fn of(bytes: &[u8]) -> u16 {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.checksum()
}

/// Bytes as 16-bit words in the machine's order; an odd last one is followed by a zero.
fn words(bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut sum = 0_u64;
    for eight in eights {
        let both = u64::from_ne_bytes(*eight);
        sum += (both & 0xffff_ffff) + (both >> 32);
    }
    let (fours, rest) = rest.as_chunks::<4>();
    sum += fours.iter().map(|four| u64::from(u32::from_ne_bytes(*four))).sum::<u64>();
    let (twos, rest) = rest.as_chunks::<2>();
    sum += twos.iter().map(|two| u64::from(u16::from_ne_bytes(*two))).sum::<u64>();
    sum + rest.first().map_or(0, |last| u64::from(u16::from_ne_bytes([*last, 0])))
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::{any, prop, proptest};
    use smoltcp::wire::checksum;

    proptest! {
        #[test]
        fn pieces_sum_up_to_what_another_sums_in_one(
            bytes in prop::collection::vec(any::<u8>(), 0..4000),
            cuts in prop::collection::vec(0..4000_usize, 0..5),
        ) {
            let cuts = cuts.into_iter().map(|cut| cut.min(bytes.len()));
            let mut cuts: Vec<_> = cuts.collect();
            cuts.sort_unstable();
            let (mut sum, mut start) = (Sum::default(), 0);
            for &cut in &cuts {
                sum.add(&bytes[start..cut]);
                start = cut;
            }
            sum.add(&bytes[start..]);
            assert_eq!(sum.plain(), checksum::data(&bytes));
        }

        #[test]
        fn the_pseudo_header_is_summed(a in any::<[u8; 4]>(), b in any::<[u8; 16]>(), bytes in 0..65535_usize) {
            let length = u32::try_from(bytes).unwrap();
            let v4 = Sum::of_pseudo_header(a.into(), [1, 2, 3, 4].into(), 17, bytes);
            let theirs = checksum::pseudo_header_v4(&a.into(), &[1, 2, 3, 4].into(), 17.into(), length);
            assert_eq!(v4.plain(), theirs);
            let v6 = Sum::of_pseudo_header(b.into(), [9; 16].into(), 6, bytes);
            let theirs = checksum::pseudo_header_v6(&b.into(), &[9; 16].into(), 6.into(), length);
            assert_eq!(v6.plain(), theirs);
        }
    }
}
