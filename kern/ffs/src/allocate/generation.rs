//! Generations: what tells a file from another that had its inode before.
//!
//! A file handle names its file by number and generation, so nobody must meet the same pair
//! twice, nor guess one. The first generation of an inode is unforeseeable; each next one is a
//! little larger, by an unforeseeable step: that comes round again only after tens of millions
//! of files.

use crate::transaction::Transaction;
use abi::InodeNo;
use core::hash::Hasher;
use siphasher::sip::SipHasher13;

/// Largest step, a power of two.
const STEP_MAX: u32 = 256;

impl Transaction<'_> {
    /// The generation of an inode's next file; `old` is what its last one had, zero if it had none.
    pub(super) fn next_generation(&self, inode: InodeNo, old: u32) -> u32 {
        let hash = self.unforeseeable(inode, old);
        let next = match old {
            0 => hash,
            _ => old.wrapping_add(1 + hash % STEP_MAX),
        };
        next.max(1)
    }

    fn unforeseeable(&self, inode: InodeNo, old: u32) -> u32 {
        let [first, second] = self.ffs.options.hash_key;
        let mut hasher = SipHasher13::new_with_keys(first, second);
        hasher.write_u64(inode.0);
        hasher.write_u32(old);
        hasher.write_i64(self.time.seconds);
        hasher.write_u32(self.time.nanoseconds);
        hasher.finish() as u32
    }
}
