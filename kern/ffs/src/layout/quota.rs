//! A quota file, as NetBSD keeps them in the file system (quota2).
//!
//! ```text
//! 0        112
//! | header | heads of 2^hash_shift lists | entries of 96 bytes ... |   the first block
//! | entries of 96 bytes ...                                        |   every other
//! ```
//! An entry is in the list of its owner's number, modulo the number of lists, or in that of free
//! ones. Lists are linked by offsets in the file; 0 ends one. Entries do not cross blocks.

use super::record::record;

/// Q2_HEAD_MAGIC: begins a quota file, and stands in superblocks that have such.
pub const QUOTA_MAGIC: u32 = 0xb746_915e;

/// Bytes of the head of a list.
pub const QUOTA_HEAD_BYTES: usize = 8;

record! {
    /// `struct quota2_val`: limits and use of sectors (512 bytes each) or of files.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    QuotaValue [40] {
        /// q2v_hardlimit: never more than this; all ones for no limit.
        0 => hard_limit: u64,
        /// q2v_softlimit: no more than this for long; all ones for no limit.
        8 => soft_limit: u64,
        /// q2v_cur: what is used.
        16 => used: u64,
        /// q2v_time: when the grace of whoever is over the soft limit ends, in seconds.
        24 => grace_end: i64,
        /// q2v_grace: how long it is, in seconds.
        32 => grace_seconds: i64,
    }
}

record! {
    /// `struct quota2_entry`: what one user or group may use, and uses.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    QuotaEntry [96] {
        /// q2e_val: of sectors, and of files.
        0 => values: [QuotaValue; 2],
        /// q2e_next: the next entry of the list, as an offset in the file.
        80 => next: u64,
        /// q2e_uid: whose it is.
        88 => owner: u32,
        /// q2e_pad.
        92 => pad: u32,
    }
}

record! {
    /// `struct quota2_header`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    QuotaHeader [112] {
        /// q2h_magic_number.
        0 => magic: u32,
        /// q2h_type: 0 for users, 1 for groups.
        4 => kind: u8,
        /// q2h_hash_shift: log2 of the number of lists.
        5 => hash_shift: u8,
        /// q2h_hash_size: the number of lists.
        6 => hash_size: u16,
        /// q2h_defentry: what a new entry is a copy of.
        8 => default: QuotaEntry,
        /// q2h_free: the first entry that is nobody's.
        104 => free: u64,
    }
}
