//! A host's share of memory for what arrives: small, so that it is used up, and counted, so that all
//! of it must come back.

use hyper::Budget;
use std::cell::Cell;

/// Less than two windows.
const SHARE_BYTES: u64 = 100_000;

/// What one host has taken, in bytes.
#[derive(Debug, Default)]
pub(super) struct Share(Cell<u64>);

impl Share {
    pub(super) fn taken_bytes(&self) -> u64 {
        self.0.get()
    }
}

impl Budget for Share {
    fn share_bytes(&self) -> u64 {
        SHARE_BYTES
    }

    fn take(&self, bytes: u64) -> bool {
        let fits = self.0.get() + bytes <= SHARE_BYTES;
        self.take_anyway(if fits { bytes } else { 0 });
        fits
    }

    fn take_anyway(&self, bytes: u64) {
        self.0.set(self.0.get() + bytes);
    }

    fn give_back(&self, bytes: u64) {
        self.0.set(self.0.get() - bytes);
    }
}
