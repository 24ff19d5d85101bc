//! A file system that keeps quotas: `newfs` makes none, so the quota files are written into a new
//! one.

use crate::contents::Use;
use crate::layout::{
    CylGroup, CylinderGroup, Field, Inode, Lbn, QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry,
    QuotaHeader, QuotaValue, ROOT_INODE, SUPERBLOCK_BYTES, Superblock, flags, mode,
};
use crate::quota::QuotaKind;
use crate::testing::{Mounted, NOW};
use crate::transaction::{Step, Transaction};
use crate::{Ffs, Options};
use abi::{FileId, InodeNo, Result, SetAttributes, SetTime, Timestamp};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use ffscheck::Image;
use ffscheck::fsck;
use ffscheck::newfs::{ByteOrder, Format, Memory, Options as Made};
use vfs::{Name, NewFile, NewKind, Stability};

const HASH_SHIFT: u8 = 8;

/// By user or group: sectors, and files.
pub type Usage = BTreeMap<u32, [u64; 2]>;

/// Limits of a new entry, of sectors and of files: soft, and hard.
#[derive(Clone, Copy)]
pub struct Limits(pub [[u64; 2]; 2]);

pub const NO_LIMITS: Limits = Limits([[u64::MAX; 2]; 2]);

pub fn layouts() -> impl Iterator<Item = Made> {
    let formats = [Format::Ufs1, Format::Ufs2].into_iter();
    formats.flat_map(|format| {
        [ByteOrder::Little, ByteOrder::Big].map(|byte_order| Made {
            format,
            byte_order,
            ..Made::new(8 << 20)
        })
    })
}

pub struct World {
    mounted: Mounted,
    pub ffs: Rc<Ffs>,
    now: Cell<i64>,
}

impl World {
    pub fn new(made: &Made, limits: Limits) -> Self {
        let plain = Self::of(Mounted::new(made));
        let used = plain.wait(plain.ffs.node(ROOT_INODE)).expect("the root").inode().sectors;
        let kinds = [QuotaKind::User, QuotaKind::Group];
        let files = kinds.map(|kind| plain.write_quota_file(kind, limits, [used, 1]));
        plain.wait(plain.ffs.leave_clean()).expect("written");
        let mut image = plain.mounted.disk.image.borrow().clone();
        switch_on(&mut image, &plain.ffs, files);
        Self::mount(image)
    }

    /// What is on an image.
    pub fn mount(image: Memory) -> Self {
        Self::of(Mounted::of(image, Options::default()).expect("a mount"))
    }

    /// All of it, left in order.
    pub fn image(&self) -> Memory {
        self.wait(self.ffs.leave_clean()).expect("written");
        self.mounted.disk.image.borrow().clone()
    }

    /// Requests to read so far.
    pub fn reads(&self) -> u64 {
        self.mounted.disk.reads.get()
    }

    fn of(mounted: Mounted) -> Self {
        let ffs = mounted.ffs.clone();
        Self { mounted, ffs, now: Cell::new(NOW.seconds) }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.mounted.wait(Box::pin(future))
    }

    fn time(&self) -> Timestamp {
        self.now.set(self.now.get() + 1);
        Timestamp { seconds: self.now.get(), nanoseconds: 0 }
    }

    pub fn damage(&self) -> Vec<String> {
        self.mounted.damage.borrow().clone()
    }

    pub fn sleep(&self, seconds: i64) {
        self.now.set(self.now.get() + seconds);
    }

    pub fn transact<T>(&self, work: impl FnMut(&mut Transaction<'_>) -> Step<T>) -> Result<T> {
        self.wait(self.ffs.transact(self.time(), work))
    }

    fn write_quota_file(&self, kind: QuotaKind, limits: Limits, root: [u64; 2]) -> InodeNo {
        let block_bytes = self.ffs.geometry.block_bytes();
        let contents = first_block(&self.ffs, kind, limits, root);
        let number = self.transact(|one| {
            let (number, generation) = one.allocate_inode(ROOT_INODE, false)?;
            let mode = mode::REGULAR | 0o600;
            one.set_inode(number, Inode { mode, links: 1, generation, ..Inode::free() })?;
            let block = one.ready_block(number, Lbn(0), block_bytes, Use::Metadata)?;
            let (page, _) = one.place(block.frag);
            one.metadata_mut(page, 0..contents.len())?.copy_from_slice(&contents);
            let inode = one.inode(number)?;
            one.set_inode(number, Inode { size_bytes: block_bytes.into(), ..inode })?;
            Ok(number)
        });
        number.expect("a quota file")
    }

    pub fn create(&self, name: &[u8], uid: u32, gid: u32) -> Result<FileId> {
        let new = NewFile {
            kind: NewKind::Regular,
            mode: 0o644,
            uid,
            gid,
            accessed: SetTime::Keep,
            modified: SetTime::Keep,
        };
        let name = Name::new(name).expect("a name");
        self.wait(self.ffs.create_file(self.ffs.root_file(), name, &new, self.time()))
    }

    pub fn write(&self, file: FileId, offset: u64, bytes: usize) -> Result<u32> {
        let data = vec![7; bytes];
        let writing = async {
            let node = self.ffs.file(file).await?;
            self.ffs.write_data(&node, offset, &data.into(), Stability::Unstable, self.time()).await
        };
        self.wait(writing)
    }

    pub fn change(&self, file: FileId, change: SetAttributes) -> Result<()> {
        self.wait(self.ffs.change_attributes(file, &change, self.time()))
    }

    /// Takes the name of a file away, and leaves the file.
    pub fn unlink(&self, name: &[u8], file: FileId) -> Result<()> {
        let name = Name::new(name).expect("a name");
        self.wait(self.ffs.remove_file(self.ffs.root_file(), name, file, self.time()))
    }

    pub fn remove(&self, name: &[u8], file: FileId) -> Result<()> {
        self.unlink(name, file)?;
        self.wait(self.ffs.settle_changes())
    }

    /// The owners of files without names.
    pub fn unlinked(&self) -> Vec<u32> {
        let writer = self.ffs.changeable().expect("a writer");
        let numbers: Vec<_> = writer.unlinked.borrow().keys().copied().collect();
        let owner = |number| self.transact(|one| Ok(one.inode(number)?.uid)).expect("an inode");
        numbers.into_iter().map(owner).collect()
    }

    /// What the quota files say.
    pub fn entry(&self, kind: QuotaKind, id: u32) -> QuotaEntry {
        let entry = self.transact(|one| {
            let file = one.quota_file(kind)?.expect("quotas");
            let crate::quota::file::Found::Entry((page, at)) = one.find_entry(&file, id)? else {
                return Ok(QuotaEntry::default());
            };
            Ok(QuotaEntry::get(&one.page(page)?[at..], one.ffs.geometry.order))
        });
        entry.expect("an entry")
    }

    /// What is used, counted from the inodes.
    pub fn recount(&self) -> [Usage; 2] {
        let mut usage = [Usage::new(), Usage::new()];
        for number in self.inodes_in_use() {
            let inode = self.transact(|one| one.inode(number)).expect("an inode");
            if number < ROOT_INODE || self.ffs.is_quota_file(number) {
                continue;
            }
            for (usage, id) in usage.iter_mut().zip([inode.uid, inode.gid]) {
                let [sectors, files] = usage.entry(id).or_default();
                (*sectors, *files) = (*sectors + inode.sectors, *files + 1);
            }
        }
        usage
    }

    fn inodes_in_use(&self) -> Vec<InodeNo> {
        let geometry = &self.ffs.geometry;
        let mut inodes = Vec::new();
        for group in 0..geometry.groups {
            let block = geometry.group_block(CylGroup(group));
            let page = self.wait(self.ffs.cache.read(self.ffs.page(block))).expect("a group");
            let header = CylinderGroup::parse(&page, geometry.order).expect("a group");
            for index in 0..geometry.inodes_per_group {
                let byte = page[(header.inode_map + index / 8) as usize];
                if byte & (1 << (index % 8)) != 0 {
                    inodes.push(InodeNo((group * geometry.inodes_per_group + index).into()));
                }
            }
        }
        inodes
    }

    /// The entries agree with the inodes, and `fsck` has nothing to say.
    pub fn check(&self) {
        let kinds = [QuotaKind::User, QuotaKind::Group];
        for (kind, usage) in kinds.into_iter().zip(self.recount()) {
            for (id, used) in usage {
                let entry = self.entry(kind, id);
                assert_eq!(entry.values.map(|value| value.used), used, "{kind:?} {id}");
            }
        }
        assert_eq!(self.mounted.damage.borrow().as_slice(), [""; 0]);
    }

    /// What `fsck` finds when all is written.
    pub fn judge(&self) {
        assert_eq!(found(self.image()), [""; 0]);
    }

    /// What it finds if the power is cut now, but the counts that no log has.
    pub fn judge_crash(&self) {
        let mut found = found(self.mounted.disk.image.borrow().clone());
        found.retain(|line| !line.starts_with("phase 5"));
        assert_eq!(found, [""; 0]);
    }
}

fn found(mut image: Memory) -> Vec<String> {
    let report = fsck::check(&mut image, &fsck::Options::default(), &mut |_| {});
    report.expect("checked").findings.iter().map(ToString::to_string).collect()
}

/// A header, its lists, and all entries free but the superuser's, who has the root directory.
fn first_block(ffs: &Ffs, kind: QuotaKind, limits: Limits, root: [u64; 2]) -> Vec<u8> {
    let (order, block_bytes) = (ffs.geometry.order, ffs.geometry.block_bytes() as usize);
    let value = |[soft_limit, hard_limit]: [u64; 2]| QuotaValue {
        soft_limit,
        hard_limit,
        grace_seconds: 100,
        ..QuotaValue::default()
    };
    let default = QuotaEntry { values: limits.0.map(value), ..QuotaEntry::default() };
    let first = QuotaHeader::BYTES + (QUOTA_HEAD_BYTES << HASH_SHIFT);
    let mut bytes = vec![0; block_bytes];
    let mut free = 0_u64;
    let mut at = first;
    while at + QuotaEntry::BYTES <= block_bytes {
        QuotaEntry { next: free, ..QuotaEntry::default() }.put(&mut bytes[at..], order);
        free = at as u64;
        at += QuotaEntry::BYTES;
    }
    let mut entry = default;
    for (value, used) in entry.values.iter_mut().zip(root) {
        value.used = used;
    }
    let next = QuotaEntry::get(&bytes[free as usize..], order).next;
    entry.put(&mut bytes[free as usize..], order);
    free.put(&mut bytes[QuotaHeader::BYTES..], order);
    let header = QuotaHeader {
        magic: QUOTA_MAGIC,
        kind: kind as u8,
        hash_shift: HASH_SHIFT,
        hash_size: 1 << HASH_SHIFT,
        default,
        free: next,
    };
    header.put(&mut bytes, order);
    bytes
}

/// Says in the superblock and its copies that there are quotas.
fn switch_on(image: &mut Memory, ffs: &Ffs, files: [InodeNo; 2]) {
    let (order, geometry) = (ffs.geometry.order, &ffs.geometry);
    let copies = (0..geometry.groups).map(|group| {
        let start = geometry.group_start(CylGroup(group)).0;
        (start + u64::from(geometry.superblock_frag)) << geometry.frag_shift
    });
    let first = ffs.superblock.superblock_offset_bytes as u64;
    for offset_bytes in copies.chain([first]) {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        Memory::read_at(image, offset_bytes, &mut bytes);
        let mut superblock = Superblock::get(&bytes, order);
        superblock.flags |= flags::QUOTAS;
        (superblock.quota_magic, superblock.quota_flags) = (QUOTA_MAGIC, 3);
        superblock.quota_inodes = files.map(|number| number.0);
        image.write_at(offset_bytes, &superblock.to_bytes(order)).expect("a place");
    }
}
