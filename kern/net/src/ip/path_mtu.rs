//! Paths that are narrower than our link (RFC 1191, RFC 8201).
//!
//! A router's word is only believed downwards, not below a floor, and only for a while; the caller
//! has checked that the packet which it quotes may be ours.

use crate::limits::{PATH_MTU_AGE, PATH_MTU_V4_BYTES_MIN, PATH_MTU_V6_BYTES_MIN, PATHS_MAX};
use abi::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

/// MTUs that links have, for routers that do not tell (RFC 1191 §7.1).
const PLATEAUS: [u32; 8] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 552];

/// What was learnt of paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathMtus {
    paths: BTreeMap<IpAddr, (u32, Instant)>,
    due: BTreeSet<(Instant, IpAddr)>,
}

impl PathMtus {
    /// The most that fits the path to an address, if that is known, in bytes.
    pub(crate) fn get(&self, to: IpAddr) -> Option<u32> {
        self.paths.get(&to).map(|(bytes, _)| *bytes)
    }

    /// A packet of `sent_bytes` did not fit; `mtu_bytes` would, or 0 if the router did not say.
    pub(crate) fn too_big(&mut self, to: IpAddr, mtu_bytes: u32, sent_bytes: u32, now: Instant) {
        let floor = if to.is_ipv4() { PATH_MTU_V4_BYTES_MIN } else { PATH_MTU_V6_BYTES_MIN };
        let told = if mtu_bytes == 0 { plateau_below(sent_bytes) } else { mtu_bytes };
        let bytes = told.max(floor).min(self.get(to).unwrap_or(u32::MAX));
        if let Some((_, due)) = self.paths.remove(&to) {
            self.due.remove(&(due, to));
        } else if self.paths.len() >= PATHS_MAX
            && let Some((_, oldest)) = self.due.pop_first()
        {
            self.paths.remove(&oldest);
        }
        let due = now + PATH_MTU_AGE;
        self.paths.insert(to, (bytes, due));
        self.due.insert((due, to));
    }

    /// Forgets what is old.
    pub(crate) fn advance(&mut self, now: Instant) {
        while let Some(&(due, to)) = self.due.first().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, to));
            self.paths.remove(&to);
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
    use core::time::Duration;

    const START: Instant = Instant(1_000_000_000);

    fn address(last: u16) -> IpAddr {
        let [a, b] = last.to_be_bytes();
        IpAddr::from([10, 0, a, b])
    }

    #[test]
    fn a_path_only_gets_narrower_until_it_is_old() {
        let mut paths = PathMtus::default();
        paths.too_big(address(1), 1400, 1500, START);
        paths.too_big(address(1), 1450, 1500, START);
        assert_eq!(paths.get(address(1)), Some(1400));
        paths.too_big(address(1), 68, 1400, START);
        assert_eq!(paths.get(address(1)), Some(PATH_MTU_V4_BYTES_MIN), "the floor");
        paths.advance(START + Duration::from_secs(599));
        assert_eq!((paths.get(address(1)), paths.get(address(2))), (Some(552), None));
        paths.advance(paths.deadline().unwrap());
        assert_eq!((paths.get(address(1)), paths.deadline()), (None, None));
    }

    #[test]
    fn routers_that_do_not_tell_are_guessed() {
        let mut paths = PathMtus::default();
        paths.too_big(address(1), 0, 1500, START);
        assert_eq!(paths.get(address(1)), Some(1492));
        paths.too_big(address(1), 0, 1492, START);
        assert_eq!(paths.get(address(1)), Some(1006));
    }

    #[test]
    fn a_flood_of_paths_is_bounded() {
        let mut paths = PathMtus::default();
        for number in 0..2000 {
            paths.too_big(address(number), 1400, 1500, START + Duration::from_secs(number.into()));
        }
        assert_eq!((paths.paths.len(), paths.due.len()), (PATHS_MAX, PATHS_MAX));
    }
}
