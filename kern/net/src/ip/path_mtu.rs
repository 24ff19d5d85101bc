//! Paths that are narrower than our link (RFC 1191, RFC 8201).
//!
//! A router's word is only believed downwards, not below a floor, and only for a while. Nobody
//! signs it, so it counts as far as it could be checked: of a segment that it quotes it is known
//! that it is on its way, of a datagram only that one as large left for there a moment ago. So what
//! is learnt of datagrams, which who saw none of them may have invented, never narrows a stream.

use crate::limits::{
    LARGE_DATAGRAM_AGE, LARGE_DATAGRAMS_MAX, PATH_MTU_AGE, PATH_MTU_V4_BYTES_MIN,
    PATH_MTU_V6_BYTES_MIN, PATHS_MAX,
};
use abi::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

/// MTUs that links have, for routers that do not tell (RFC 1191 §7.1).
const PLATEAUS: [u32; 8] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 552];

/// What a router quoted, and so what is narrowed by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quoted {
    /// A segment on its way: all that goes there is narrowed.
    Segment,
    /// A datagram: only datagrams are.
    Datagram,
}

/// A place where a path leads, and for whom it counts.
type Path = (IpAddr, Quoted);

/// What was learnt of paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathMtus {
    paths: BTreeMap<Path, (u32, Instant)>,
    due: BTreeSet<(Instant, Path)>,
    /// Datagrams above the floor that left a moment ago: the largest packet for each address, in
    /// bytes, and when the last one left.
    large: BTreeMap<IpAddr, (u32, Instant)>,
}

impl PathMtus {
    /// The most that fits the path to an address for segments, if that is known, in bytes.
    pub(crate) fn for_segments(&self, to: IpAddr) -> Option<u32> {
        self.learnt((to, Quoted::Segment))
    }

    /// The same for datagrams.
    pub(crate) fn for_datagrams(&self, to: IpAddr) -> Option<u32> {
        let both = [Quoted::Segment, Quoted::Datagram].map(|quoted| self.learnt((to, quoted)));
        both.into_iter().flatten().min()
    }

    fn learnt(&self, path: Path) -> Option<u32> {
        self.paths.get(&path).map(|(bytes, _)| *bytes)
    }

    /// A datagram left in packets of up to `packet_bytes`. Routers cut those of IPv4, and have
    /// nothing to tell of them.
    pub(crate) fn datagram_left(&mut self, to: IpAddr, packet_bytes: u32, now: Instant) {
        if to.is_ipv4() || packet_bytes <= PATH_MTU_V6_BYTES_MIN {
            return;
        }
        if !self.large.contains_key(&to) && self.large.len() >= LARGE_DATAGRAMS_MAX {
            let oldest = self.large.iter().min_by_key(|(_, (_, at))| *at).map(|(to, _)| *to);
            oldest.and_then(|oldest| self.large.remove(&oldest));
        }
        let (largest_bytes, at) = self.large.entry(to).or_insert((packet_bytes, now));
        (*largest_bytes, *at) = (packet_bytes.max(*largest_bytes), now);
    }

    /// Whether a packet of a datagram that left a moment ago was too long for a path of `mtu_bytes`.
    pub(crate) fn may_be_too_long(&self, to: IpAddr, mtu_bytes: u32, now: Instant) -> bool {
        let left = self.large.get(&to);
        left.is_some_and(|(bytes, at)| *bytes > mtu_bytes && now.since(*at) < LARGE_DATAGRAM_AGE)
    }

    /// A packet of `sent_bytes` did not fit; `mtu_bytes` would, or 0 if the router did not say.
    pub(crate) fn too_big(
        &mut self,
        to: IpAddr,
        quoted: Quoted,
        mtu_bytes: u32,
        sent_bytes: u32,
        now: Instant,
    ) {
        let path = (to, quoted);
        let floor = if to.is_ipv4() { PATH_MTU_V4_BYTES_MIN } else { PATH_MTU_V6_BYTES_MIN };
        let told = if mtu_bytes == 0 { plateau_below(sent_bytes) } else { mtu_bytes };
        let bytes = told.max(floor).min(self.learnt(path).unwrap_or(u32::MAX));
        if let Some((_, due)) = self.paths.remove(&path) {
            self.due.remove(&(due, path));
        } else if self.paths.len() >= PATHS_MAX
            && let Some((_, oldest)) = self.due.pop_first()
        {
            self.paths.remove(&oldest);
        }
        let due = now + PATH_MTU_AGE;
        self.paths.insert(path, (bytes, due));
        self.due.insert((due, path));
    }

    /// Forgets what is old. Of datagrams that left, that need not be at once.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.large.retain(|_, (_, at)| now.since(*at) < LARGE_DATAGRAM_AGE);
        while let Some(&(due, path)) = self.due.first().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, path));
            self.paths.remove(&path);
        }
    }

    /// When something gets old.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }
}

fn plateau_below(bytes: u32) -> u32 {
    PLATEAUS.into_iter().find(|plateau| *plateau < bytes).unwrap_or(PATH_MTU_V4_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv6Addr;
    use core::time::Duration;

    const START: Instant = Instant(1_000_000_000);

    fn address(last: u16) -> IpAddr {
        let [a, b] = last.to_be_bytes();
        IpAddr::from([10, 0, a, b])
    }

    fn address_v6(last: u16) -> IpAddr {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).into()
    }

    #[test]
    fn a_path_only_gets_narrower_until_it_is_old() {
        let mut paths = PathMtus::default();
        paths.too_big(address(1), Quoted::Segment, 1400, 1500, START);
        paths.too_big(address(1), Quoted::Segment, 1450, 1500, START);
        assert_eq!(paths.for_segments(address(1)), Some(1400));
        paths.too_big(address(1), Quoted::Segment, 68, 1400, START);
        assert_eq!(paths.for_segments(address(1)), Some(PATH_MTU_V4_BYTES_MIN), "the floor");
        paths.advance(START + Duration::from_secs(599));
        let both = [1, 2].map(|last| paths.for_segments(address(last)));
        assert_eq!(both, [Some(552), None]);
        paths.advance(paths.deadline().unwrap());
        assert_eq!((paths.for_segments(address(1)), paths.deadline()), (None, None));
    }

    #[test]
    fn routers_that_do_not_tell_are_guessed() {
        let mut paths = PathMtus::default();
        paths.too_big(address(1), Quoted::Segment, 0, 1500, START);
        assert_eq!(paths.for_segments(address(1)), Some(1492));
        paths.too_big(address(1), Quoted::Segment, 0, 1492, START);
        assert_eq!(paths.for_segments(address(1)), Some(1006));
    }

    #[test]
    fn segments_narrow_the_path_of_all_and_datagrams_only_their_own() {
        let mut paths = PathMtus::default();
        let of = |paths: &PathMtus| {
            (paths.for_segments(address_v6(1)), paths.for_datagrams(address_v6(1)))
        };
        paths.too_big(address_v6(1), Quoted::Datagram, 1300, 1500, START);
        assert_eq!(of(&paths), (None, Some(1300)));
        paths.too_big(address_v6(1), Quoted::Segment, 1400, 1500, START);
        assert_eq!(of(&paths), (Some(1400), Some(1300)));
        paths.too_big(address_v6(1), Quoted::Segment, 1280, 1400, START);
        assert_eq!(of(&paths), (Some(1280), Some(1280)));
    }

    #[test]
    fn datagrams_that_left_are_known_for_a_moment() {
        let mut paths = PathMtus::default();
        paths.datagram_left(address(1), 1500, START);
        paths.datagram_left(address_v6(1), 1280, START);
        paths.datagram_left(address_v6(2), 1500, START);
        paths.datagram_left(address_v6(2), 1400, START);
        let knows = |paths: &PathMtus, to, mtu_bytes| paths.may_be_too_long(to, mtu_bytes, START);
        assert!(!knows(&paths, address(1), 1000), "a router would have cut it");
        assert!(!knows(&paths, address_v6(1), 1000), "it fits any path");
        assert!(knows(&paths, address_v6(2), 1499) && !knows(&paths, address_v6(2), 1500));
        let later = START + LARGE_DATAGRAM_AGE;
        assert!(!paths.may_be_too_long(address_v6(2), 1300, later));
        paths.advance(later);
        assert!(paths.large.is_empty());
    }

    #[test]
    fn a_flood_of_paths_is_bounded() {
        let mut paths = PathMtus::default();
        for number in 0..2000 {
            let now = START + Duration::from_secs(number.into());
            paths.too_big(address(number), Quoted::Segment, 1400, 1500, now);
            paths.datagram_left(address_v6(number), 1500, now);
            assert!(paths.may_be_too_long(address_v6(number), 1300, now));
        }
        assert_eq!((paths.paths.len(), paths.due.len()), (PATHS_MAX, PATHS_MAX));
        assert_eq!(paths.large.len(), LARGE_DATAGRAMS_MAX, "of them the last ones");
    }
}
