//! A mounted file system: what its parts share.

use crate::damage::Reports;
use crate::description::{Condition, Description, obstacle, text};
use crate::directory::NameIndex;
use crate::layout::{FragNo, Geometry, ROOT_INODE, Superblock};
use crate::mount::Options;
use crate::node_table::NodeTable;
use crate::writer::Writer;
use abi::{Errno, FileId, FileSystemId, InodeNo};
use alloc::rc::Rc;
use block::{Cache, CacheUse, Clock, Device, PageNo};
use core::cell::{Cell, RefCell};
use core::fmt;
use vfs::Usage;

/// A mounted UFS1 or UFS2 file system.
pub struct Ffs {
    pub(crate) superblock: Superblock,
    pub(crate) geometry: Geometry,
    pub(crate) cache: Cache,
    pub(crate) nodes: RefCell<NodeTable>,
    pub(crate) indexes: RefCell<Clock<InodeNo, Rc<NameIndex>>>,
    pub(crate) options: Options,
    dirty_bytes_max: Cell<u64>,
    /// `None` if nothing may be changed.
    pub(crate) writer: Option<Writer>,
    reports: Reports,
    root: FileId,
}

impl Ffs {
    pub(crate) fn new(
        device: Rc<Device>,
        superblock: Superblock,
        geometry: Geometry,
        options: Options,
        reports: Reports,
    ) -> Self {
        Self {
            superblock,
            geometry,
            cache: Cache::new(device, geometry.block_bytes(), options.cache_bytes)
                .on_account(&options.dirty_account),
            nodes: RefCell::new(NodeTable::new(options.inode_cache_entries)),
            indexes: RefCell::new(Clock::new(options.directory_index_bytes)),
            dirty_bytes_max: Cell::new(options.dirty_bytes_max),
            options,
            writer: None,
            reports,
            root: FileId { inode: ROOT_INODE, generation: 0 },
        }
    }

    pub(crate) fn set_root(&mut self, root: FileId) {
        self.root = root;
    }

    pub(crate) fn root_file(&self) -> FileId {
        self.root
    }

    /// From now on keeps at most so many bytes of clean pages, and of changed data that the disk does
    /// not have. Whoever changes something waits until there is less.
    pub fn set_memory(&self, cache_bytes: u64, dirty_bytes_max: u64) {
        self.cache.set_budget(cache_bytes);
        self.dirty_bytes_max.set(dirty_bytes_max);
    }

    /// Changed data that the disk does not have, at most, in bytes.
    pub(crate) fn dirty_bytes_max(&self) -> u64 {
        self.dirty_bytes_max.get()
    }

    /// What its pages take in memory, and how often they were there when asked for.
    pub fn cache_use(&self) -> CacheUse {
        self.cache.usage()
    }

    /// What is mounted.
    pub fn description(&self) -> Description {
        let geometry = &self.geometry;
        Description {
            format: geometry.format,
            is_old: geometry.is_old,
            byte_order: geometry.order,
            size_bytes: geometry.size_frags << geometry.frag_shift,
            block_bytes: geometry.block_bytes(),
            frag_bytes: geometry.frag_bytes(),
            label: text(&self.superblock.volume_name),
            last_mounted_on: text(&self.superblock.mounted_on),
            condition: Condition::of(&self.superblock),
            unwritable: obstacle(&self.superblock, geometry.is_old),
        }
    }

    /// The superblock's own number, or, where `newfs` gave none, a digest of what never changes
    /// while the file system exists.
    pub(crate) fn identity(&self) -> FileSystemId {
        let [high, low] = self.superblock.id;
        let id = u64::from(high) << 32 | u64::from(low);
        FileSystemId(if id == 0 { self.digest() } else { id })
    }

    fn digest(&self) -> u64 {
        let superblock = &self.superblock;
        let words = [
            superblock.system_wide_id,
            self.geometry.size_frags,
            superblock.block_bytes as u64,
            superblock.frag_bytes as u64,
            superblock.inodes_per_group.into(),
            self.geometry.frags_per_group.into(),
            superblock.magic.into(),
            self.root.generation.into(),
        ];
        // FNV-1a.
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// How full it is. The counts are only as good as the disk, so they are kept in range.
    pub(crate) fn space(&self) -> Usage {
        let geometry = &self.geometry;
        let total = self.writer.as_ref().map_or(self.superblock.total, Writer::total);
        let positive = |count: i64| u64::try_from(count).unwrap_or(0);
        let blocks = positive(total.free_blocks).min(geometry.size_frags);
        let frags = positive(total.free_frags).min(geometry.size_frags);
        let free = ((blocks << geometry.frags_per_block_shift()) + frags).min(geometry.data_frags);
        let percent = positive(self.superblock.reserve_percent.into()).min(100);
        let reserve = geometry.data_frags * percent / 100;
        let files = geometry.inodes() - ROOT_INODE.0;
        Usage {
            total_bytes: geometry.data_frags << geometry.frag_shift,
            free_bytes: free << geometry.frag_shift,
            available_bytes: free.saturating_sub(reserve) << geometry.frag_shift,
            total_files: files,
            free_files: positive(total.free_inodes).min(files),
        }
    }

    /// The page that a fragment lies in.
    #[inline]
    pub(crate) fn page(&self, frag: FragNo) -> PageNo {
        PageNo(frag.0 >> self.geometry.frags_per_block_shift())
    }

    /// Names a damaged place, and gives the error that its reader gets.
    pub(crate) fn damaged(&self, line: fmt::Arguments<'_>) -> Errno {
        self.reports.report(line);
        Errno::Io
    }
}
