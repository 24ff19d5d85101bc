//! Inodes in memory.
//!
//! A [`Node`] is an inode that was read, checked and decoded once; the most used ones are kept.
//! There is one node for an inode: those in use are not forgotten, and a transaction that is
//! applied changes them.

use crate::ahead::Ahead;
use crate::directory;
use crate::file_system::Ffs;
use crate::layout::{CylGroup, CylinderGroup, Format, FragNo, Inode, ROOT_INODE};
use abi::{Attributes, Errno, FileId, FileType, InodeNo, Result};
use alloc::rc::Rc;
use core::cell::Cell;

/// An inode in use.
pub(crate) struct Node {
    pub(crate) number: InodeNo,
    pub(crate) file_type: FileType,
    /// As the last transaction left it.
    inode: Cell<Inode>,
    /// Where a sequential reader has come to.
    pub(crate) ahead: Cell<Ahead>,
    /// What was found out about a directory.
    pub(crate) findings: directory::Findings,
}

impl Node {
    pub(crate) fn file(&self) -> FileId {
        FileId { inode: self.number, generation: self.inode().generation }
    }

    /// The inode as it is now.
    pub(crate) fn inode(&self) -> Inode {
        self.inode.get()
    }

    pub(crate) fn attributes(&self) -> Attributes {
        let inode = self.inode();
        Attributes {
            file: self.file(),
            file_type: self.file_type,
            mode: u32::from(inode.mode & crate::layout::mode::PERMISSIONS),
            links: inode.links.into(),
            uid: inode.uid,
            gid: inode.gid,
            size_bytes: inode.size_bytes,
            used_bytes: inode.sectors.saturating_mul(512),
            device: inode.device(),
            flags: inode.flags,
            accessed: inode.accessed,
            modified: inode.modified,
            changed: inode.changed,
            born: inode.born,
        }
    }
}

impl Ffs {
    /// The inode of a file that a handle names.
    ///
    /// # Errors
    /// `Stale` if it is free or belongs to another file by now; `Io` if it is damaged.
    pub(crate) async fn file(&self, file: FileId) -> Result<Rc<Node>> {
        let node = self.node(file.inode).await?;
        if node.inode().generation == file.generation { Ok(node) } else { Err(Errno::Stale) }
    }

    /// The inode with this number.
    ///
    /// # Errors
    /// `Stale` if it is free or has no names any more, or there is no such inode; `Io` if it is
    /// damaged.
    pub(crate) async fn node(&self, number: InodeNo) -> Result<Rc<Node>> {
        let node = self.load_node(number).await?;
        if self.is_unlinked(number) { Err(Errno::Stale) } else { Ok(node) }
    }

    async fn load_node(&self, number: InodeNo) -> Result<Rc<Node>> {
        if let Some(node) = self.nodes.borrow_mut().get(number) {
            return Ok(node);
        }
        let inode = self.read_inode(number).await?;
        let node = Rc::new(self.checked(number, inode)?);
        let mut nodes = self.nodes.borrow_mut();
        // Another task may have been faster.
        if let Some(node) = nodes.get(number) {
            return Ok(node);
        }
        nodes.insert(number, &node);
        Ok(node)
    }

    /// Takes over what a transaction made of an inode. A free one is nobody's any more.
    pub(crate) fn update_node(&self, number: InodeNo, inode: Inode) {
        let mut nodes = self.nodes.borrow_mut();
        match nodes.get(number) {
            Some(node) if inode.mode != 0 => node.inode.set(inode),
            Some(_) => nodes.remove(number),
            None => {}
        }
    }

    /// Whether the file has lost its last name and is being taken apart.
    fn is_unlinked(&self, number: InodeNo) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.unlinked.borrow().contains_key(&number))
    }

    async fn read_inode(&self, number: InodeNo) -> Result<Inode> {
        let (frag, offset) = self.geometry.inode_place(number).ok_or(Errno::Stale)?;
        if number < ROOT_INODE || !self.is_initialized(number).await? {
            return Err(Errno::Stale);
        }
        let page = self.cache.read(self.page(frag)).await?;
        let shape = self.geometry.inode_shape();
        let bytes = page.get(offset..offset + shape.bytes()).ok_or(Errno::Io)?;
        Ok(shape.parse(bytes))
    }

    /// Whether an inode was ever written. UFS2 writes inodes to disk as they are first needed:
    /// behind them stands what the disk held before, which might look like an inode.
    async fn is_initialized(&self, number: InodeNo) -> Result<bool> {
        if self.geometry.format == Format::Ufs1 {
            return Ok(true);
        }
        let per_group = u64::from(self.geometry.inodes_per_group);
        let group = CylGroup((number.0 / per_group) as u32);
        let block = self.geometry.group_block(group);
        let page = self.cache.read(self.page(block)).await?;
        let Some(header) = CylinderGroup::parse(&page, self.geometry.order) else {
            return Err(self.bad_group(group, block));
        };
        Ok(number.0 % per_group < u64::from(header.initialized_inodes))
    }

    fn bad_group(&self, group: CylGroup, block: FragNo) -> Errno {
        let group = group.0;
        self.damaged(format_args!("cylinder group {group}: no group block at fragment {block}"))
    }

    fn checked(&self, number: InodeNo, inode: Inode) -> Result<Node> {
        if inode.mode == 0 {
            return Err(Errno::Stale);
        }
        let (at, mode, size) = (number.0, inode.mode, inode.size_bytes);
        let Some(file_type) = inode.file_type() else {
            return Err(self.damaged(format_args!("inode {at}: mode {mode:#o} is no type of file")));
        };
        let limit = self.geometry.addressable_bytes();
        if size > limit {
            let line = format_args!("inode {at}: size {size} bytes, at most {limit} is possible");
            return Err(self.damaged(line));
        }
        Ok(Node {
            number,
            file_type,
            inode: Cell::new(inode),
            ahead: Cell::default(),
            findings: directory::Findings::default(),
        })
    }
}
