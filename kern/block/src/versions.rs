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

    /// Metadata that no commit has released.
    pub(crate) fn held(&self) -> Sectors {
        self.held
    }

    /// A new version, with this metadata changed.
    pub(crate) fn add(&mut self, bytes: Bytes, held: Sectors) {
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
        let is_it = |version: &Version| version.bytes.as_ptr() == bytes.as_ptr();
        let all = self.older.iter_mut().chain([&mut self.newest]);
        let Some(last) = all.map(|version| &*version).position(is_it) else {
            return Sectors::NONE;
        };
        let mut released = Sectors::NONE;
        for version in self.older.iter_mut().chain([&mut self.newest]).take(last + 1) {
            released |= version.held.intersection(sectors);
            version.held = version.held.without(sectors);
        }
        self.trim();
        released
    }

    /// These sectors are no metadata any more.
    pub(crate) fn forget(&mut self, sectors: Sectors) {
        if self.held.intersection(sectors).is_empty() {
            return;
        }
        for version in self.older.iter_mut().chain([&mut self.newest]) {
            version.held = version.held.without(sectors);
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.older.front().is_some_and(|version| version.held.is_empty()) {
            self.older.pop_front();
        }
        let all = self.older.iter().chain([&self.newest]);
        self.held = all.fold(Sectors::NONE, |held, version| held | version.held);
    }
}
