//! Fields of the superblock that follow from others, or have a range.

use super::Check;
use super::class::Class;
use super::group_block::{CLUSTER_SIZES_MAX, Form};
use super::report::Place;
use ffs::layout::Superblock;

/// A field: its name in `struct fs`, how to read it, and how to set it.
type Row = (&'static str, fn(&Superblock) -> i64, fn(&mut Superblock, i64));

macro_rules! rows {
    ($($name:literal $field:ident,)*) => {
        [$(($name, |fs| fs.$field as i64, |fs, value| fs.$field = value as _),)*]
    };
}

/// What always follows from the sizes of block, fragment and inode.
const DERIVED: [Row; 8] = rows![
    "fs_bmask" block_mask,
    "fs_fmask" frag_mask,
    "fs_bshift" block_shift,
    "fs_fshift" frag_shift,
    "fs_fragshift" frags_per_block_shift,
    "fs_fsbtodb" sector_shift,
    "fs_nindir" pointers_per_block,
    "fs_inopb" inodes_per_block,
];

/// What only new superblocks have.
const DERIVED_NEW: [Row; 2] = rows![
    "fs_qbmask" block_offset_mask,
    "fs_qfmask" frag_offset_mask,
];

/// What has a range.
const RANGED: [Row; 3] = rows![
    "fs_minfree" reserve_percent,
    "fs_optim" optimization,
    "fs_contigsumsize" cluster_sizes,
];

/// 4.4BSD's least limit of a file's size.
const FILE_BYTES_MIN: u64 = (1 << 31) - 1;

impl Check<'_> {
    pub(super) fn check_fields(&mut self) {
        let geometry = self.volume.geometry;
        let (block, frag) = (i64::from(geometry.block_bytes()), i64::from(geometry.frag_bytes()));
        let derived = [
            -block,
            -frag,
            geometry.block_shift.into(),
            geometry.frag_shift.into(),
            geometry.frags_per_block_shift().into(),
            i64::from(geometry.frag_shift) - 9,
            1 << geometry.pointers_shift(),
            geometry.inodes_per_block().into(),
        ];
        for (row, expected) in DERIVED.into_iter().zip(derived) {
            self.check_field(row, expected..=expected, expected);
        }
        if !self.volume.raw.is_updated() {
            return;
        }
        for (row, expected) in DERIVED_NEW.into_iter().zip([block - 1, frag - 1]) {
            self.check_field(row, expected..=expected, expected);
        }
        let clusters = i64::from(CLUSTER_SIZES_MAX);
        for (row, (most, usual)) in RANGED.into_iter().zip([(99, 5), (1, 0), (clusters, 0)]) {
            self.check_field(row, 0..=most, usual);
        }
        self.check_file_size();
        self.check_group_size();
    }

    fn check_field(
        &mut self,
        (name, get, set): Row,
        range: std::ops::RangeInclusive<i64>,
        usual: i64,
    ) {
        let value = get(&self.volume.raw);
        if !range.contains(&value) {
            let what = format!("{name} is {value}, not {usual}");
            self.notes.fixed(Class::SuperblockField, Place::default(), what, "corrected");
            set(&mut self.volume.raw, usual);
        }
    }

    /// A limit so low that it would cost files.
    fn check_file_size(&mut self) {
        let value = self.volume.raw.file_bytes_max;
        if value < FILE_BYTES_MIN {
            let most = self.volume.geometry.addressable_bytes();
            let what = format!("fs_maxfilesize is {value}, not {most}");
            self.notes.fixed(Class::SuperblockField, Place::default(), what, "corrected");
            self.volume.raw.file_bytes_max = most;
            self.volume.geometry.file_bytes_max = most;
        }
    }

    /// A group's block is as long as its maps, in whole fragments.
    fn check_group_size(&mut self) {
        let block = vec![0; self.volume.block_bytes() as usize];
        let Some(form) = Form::of(&self.volume, &block) else { return };
        let frag = self.volume.geometry.frag_bytes() as usize;
        let row: [Row; 1] = rows!["fs_cgsize" group_bytes,];
        let least = form.end.next_multiple_of(frag) as i64;
        let most = self.volume.block_bytes() as i64;
        self.check_field(row[0], least..=most, least);
    }
}
