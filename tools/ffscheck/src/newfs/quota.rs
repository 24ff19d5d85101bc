//! Quota files as NetBSD keeps them (quota2): one block each, owned by inodes without names.
//!
//! ```text
//! | header, with the default entry | heads of 32 lists | root's entry | free entries ... |
//! ```
//! The default is no limit at all, and a week of grace once there is one. The root directory is
//! on its owner's account from the beginning; quota files, and the log, are on nobody's.

use super::root::ROOT_INODE;
use super::{Options, Plan};
use abi::{FileSystemId, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, Field, FragNo, Inode, Pointers, QUOTA_HEAD_BYTES, QUOTA_MAGIC,
    QuotaEntry, QuotaHeader, QuotaValue, Superblock, flags, mode,
};

const SECTOR_BYTES: u64 = 512;
/// log2 of the number of lists.
const HASH_SHIFT: u8 = 5;
const LISTS: usize = 1 << HASH_SHIFT;
const GRACE_SECONDS: i64 = 7 * 24 * 3600;

/// Whose use a quota file counts; as a number, its place in the superblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

/// A quota file to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaPlan {
    pub kind: Kind,
    pub inode: u32,
    /// The first fragment of its block.
    pub frag: u32,
}

impl Plan {
    /// The quota files that were asked for. Their blocks stand behind the root directory's.
    pub fn quota_files(&self) -> impl Iterator<Item = QuotaPlan> + use<> {
        let first_inode = ROOT_INODE + 1 + u32::from(self.log.is_some());
        let (first_frag, block) =
            (self.root_frag() + self.frags_per_block(), self.frags_per_block());
        let kinds = [(Kind::User, self.quotas.user), (Kind::Group, self.quotas.group)];
        let wanted = kinds.into_iter().filter_map(|(kind, wanted)| wanted.then_some(kind));
        wanted.zip(0..).map(move |(kind, index)| QuotaPlan {
            kind,
            inode: first_inode + index,
            frag: first_frag + index * block,
        })
    }

    /// The fragments of all quota files, as places in the first group.
    pub fn quota_frags(&self) -> std::ops::Range<u32> {
        let start = self.root_frag() + self.frags_per_block();
        start..start + self.quotas.count() * self.frags_per_block()
    }
}

/// Names the quota files in the superblock.
pub(super) fn store(plan: &Plan, superblock: &mut Superblock) {
    for file in plan.quota_files() {
        superblock.flags |= flags::QUOTAS;
        superblock.quota_magic = QUOTA_MAGIC;
        superblock.quota_flags |= 1 << file.kind as u8;
        superblock.quota_inodes[file.kind as usize] = file.inode.into();
    }
}

/// The inode that owns a quota file, as it stands on disk.
pub(super) fn inode_bytes(
    plan: &Plan,
    file: &QuotaPlan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Vec<u8> {
    let mut pointers = Pointers::default();
    pointers.direct[0] = FragNo(file.frag.into());
    let inode = Inode {
        mode: mode::REGULAR,
        links: 1,
        size_bytes: plan.block_bytes.into(),
        sectors: u64::from(plan.block_bytes) / SECTOR_BYTES,
        accessed: time,
        modified: time,
        changed: time,
        born: Some(time),
        generation: super::root::generation(id),
        area: BlockArea::Pointers(pointers),
        ..Inode::free()
    };
    let shape = plan.inode_shape(options);
    let mut bytes = vec![0; shape.bytes()];
    shape.store(&inode, &mut bytes);
    bytes
}

/// The only block of a quota file.
pub(super) fn block_bytes(plan: &Plan, kind: Kind, options: &Options) -> Vec<u8> {
    let order = options.byte_order;
    let mut block = vec![0; plan.block_bytes as usize];
    let first = QuotaHeader::BYTES + QUOTA_HEAD_BYTES * LISTS;
    let slots = (block.len() - first) / QuotaEntry::BYTES;
    let place = |slot: usize| first + slot * QuotaEntry::BYTES;
    for slot in 1..slots - 1 {
        let free = QuotaEntry { next: place(slot + 1) as u64, ..QuotaEntry::default() };
        free.put(&mut block[place(slot)..], order);
    }
    let owner = match kind {
        Kind::User => options.owner_uid,
        Kind::Group => options.owner_gid,
    };
    entry_of_root(plan, owner).put(&mut block[first..], order);
    put_head(&mut block, owner, first, order);
    let header = QuotaHeader {
        magic: QUOTA_MAGIC,
        kind: kind as u8,
        hash_shift: HASH_SHIFT,
        hash_size: LISTS as u16,
        default: unlimited(),
        free: place(1) as u64,
    };
    header.put(&mut block, order);
    block
}

fn put_head(block: &mut [u8], owner: u32, at: usize, order: ByteOrder) {
    let list = owner as usize % LISTS;
    (at as u64).put(&mut block[QuotaHeader::BYTES + QUOTA_HEAD_BYTES * list..], order);
}

fn unlimited() -> QuotaEntry {
    let value = QuotaValue {
        hard_limit: u64::MAX,
        soft_limit: u64::MAX,
        grace_seconds: GRACE_SECONDS,
        ..QuotaValue::default()
    };
    QuotaEntry { values: [value; 2], ..QuotaEntry::default() }
}

/// The entry of the owner of the root directory: one fragment, one file.
fn entry_of_root(plan: &Plan, owner: u32) -> QuotaEntry {
    let mut entry = QuotaEntry { owner, ..unlimited() };
    entry.values[0].used = u64::from(plan.frag_bytes) / SECTOR_BYTES;
    entry.values[1].used = 1;
    entry
}
