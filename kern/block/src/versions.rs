//! The contents of one page as commits know them.
//!
//! A commit keeps the page as it was when it was sealed, and releases it once the log has it. What
//! was changed since then stays held for a later commit. So that it can be told apart, a version
//! that somebody else holds, too, is remembered with the sectors that were changed to make it:
//!
//! ```text
//!  oldest                                            newest
//!  { 1, 2 } ────────► { 2, 5 } ────────► { 7 }          held: { 1, 2, 5, 7 }
//!     release of this one: { 1, 2 } are released; 2 is held yet, for the next.
//! ```
//! A version is known by where its bytes are, not by what they are: a bitmap may well become again
//! what it was.

use crate::Sectors;
use alloc::collections::VecDeque;
use bytes::Bytes;

struct Version {
    bytes: Bytes,
    /// Metadata changed in this version, not released, not forgotten.
    held: Sectors,
}

impl Version {
    fn is(&self, bytes: &Bytes) -> bool {
        self.bytes.as_ptr() == bytes.as_ptr()
    }
}

/// Versions of which something is held, and the newest.
pub(crate) struct Versions {
    older: VecDeque<Version>,
    newest: Version,
    /// What any of them holds.
    held: Sectors,
}

impl Versions {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let newest = Version { bytes, held: Sectors::NONE };
        Self { older: VecDeque::new(), newest, held: Sectors::NONE }
    }

    pub(crate) fn newest(&self) -> &Bytes {
        &self.newest.bytes
    }

    /// The newest version, elsewhere. No commit can have it: it is data.
    pub(crate) fn copy_newest(&mut self) {
        self.newest.bytes = Bytes::copy_from_slice(&self.newest.bytes);
    }

    /// Metadata that no commit has released.
    pub(crate) fn held(&self) -> Sectors {
        self.held
    }

    /// A new version, with this metadata changed.
    pub(crate) fn add(&mut self, bytes: Bytes, held: Sectors) {
        if self.newest.is(&bytes) {
            self.newest.held |= held;
            self.held |= held;
            return;
        }
        let newest = Version { bytes, held };
        let older = core::mem::replace(&mut self.newest, newest);
        if !self.held.is_empty() {
            self.remember(older);
        }
        self.held |= held;
    }

    /// A version that nobody else holds is no commit's: what it held goes to the next. Those that
    /// were let go later are looked for each time their number has doubled.
    fn remember(&mut self, version: Version) {
        if version.bytes.is_unique() {
            self.newest.held |= version.held;
            return;
        }
        self.older.push_back(version);
        if self.older.len().is_power_of_two() {
            self.merge();
        }
    }

    fn merge(&mut self) {
        let mut carried = Sectors::NONE;
        self.older.retain_mut(|version| {
            version.held |= core::mem::take(&mut carried);
            let is_kept = !version.bytes.is_unique();
            if !is_kept {
                carried = version.held;
            }
            is_kept
        });
        self.newest.held |= carried;
    }

    /// Releases those of `sectors` that are held up to the version of `bytes`, and returns them.
    /// The others were forgotten since, as was all of a version that is not known any more.
    pub(crate) fn release(&mut self, bytes: &Bytes, sectors: Sectors) -> Sectors {
        let Some(last) = self.all().position(|version| version.is(bytes)) else {
            return Sectors::NONE;
        };
        let up_to_it = self.all().take(last + 1);
        let held = up_to_it.fold(Sectors::NONE, |held, version| held | version.held);
        self.strike(sectors, last + 1);
        held.intersection(sectors)
    }

    /// These sectors are no metadata any more.
    pub(crate) fn forget(&mut self, sectors: Sectors) {
        if !self.held.intersection(sectors).is_empty() {
            self.strike(sectors, usize::MAX);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Version> {
        self.older.iter().chain([&self.newest])
    }

    /// Takes sectors out of the first `count` versions. One that holds nothing, nor any before it,
    /// need not be known.
    fn strike(&mut self, sectors: Sectors, count: usize) {
        for version in self.older.iter_mut().chain([&mut self.newest]).take(count) {
            version.held = version.held.without(sectors);
        }
        while self.older.front().is_some_and(|version| version.held.is_empty()) {
            self.older.pop_front();
        }
        self.held = self.all().fold(Sectors::NONE, |held, version| held | version.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn page() -> Bytes {
        Bytes::from(vec![0; 4096])
    }

    fn sector(number: usize) -> Sectors {
        Sectors::of(number * 512..(number + 1) * 512)
    }

    #[test]
    fn a_release_leaves_what_was_changed_since_the_snapshot() {
        let mut versions = Versions::new(page());
        versions.add(page(), sector(1) | sector(2));
        let first = versions.newest().clone();
        versions.add(page(), sector(2));
        versions.add(page(), sector(3));
        let second = versions.newest().clone();
        assert_eq!(versions.release(&first, sector(1) | sector(2)), sector(1) | sector(2));
        assert_eq!(versions.held(), sector(2) | sector(3));
        assert_eq!(versions.release(&second, sector(2) | sector(3)), sector(2) | sector(3));
        assert_eq!((versions.held(), versions.older.len()), (Sectors::NONE, 0));
    }

    #[test]
    fn a_page_that_becomes_what_it_was_is_held_yet() {
        let mut versions = Versions::new(page());
        let snapshots: Vec<Bytes> = (0..3)
            .map(|_| {
                versions.add(page(), sector(1));
                versions.newest().clone()
            })
            .collect();
        for snapshot in &snapshots[..2] {
            assert_eq!(versions.release(snapshot, sector(1)), sector(1));
            assert_eq!(versions.held(), sector(1));
        }
        assert_eq!(versions.release(&snapshots[2], sector(1)), sector(1));
        assert_eq!(versions.held(), Sectors::NONE);
    }

    #[test]
    fn what_was_forgotten_is_not_released() {
        let mut versions = Versions::new(page());
        versions.add(page(), sector(1) | sector(2));
        let snapshot = versions.newest().clone();
        versions.forget(sector(1));
        versions.add(page(), sector(1));
        assert_eq!(versions.release(&snapshot, sector(1) | sector(2)), sector(2));
        assert_eq!(versions.held(), sector(1));
        assert_eq!(versions.release(&page(), sector(1)), Sectors::NONE, "an unknown version");
    }

    #[test]
    fn only_versions_that_somebody_holds_are_remembered() {
        let mut versions = Versions::new(page());
        let mut readers = VecDeque::new();
        for change in 0..1000 {
            versions.add(page(), sector(change % 8));
            readers.push_back(versions.newest().clone());
            readers.truncate(2);
            versions.add(page(), Sectors::NONE);
            assert!(versions.older.len() <= 8);
        }
        let snapshot = versions.newest().clone();
        let all = Sectors::of(0..4096);
        assert_eq!(versions.release(&snapshot, all), all);
    }

    #[test]
    fn the_same_bytes_are_the_same_version() {
        let mut versions = Versions::new(page());
        let bytes = page();
        versions.add(bytes.clone(), sector(1));
        versions.add(bytes.clone(), sector(2));
        assert_eq!(versions.release(&bytes, sector(1)), sector(1));
        assert_eq!(versions.release(&bytes, sector(2)), sector(2));
        assert_eq!(versions.held(), Sectors::NONE);
    }
}
