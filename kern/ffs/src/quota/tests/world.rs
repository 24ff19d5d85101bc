//! A file system that keeps quotas, as `newfs` makes it.

use crate::layout::{CylGroup, CylinderGroup, Field, QuotaEntry, ROOT_INODE};
use crate::quota::{LimitChange, QuotaKind};
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
use ffscheck::fsck;
use ffscheck::newfs::{ByteOrder, Format, Memory, Options as Made, Quotas};
use vfs::{Name, NewFile, NewKind, Stability};

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
        let quotas = Quotas { user: true, group: true };
        let world = Self::of(Mounted::new(&Made { quotas, ..made.clone() }));
        let grace_seconds = Some(100);
        let changes = limits.0.map(|[soft, hard]| {
            let (soft, hard) = (Some(soft), Some(hard));
            LimitChange { soft, hard, grace_seconds }
        });
        for kind in QuotaKind::ALL {
            let set = world.ffs.set_limits(kind, None, changes, NOW);
            world.wait(set).expect("limits of new entries");
        }
        Self::mount(world.image())
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
