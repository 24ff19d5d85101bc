//! One directory and its model.

use super::super::{Found, Room};
use crate::inodes::Node;
use crate::layout::{ByteOrder, CHUNK_BYTES, DirectoryEntry, Format, Lbn, ROOT_INODE};
use crate::map::Map;
use crate::testing::{Luck, Mounted, NOW, new_image};
use crate::{MountError, Options};
use abi::{Errno, FileType, InodeNo, Result};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use ffscheck::newfs::{self, Memory};

const TYPES: [FileType; 4] =
    [FileType::Regular, FileType::Directory, FileType::SymbolicLink, FileType::Fifo];

/// How a file system is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) byte_order: ByteOrder,
    pub(super) block_bytes: u32,
    pub(super) fragment_bytes: u32,
}

/// Formats, orders and sizes.
pub(super) fn layouts() -> Vec<Layout> {
    let mut layouts = Vec::new();
    let sizes = [(4096, 512), (8192, 1024), (16384, 4096), (65536, 8192)];
    for (turn, byte_order) in [ByteOrder::Little, ByteOrder::Big].into_iter().enumerate() {
        for (at, format) in [Format::Ufs1, Format::Ufs2].into_iter().enumerate() {
            let (block_bytes, fragment_bytes) = sizes[(at + 2 * turn) % sizes.len()];
            layouts.push(Layout { format, byte_order, block_bytes, fragment_bytes });
        }
    }
    layouts
}

impl Layout {
    /// An empty file system of 64 MiB. (To `ffscheck`, the crate under test is another one.)
    pub(super) fn image(&self) -> Memory {
        new_image(&newfs::Options {
            format: match self.format {
                Format::Ufs1 => newfs::Format::Ufs1,
                Format::Ufs2 => newfs::Format::Ufs2,
            },
            byte_order: match self.byte_order {
                ByteOrder::Little => newfs::ByteOrder::Little,
                ByteOrder::Big => newfs::ByteOrder::Big,
            },
            block_bytes: Some(self.block_bytes),
            fragment_bytes: Some(self.fragment_bytes),
            ..newfs::Options::new(64 << 20)
        })
    }
}

/// The root directory of a file system, and what should be in it.
pub(super) struct World {
    pub(super) fs: Mounted,
    pub(super) names: BTreeMap<Vec<u8>, (InodeNo, FileType)>,
    pub(super) luck: Luck,
}

/// What a listing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) name: Vec<u8>,
    pub(super) inode: InodeNo,
    pub(super) file_type: Option<FileType>,
    pub(super) cookie: u64,
}

impl World {
    pub(super) fn new(layout: &Layout, seed: u64) -> Self {
        Self::with(layout.image(), Options::default(), seed).expect("a mount")
    }

    pub(super) fn with(image: Memory, options: Options, seed: u64) -> Result<Self, MountError> {
        let fs = Mounted::of(image, options)?;
        Ok(Self { fs, names: BTreeMap::new(), luck: Luck(seed) })
    }

    pub(super) fn root(&self) -> Rc<Node> {
        self.fs.wait(self.fs.ffs.node(ROOT_INODE)).expect("the root")
    }

    pub(super) fn size(&self) -> u64 {
        self.root().inode().size_bytes
    }

    pub(super) fn entry_of(&self, name: &[u8]) -> Result<Found> {
        self.fs.wait(self.fs.ffs.entry_of(&self.root(), name))
    }

    pub(super) fn room_for(&self, name: &[u8]) -> Result<Room> {
        self.fs.wait(self.fs.ffs.room_for(&self.root(), name))
    }

    /// Puts in a name that is not there.
    pub(super) fn enter(&mut self, name: &[u8]) -> Result<()> {
        assert_eq!(self.entry_of(name), Err(Errno::NoEntry));
        self.enter_unseen(name)
    }

    /// The same, without looking whether it is there.
    pub(super) fn enter_unseen(&mut self, name: &[u8]) -> Result<()> {
        let (inode, file_type) = self.some_file();
        let room = self.room_for(name)?;
        self.fs.wait(self.fs.ffs.transact(NOW, |transaction| {
            transaction.enter(ROOT_INODE, &room, name, inode, file_type)
        }))?;
        self.names.insert(name.to_vec(), (inode, file_type));
        Ok(())
    }

    pub(super) fn strike(&mut self, name: &[u8]) -> Result<()> {
        let found = self.entry_of(name)?;
        self.fs.wait(self.fs.ffs.transact(NOW, |transaction| {
            transaction.shrink();
            transaction.strike(ROOT_INODE, &found, name)
        }))?;
        self.names.remove(name);
        Ok(())
    }

    pub(super) fn redirect(&mut self, name: &[u8]) -> Result<()> {
        let (inode, file_type) = self.some_file();
        let found = self.entry_of(name)?;
        self.fs.wait(self.fs.ffs.transact(NOW, |transaction| {
            transaction.redirect(ROOT_INODE, &found, name, inode, file_type)
        }))?;
        self.names.insert(name.to_vec(), (inode, file_type));
        Ok(())
    }

    /// Gives a file another name in one transaction, as rename does.
    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<()> {
        let (inode, file_type) = self.names[from];
        let found = self.entry_of(from)?;
        let room = self.room_for(to)?;
        self.fs.wait(self.fs.ffs.transact(NOW, |transaction| {
            transaction.enter(ROOT_INODE, &room, to, inode, file_type)?;
            transaction.shrink();
            transaction.strike(ROOT_INODE, &found, from)
        }))?;
        self.names.remove(from);
        self.names.insert(to.to_vec(), (inode, file_type));
        Ok(())
    }

    fn some_file(&mut self) -> (InodeNo, FileType) {
        let inode = 3 + self.luck.below(self.fs.ffs.geometry.inodes() - 3);
        (InodeNo(inode), TYPES[self.luck.below(4) as usize])
    }

    /// A name of chance, most of them short.
    pub(super) fn some_name(&mut self) -> Vec<u8> {
        let longest = [4, 12, 30, 255][self.luck.below(4) as usize];
        let length = 1 + self.luck.below(longest);
        (0..length).map(|_| b'a' + self.luck.below(26) as u8).collect()
    }

    /// A name that is there, if any is.
    pub(super) fn known_name(&mut self) -> Option<Vec<u8>> {
        let start = self.some_name();
        let behind = self.names.range(start..).next().or_else(|| self.names.iter().next());
        behind.map(|(name, _)| name.clone())
    }

    /// Up to `count` entries behind a cookie, and whether that was all.
    pub(super) fn list(&self, after: u64, count: usize) -> Result<(Vec<Shown>, bool)> {
        let mut shown = Vec::new();
        let mut visit = |entry: vfs::Entry<'_>| {
            if shown.len() == count {
                return ControlFlow::Break(());
            }
            let (inode, file_type) = (entry.inode, entry.file_type);
            shown.push(Shown { name: entry.name.to_vec(), inode, file_type, cookie: entry.cookie });
            ControlFlow::Continue(())
        };
        let end = self.fs.wait(self.fs.ffs.list(&self.root(), after, &mut visit))?;
        Ok((shown, end))
    }

    /// The directory is what it should be, and sound.
    pub(super) fn check(&self) {
        let (shown, end) = self.list(0, usize::MAX).expect("a listing");
        assert!(end && self.size().is_multiple_of(CHUNK_BYTES as u64));
        let has_types = self.fs.ffs.geometry.directory_shape().has_types;
        let mut seen = BTreeMap::new();
        for entry in shown.iter().filter(|entry| !matches!(&entry.name[..], b"." | b"..")) {
            let file_type = self.names.get(&entry.name).map(|&(_, file_type)| file_type);
            assert_eq!(entry.file_type, file_type.filter(|_| has_types));
            let kept = (entry.inode, file_type.expect("a name of the model"));
            assert_eq!(seen.insert(entry.name.clone(), kept), None);
        }
        assert_eq!(seen, self.names);
        assert_eq!(shown.len(), self.names.len() + 2);
        assert_eq!(self.fs.damage.borrow()[..], [""; 0]);
    }

    /// Writes everything and mounts it anew.
    pub(super) fn remount(self) -> Self {
        Self { fs: self.fs.again(), ..self }
    }

    /// Where a chunk is on the disk, in bytes.
    pub(super) fn disk_offset(&self, offset: u64) -> u64 {
        let (ffs, root) = (&self.fs.ffs, self.root());
        let shift = ffs.geometry.block_shift;
        let mut map = Map::new(ffs, &root);
        let frag = self.fs.wait(map.pointer(Lbn(offset >> shift))).expect("a block");
        (frag.0 << ffs.geometry.frag_shift) + (offset & ((1 << shift) - 1))
    }

    /// The chunk that begins at `offset`, as it is on the disk.
    pub(super) fn chunk(&self, offset: u64) -> [u8; CHUNK_BYTES] {
        let mut chunk = [0; CHUNK_BYTES];
        self.fs.disk.image.borrow().read_at(self.disk_offset(offset), &mut chunk);
        chunk
    }

    /// The names in a chunk, with their offsets in it.
    pub(super) fn names_in(&self, chunk: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let shape = self.fs.ffs.geometry.directory_shape();
        let (mut at, mut names) = (0, Vec::new());
        while let Ok(entry) = DirectoryEntry::parse(chunk, at, shape) {
            if entry.is_name() {
                names.push((at, entry.name.to_vec()));
            }
            at += entry.record_bytes;
        }
        names
    }
}
