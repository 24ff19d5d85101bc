//! The superblock, `struct fs` of 1376 bytes, as it stands on disk.
//!
//! This file knows where each field is and what the formats share; whether the values make sense
//! is [`Geometry`](super::Geometry)'s to say. After NetBSD's and FreeBSD's `ffs/fs.h`; where the
//! two disagree about a field, the comment names both.

use super::record::record;
use super::{ByteOrder, Field, Format, Summary, TotalSummary};

/// Size of the structure; the block set aside for it is [`SUPERBLOCK_AREA_BYTES`].
pub const SUPERBLOCK_BYTES: usize = 1376;

/// Space reserved for a superblock: what `fs_sbsize` may be at most.
pub const SUPERBLOCK_AREA_BYTES: usize = 8192;

/// Where a superblock may stand, in bytes, in the order in which BSD looks: UFS2's place,
/// UFS1's, the front of a floppy disk, and behind a large boot area.
pub const SUPERBLOCK_OFFSETS: [u64; 4] = [65536, 8192, 0, 262_144];

/// `fs_old_inodefmt` of the 4.4BSD inode format; anything less means 4.3BSD's.
pub const INODE_FORMAT_44: i32 = 2;

/// `fs_magic` of UFS1.
pub const MAGIC_UFS1: u32 = 0x0001_1954;
/// `fs_magic` of UFS2.
pub const MAGIC_UFS2: u32 = 0x1954_0119;
/// `fs_magic` of UFS2 with extended attributes in use (NetBSD 10).
pub const MAGIC_UFS2_EXTATTR: u32 = 0x1901_2038;

/// Bits of `fs_clean`.
pub mod clean {
    /// Unmounted cleanly.
    pub const IS_CLEAN: u8 = 0x01;
    /// NetBSD: was clean when mounted, and is in use.
    pub const WAS_CLEAN: u8 = 0x02;
}

/// Bits of `fs_flags`.
pub mod flags {
    /// FreeBSD: was not clean when mounted.
    pub const UNCLEAN: u32 = 0x001;
    /// Metadata is ordered by soft updates.
    pub const SOFT_UPDATES: u32 = 0x002;
    /// FreeBSD: needs a full check before it may be written.
    pub const NEEDS_CHECK: u32 = 0x004;
    /// FreeBSD: soft updates with a journal.
    pub const SOFT_UPDATES_JOURNAL: u32 = 0x008;
    /// FreeBSD: journaled below the file system.
    pub const GEOM_JOURNAL: u32 = 0x040;
    /// In the old flags byte: the wide fields and `fs_flags` hold.
    pub const FLAGS_UPDATED: u8 = 0x80;
    /// NetBSD: metadata goes through a WAPBL log. FreeBSD: NFSv4 access control lists.
    pub const WAPBL: u32 = 0x100;
    /// NetBSD: quotas are kept in the file system. FreeBSD: metadata has check hashes.
    pub const QUOTAS: u32 = 0x200;
}

record! {
    /// Every field of `struct fs`. Fields named `old_` are UFS1's: narrow ones that wide fields
    /// replaced (see [`Superblock::is_updated`]) and a disk's geometry of days gone by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Superblock [1376] {
        /// fs_firstfield: unused.
        0 => first_field: i32,
        /// fs_unused_1.
        4 => unused_1: i32,
        /// fs_sblkno: the superblock copy, in fragments from the start of a group.
        8 => superblock_frag: i32,
        /// fs_cblkno: the cylinder group block, in fragments from the start of a group.
        12 => group_frag: i32,
        /// fs_iblkno: the inodes, in fragments from the start of a group.
        16 => inode_frag: i32,
        /// fs_dblkno: the first data behind the inodes, in fragments from the start of a group.
        20 => data_frag: i32,
        /// fs_old_cgoffset: by how many fragments a group's start is staggered against the last.
        24 => old_group_offset_frags: i32,
        /// fs_old_cgmask: which bits of a group's number do not stagger it.
        28 => old_group_mask: i32,
        /// fs_old_time: seconds.
        32 => old_time: i32,
        /// fs_old_size: fragments.
        36 => old_size_frags: i32,
        /// fs_old_dsize: fragments of data.
        40 => old_data_frags: i32,
        /// fs_ncg: cylinder groups.
        44 => groups: u32,
        /// fs_bsize: block size in bytes.
        48 => block_bytes: i32,
        /// fs_fsize: fragment size in bytes.
        52 => frag_bytes: i32,
        /// fs_frag: fragments in a block.
        56 => frags_per_block: i32,
        /// fs_minfree: percentage held back for the superuser.
        60 => reserve_percent: i32,
        /// fs_old_rotdelay.
        64 => old_rotation_delay: i32,
        /// fs_old_rps: revolutions per second.
        68 => old_rotations: i32,
        /// fs_bmask: !(block size - 1).
        72 => block_mask: i32,
        /// fs_fmask: !(fragment size - 1).
        76 => frag_mask: i32,
        /// fs_bshift: log2 of the block size.
        80 => block_shift: i32,
        /// fs_fshift: log2 of the fragment size.
        84 => frag_shift: i32,
        /// fs_maxcontig: most blocks of a file in a row.
        88 => contiguous_blocks_max: i32,
        /// fs_maxbpg: most blocks of a file in one group.
        92 => file_blocks_per_group_max: i32,
        /// fs_fragshift: log2 of the fragments in a block.
        96 => frags_per_block_shift: i32,
        /// fs_fsbtodb: log2 of the 512-byte sectors in a fragment.
        100 => sector_shift: i32,
        /// fs_sbsize: size of the superblock, rounded up to fragments.
        104 => superblock_bytes: i32,
        /// fs_spare1: once a mask and a shift for the summary table.
        108 => spare_1: [i32; 2],
        /// fs_nindir: block pointers in an indirect block.
        116 => pointers_per_block: i32,
        /// fs_inopb: inodes in a block.
        120 => inodes_per_block: u32,
        /// fs_old_nspf: sectors in a fragment.
        124 => old_sectors_per_frag: i32,
        /// fs_optim: 0 saves time, 1 saves space.
        128 => optimization: i32,
        /// fs_old_npsect: sectors in a track, with spares.
        132 => old_physical_sectors: i32,
        /// fs_old_interleave.
        136 => old_interleave: i32,
        /// fs_old_trackskew.
        140 => old_track_skew: i32,
        /// fs_id: the file system's identity; the first word is usually its birth in seconds.
        144 => id: [u32; 2],
        /// fs_old_csaddr: the summary table's fragment.
        152 => old_summary_frag: i32,
        /// fs_cssize: size of the summary table in bytes, in whole fragments.
        156 => summary_bytes: i32,
        /// fs_cgsize: size of a cylinder group block in bytes, in whole fragments.
        160 => group_bytes: i32,
        /// fs_spare2: once tracks in a cylinder.
        164 => spare_2: i32,
        /// fs_old_nsect: sectors in a track.
        168 => old_sectors_per_track: i32,
        /// fs_old_spc: sectors in a cylinder.
        172 => old_sectors_per_cylinder: i32,
        /// fs_old_ncyl: cylinders.
        176 => old_cylinders: i32,
        /// fs_old_cpg: cylinders in a group.
        180 => old_cylinders_per_group: i32,
        /// fs_ipg: inodes in a group.
        184 => inodes_per_group: u32,
        /// fs_fpg: fragments in a group.
        188 => frags_per_group: i32,
        /// fs_old_cstotal: counts of all groups.
        192 => old_total: Summary,
        /// fs_fmod: modified in memory.
        208 => modified: u8,
        /// fs_clean: see [`clean`].
        209 => clean: u8,
        /// fs_ronly: mounted read-only.
        210 => read_only: u8,
        /// fs_old_flags: see [`flags`].
        211 => old_flags: u8,
        /// fs_fsmnt: where it was last mounted, ended by NUL.
        212 => mounted_on: [u8; 468],
        /// fs_volname: its label, ended by NUL.
        680 => volume_name: [u8; 32],
        /// fs_swuid: system-wide identity.
        712 => system_wide_id: u64,
        /// fs_pad.
        720 => pad: i32,
        /// fs_cgrotor: the group searched last.
        724 => group_rotor: i32,
        /// fs_ocsp and pointers: a mounted system's own.
        728 => pointers: [u8; 128],
        /// fs_old_cpc: cylinders in a cycle of the rotational table.
        856 => old_cylinders_per_cycle: i32,
        /// fs_maxbsize: largest block in a row. An old UFS1 superblock keeps its rotational
        /// table from here on, up to the postbl fields.
        860 => extent_bytes_max: i32,
        /// fs_journal_version: 1 for WAPBL. (FreeBSD keeps counts of its own up to `spare_64`.)
        864 => journal_version: u8,
        /// fs_journal_location: 1 behind the file system, 2 within it.
        865 => journal_location: u8,
        /// fs_journal_reserved.
        866 => journal_reserved: [u8; 2],
        /// fs_journal_flags.
        868 => journal_flags: u32,
        /// fs_journallocs: the log's first sector, how many, their size in bytes, and its inode
        /// if it lies within the file system.
        872 => journal_places: [u64; 4],
        /// fs_quota_magic.
        904 => quota_magic: u32,
        /// fs_quota_flags.
        908 => quota_flags: u8,
        /// fs_quota_reserved.
        909 => quota_reserved: [u8; 3],
        /// fs_quotafile: inodes of the user and group quota.
        912 => quota_inodes: [u64; 2],
        /// fs_sparecon64, from here on.
        928 => spare_64: [i64; 6],
        /// Ours, where both systems have spare words (FreeBSD takes them from both ends): the
        /// write verifier of an image that was closed, or 0.
        976 => write_verifier: u64,
        /// The end of fs_sparecon64. FreeBSD keeps this superblock's own place in the last.
        984 => spare_64_end: [i64; 2],
        /// fs_sblockloc: where the standard superblock stands, in bytes.
        1000 => superblock_offset_bytes: i64,
        /// fs_cstotal: counts of all groups.
        1008 => total: TotalSummary,
        /// fs_time: last written, seconds.
        1072 => time: i64,
        /// fs_size: fragments.
        1080 => size_frags: i64,
        /// fs_dsize: fragments of data.
        1088 => data_frags: i64,
        /// fs_csaddr: the summary table's fragment.
        1096 => summary_frag: i64,
        /// fs_pendingblocks: being freed, in sectors.
        1104 => pending_sectors: i64,
        /// fs_pendinginodes: being freed.
        1112 => pending_inodes: u32,
        /// fs_snapinum: inodes of snapshots.
        1116 => snapshot_inodes: [u32; 20],
        /// fs_avgfilesize: expected size of a file in bytes.
        1196 => average_file_bytes: u32,
        /// fs_avgfpdir: expected files in a directory.
        1200 => average_files_per_directory: u32,
        /// fs_save_cgsize.
        1204 => saved_group_bytes: i32,
        /// fs_sparecon32. FreeBSD keeps the time of the last mount in the first two.
        1208 => spare_32: [i32; 24],
        /// fs_ckhash: FreeBSD's check hash of the superblock.
        1304 => check_hash: u32,
        /// fs_metackhash: FreeBSD: what has check hashes.
        1308 => check_hashes: u32,
        /// fs_flags: see [`flags`].
        1312 => flags: u32,
        /// fs_contigsumsize: entries of a group's table of free clusters.
        1316 => cluster_sizes: i32,
        /// fs_maxsymlinklen: links shorter than this stand in the inode. Zero or less in the
        /// 4.3BSD format, whose directories keep no file types.
        1320 => inline_link_bytes_max: i32,
        /// fs_old_inodefmt: [`INODE_FORMAT_44`] or less.
        1324 => old_inode_format: i32,
        /// fs_maxfilesize.
        1328 => file_bytes_max: u64,
        /// fs_qbmask: block size - 1.
        1336 => block_offset_mask: i64,
        /// fs_qfmask: fragment size - 1.
        1344 => frag_offset_mask: i64,
        /// fs_state.
        1352 => state: i32,
        /// fs_old_postblformat: form of the rotational table; 1, or -1 in 4.2BSD's.
        1356 => old_rotation_format: i32,
        /// fs_old_nrpos: rotational positions.
        1360 => old_rotation_positions: i32,
        /// fs_old_postbloff and fs_old_rotbloff.
        1364 => old_rotation_offsets: [i32; 2],
        /// fs_magic.
        1372 => magic: u32,
    }
}

/// What the magic number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// UFS1 or UFS2.
    pub format: Format,
    /// Whose byte order.
    pub order: ByteOrder,
}

impl Kind {
    /// Format and byte order of the superblock in `bytes`; `None` if none is there.
    pub fn of(bytes: &[u8; SUPERBLOCK_BYTES]) -> Option<Self> {
        [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| {
            let format = match u32::get(&bytes[1372..], order) {
                MAGIC_UFS1 => Format::Ufs1,
                MAGIC_UFS2 | MAGIC_UFS2_EXTATTR => Format::Ufs2,
                _ => return None,
            };
            Some(Self { format, order })
        })
    }
}

impl Superblock {
    /// A superblock of zeros, for `newfs` to fill.
    pub fn zeroed() -> Self {
        Self::get(&[0; SUPERBLOCK_BYTES], ByteOrder::Little)
    }

    /// The superblock in `bytes`, as it stands there; `None` if the magic number is none of ours.
    pub fn parse(bytes: &[u8; SUPERBLOCK_BYTES]) -> Option<(Kind, Self)> {
        let kind = Kind::of(bytes)?;
        Some((kind, Self::get(bytes, kind.order)))
    }

    /// The bytes on disk.
    pub fn to_bytes(&self, order: ByteOrder) -> [u8; SUPERBLOCK_BYTES] {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        self.put(&mut bytes, order);
        bytes
    }

    /// Whether the wide fields hold. They do not in a UFS1 superblock that was written before
    /// UFS2 and never since: its narrow fields do, and a rotational table stands in the rest.
    pub fn is_updated(&self) -> bool {
        self.magic != MAGIC_UFS1 || self.old_flags & flags::FLAGS_UPDATED != 0
    }

    /// The same superblock with every field that an old one keeps elsewhere, or not at all, put
    /// in the wide fields, so that nobody else needs to know that there were two kinds.
    /// `offset_bytes` is where it was found.
    pub fn widened(mut self, offset_bytes: u64) -> Self {
        if self.is_updated() {
            return self;
        }
        self.total = self.old_total.into();
        self.time = self.old_time.into();
        self.size_frags = self.old_size_frags.into();
        self.data_frags = self.old_data_frags.into();
        self.summary_frag = self.old_summary_frag.into();
        self.superblock_offset_bytes = offset_bytes as i64;
        self.flags = self.old_flags.into();
        self.journal_version = 0;
        self.write_verifier = 0;
        (self.pending_sectors, self.pending_inodes) = (0, 0);
        if self.old_inode_format < INODE_FORMAT_44 {
            self.file_bytes_max = 1 << 39;
            self.inline_link_bytes_max = self.inline_link_bytes_max.min(0);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_back_in_every_format() {
        let magics = [MAGIC_UFS1, MAGIC_UFS2, MAGIC_UFS2_EXTATTR];
        for (magic, order) in
            magics.into_iter().flat_map(|m| [(m, ByteOrder::Little), (m, ByteOrder::Big)])
        {
            let mut bytes: [u8; SUPERBLOCK_BYTES] = core::array::from_fn(|at| (at * 7) as u8);
            magic.put(&mut bytes[1372..], order);
            let (kind, superblock) = Superblock::parse(&bytes).expect("a magic number of ours");
            assert_eq!(kind.order, order);
            assert_eq!(superblock.to_bytes(order), bytes);
        }
    }

    #[test]
    fn an_old_superblock_lends_its_narrow_fields() {
        let mut old = Superblock::zeroed();
        (old.magic, old.old_size_frags, old.old_time) = (MAGIC_UFS1, 77, 5);
        (old.old_total.free_inodes, old.size_frags) = (3, -1);
        let wide = old.widened(8192);
        assert_eq!((wide.size_frags, wide.time, wide.total.free_inodes), (77, 5, 3));
        assert_eq!((wide.superblock_offset_bytes, wide.file_bytes_max), (8192, 1 << 39));
        old.old_flags = flags::FLAGS_UPDATED;
        assert_eq!(old.widened(8192), old);
    }
}
