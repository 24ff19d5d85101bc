//! Files on a new file system.

use super::census::Census;
use crate::Options;
use crate::inodes::Node;
use crate::layout::{FragNo, Lbn, SUPERBLOCK_BYTES, Superblock, clean};
use crate::map::Map;
use crate::testing::{Mounted, NOW, new_image};
use abi::{InodeNo, Result, SetTime, Timestamp};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;
use core::cell::{Cell, RefCell};
use ffscheck::Image;
use ffscheck::fsck::{self, Class};
use ffscheck::newfs::{self, ByteOrder, Format, Memory};
use vfs::{FileSystem, Name, NewFile, NewKind, Stability};

/// Both formats and orders, with blocks of several sizes, with a log and without.
pub(super) fn layouts() -> Vec<newfs::Options> {
    let sizes = [(4096, 512), (8192, 1024), (16384, 2048), (65536, 8192), (8192, 8192)];
    let kinds = [
        (Format::Ufs1, ByteOrder::Little, 0),
        (Format::Ufs2, ByteOrder::Big, 1 << 20),
        (Format::Ufs1, ByteOrder::Big, 1 << 20),
        (Format::Ufs2, ByteOrder::Little, 0),
    ];
    let all = sizes.iter().flat_map(|&size| kinds.map(|kind| (size, kind)));
    all.map(|((block, fragment), (format, byte_order, log_bytes))| newfs::Options {
        format,
        byte_order,
        block_bytes: Some(block),
        fragment_bytes: Some(fragment),
        reserved_percent: 0,
        log_bytes: Some(log_bytes),
        ..newfs::Options::new(8 << 20)
    })
    .collect()
}

/// A file system, and its clock.
pub(super) struct World {
    pub(super) fs: Mounted,
    now: Cell<i64>,
    names: RefCell<BTreeMap<InodeNo, String>>,
    /// What was free or the log's before there were files.
    frags: usize,
}

impl World {
    pub(super) fn new(layout: &newfs::Options) -> Self {
        Self::with(layout, Options { cache_bytes: 1 << 20, ..Options::default() })
    }

    pub(super) fn with(layout: &newfs::Options, options: Options) -> Self {
        let mut world = Self::of(Mounted::of(new_image(layout), options).expect("a mount"));
        let census = Census::of(&world.fs);
        world.frags = census.free_frags.len() + census.claimed.len();
        world
    }

    /// One that is not to be checked.
    pub(super) fn of(fs: Mounted) -> Self {
        Self { fs, now: Cell::new(NOW.seconds), names: RefCell::default(), frags: 0 }
    }

    pub(super) fn time(&self) -> Timestamp {
        self.now.set(self.now.get() + 1);
        Timestamp { seconds: self.now.get(), nanoseconds: 0 }
    }

    /// A new file in the root directory.
    pub(super) fn create(&self) -> InodeNo {
        let time = self.time();
        let text = time.seconds.to_string();
        let name = Name::new(text.as_bytes()).expect("a name");
        let keep = SetTime::Keep;
        let new = NewFile {
            kind: NewKind::Regular,
            mode: 0o644,
            uid: 0,
            gid: 0,
            accessed: keep,
            modified: keep,
        };
        let root = self.fs.ffs.root();
        let file = self.fs.wait(self.fs.ffs.create_file(root, name, &new, time)).expect("a file");
        self.names.borrow_mut().insert(file.inode, text);
        file.inode
    }

    pub(super) fn node(&self, file: InodeNo) -> Rc<Node> {
        self.fs.wait(self.fs.ffs.node(file)).expect("a node")
    }

    /// Where the blocks of data of a file are.
    pub(super) fn data_frags(&self, file: InodeNo) -> Vec<FragNo> {
        let node = self.node(file);
        let blocks = self.size(file).div_ceil(self.fs.ffs.geometry.block_bytes().into());
        let mut map = Map::new(&self.fs.ffs, &node);
        let each = (0..blocks).map(|lbn| self.fs.wait(map.pointer(Lbn(lbn))).expect("a pointer"));
        each.collect()
    }

    pub(super) fn size(&self, file: InodeNo) -> u64 {
        self.node(file).inode().size_bytes
    }

    pub(super) fn write(&self, file: InodeNo, offset: u64, data: &[u8]) -> Result<u32> {
        self.write_as(file, offset, data, Stability::Unstable)
    }

    pub(super) fn write_as(
        &self,
        file: InodeNo,
        offset: u64,
        data: &[u8],
        stability: Stability,
    ) -> Result<u32> {
        let node = self.node(file);
        let time = self.time();
        self.fs.wait(self.fs.ffs.write_data(
            &node,
            offset,
            &Bytes::copy_from_slice(data),
            stability,
            time,
        ))
    }

    pub(super) fn resize(&self, file: InodeNo, size: u64) -> Result<()> {
        self.fs.wait(self.fs.ffs.resize(file, size, self.time(), |_| Ok(())))
    }

    pub(super) fn remove(&self, file: InodeNo) {
        let text = self.names.borrow_mut().remove(&file).expect("a name");
        let name = Name::new(text.as_bytes()).expect("a name");
        let (root, time, file) = (self.fs.ffs.root(), self.time(), self.node(file).file());
        self.fs.wait(self.fs.ffs.remove_file(root, name, file, time)).expect("removed");
        let writer = self.fs.ffs.changeable().expect("a writer");
        self.fs.wait(self.fs.ffs.reclaim_waiting(writer)).expect("taken apart");
    }

    pub(super) fn read(&self, file: InodeNo, offset: u64, length: u64) -> Vec<u8> {
        let node = self.node(file);
        let end = offset.saturating_add(length).min(node.inode().size_bytes);
        let range = offset.min(end)..end;
        self.fs.wait(self.fs.ffs.read_in_sequence(&node, range)).expect("data").concat()
    }

    pub(super) fn commit(&self) {
        self.fs.wait(self.fs.ffs.make_durable()).expect("a commit");
    }

    /// What is found if the power is cut now, by somebody who replays the log or, if there is none,
    /// takes it for clean.
    pub(super) fn after_crash(&self) -> Mounted {
        let mut image = self.fs.disk.image.borrow().clone();
        if self.fs.ffs.writer.as_ref().is_none_or(|writer| writer.log.is_none()) {
            self.mark_clean(&mut image);
        }
        Mounted::of(image, Options::default()).expect("a mount")
    }

    /// There is nothing to be repaired if the power is cut now, after a commit.
    pub(super) fn check_crash(&self) {
        assert_eq!(found(&self.fs.disk.image.borrow()), [""; 0]);
    }

    fn mark_clean(&self, image: &mut Memory) {
        let (superblock, order) = (self.fs.ffs.superblock, self.fs.ffs.geometry.order);
        let superblock = Superblock { clean: clean::IS_CLEAN, ..superblock };
        let offset_bytes = superblock.superblock_offset_bytes as u64;
        let bytes: [u8; SUPERBLOCK_BYTES] = superblock.to_bytes(order);
        image.write_at(offset_bytes, &bytes).expect("room");
    }

    /// Everything written, and another mount of it.
    pub(super) fn remount(&mut self) {
        self.fs = self.fs.again();
    }

    /// Every file checked, and that nothing else is in use.
    pub(super) fn check(&mut self) {
        self.remount();
        assert_eq!(*self.fs.damage.borrow(), [""; 0]);
        assert_eq!(found(&self.fs.disk.image.borrow()), [""; 0]);
        let census = Census::of(&self.fs);
        let used = census.claimed.len();
        assert_eq!(census.free_frags.len() + used, self.frags, "fragments nobody has");
        assert!(census.claimed.is_disjoint(&census.free_frags), "free fragments in use");
    }
}

/// What fsck finds but the counts beside the groups, which no log has.
pub(super) fn found(image: &Memory) -> Vec<String> {
    let mut image = image.clone();
    let report = fsck::check(&mut image, &fsck::Options::default(), &mut |_| {});
    let mut findings = report.expect("a file system").findings;
    findings.retain(|one| !matches!(one.class, Class::SummaryTable | Class::Totals));
    findings.iter().map(ToString::to_string).collect()
}
