//! Pages and inodes as a transaction sees and changes them.

use super::{Halt, Step, Transaction};
use crate::layout::{FragNo, Inode};
use abi::{Errno, InodeNo};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use block::{Cache, Loan, PageNo, Sectors};
use bytes::{Bytes, BytesMut};
use core::ops::Range;

/// A page as the transaction leaves it.
#[derive(Default)]
pub(super) struct Edit {
    /// A copy, changed; nothing while the contents are lent.
    own: BytesMut,
    /// What a caller brought, whose memory it is.
    lent: Option<(Bytes, Rc<Loan>)>,
    /// What it changed of metadata.
    pub(super) metadata: Sectors,
    /// What it changed of data.
    pub(super) data: Sectors,
}

impl Edit {
    fn bytes(&self) -> &[u8] {
        self.lent.as_ref().map_or(&self.own, |(bytes, _)| bytes)
    }

    /// The bytes, to be changed: what is lent is copied first.
    fn bytes_mut(&mut self) -> &mut BytesMut {
        if let Some((bytes, _)) = self.lent.take() {
            self.own = BytesMut::from(&bytes[..]);
        }
        &mut self.own
    }

    /// Makes it the contents of the page, and returns them.
    pub(super) fn put(self, cache: &Cache, page: PageNo) -> Bytes {
        let Some((bytes, loan)) = self.lent else {
            let bytes = self.own.freeze();
            cache.change(page, bytes.clone(), self.data, self.metadata);
            return bytes;
        };
        cache.change_lent(page, bytes.clone(), loan);
        bytes
    }
}

/// Edits by page.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) pages: BTreeMap<PageNo, Edit>,
}

impl Transaction<'_> {
    /// A page as it is now.
    pub(crate) fn page(&self, page: PageNo) -> Step<View<'_>> {
        let layers = [self.shrink.as_ref(), Some(&self.grow)];
        let edited = layers.into_iter().flatten().find_map(|layer| layer.pages.get(&page));
        match edited {
            Some(edit) => Ok(View::Edited(edit.bytes())),
            None => self.ffs.cache.peek(page).map(View::Shared).ok_or(Halt::Page(page)),
        }
    }

    /// A part of a page, to change metadata in.
    pub(crate) fn metadata_mut(&mut self, page: PageNo, range: Range<usize>) -> Step<&mut [u8]> {
        let edit = self.edit(page)?;
        edit.metadata |= Sectors::of(range.clone());
        edit.bytes_mut().get_mut(range).ok_or(Halt::Errno(Errno::Io))
    }

    /// A part of a page, to change data in. Says to nobody whose it is: see
    /// [`Transaction::note_dirty`].
    pub(crate) fn data_mut(&mut self, page: PageNo, range: Range<usize>) -> Step<&mut [u8]> {
        let edit = self.edit(page)?;
        edit.data |= Sectors::of(range.clone());
        edit.bytes_mut().get_mut(range).ok_or(Halt::Errno(Errno::Io))
    }

    /// Forgets what the page held: all of it was free, so nobody needs to read it. Zeros.
    pub(crate) fn clear_page(&mut self, page: PageNo) {
        let own = BytesMut::zeroed(self.ffs.geometry.block_bytes() as usize);
        self.layer().pages.insert(page, Edit { own, ..Edit::default() });
    }

    /// Fills a page with data that stands where it is until the disk has it.
    pub(crate) fn lend_page(&mut self, page: PageNo, bytes: Bytes, loan: Rc<Loan>) {
        let data = Sectors::of(0..bytes.len());
        let edit = Edit { lent: Some((bytes, loan)), data, ..Edit::default() };
        self.layer().pages.insert(page, edit);
    }

    /// Where a fragment is: its page, and its offset there in bytes.
    pub(crate) fn place(&self, frag: FragNo) -> (PageNo, usize) {
        let geometry = &self.ffs.geometry;
        let offset = (geometry.frag_in_block(frag) as usize) << geometry.frag_shift;
        (self.ffs.page(frag), offset)
    }

    /// An inode as it is now.
    ///
    /// # Errors
    /// `Stale` if there is no such inode.
    pub(crate) fn inode(&self, number: InodeNo) -> Step<Inode> {
        if let Some(inode) = self.inodes.get(&number) {
            return Ok(*inode);
        }
        let (frag, offset) = self.ffs.geometry.inode_place(number).ok_or(Errno::Stale)?;
        let shape = self.ffs.geometry.inode_shape();
        let page = self.page(self.ffs.page(frag))?;
        let bytes = page.get(offset..offset + shape.bytes()).ok_or(Errno::Io)?;
        Ok(shape.parse(bytes))
    }

    /// Changes an inode.
    ///
    /// # Errors
    /// As [`Transaction::inode`].
    pub(crate) fn set_inode(&mut self, number: InodeNo, inode: Inode) -> Step<()> {
        let (frag, offset) = self.ffs.geometry.inode_place(number).ok_or(Errno::Stale)?;
        let shape = self.ffs.geometry.inode_shape();
        let page = self.ffs.page(frag);
        let bytes = self.metadata_mut(page, offset..offset + shape.bytes())?;
        shape.store(&inode, bytes);
        // As the disk can keep it: times are 32 bits wide there, or have no nanoseconds.
        let kept = shape.parse(bytes);
        self.inodes.insert(number, kept);
        Ok(())
    }

    fn layer(&mut self) -> &mut Layer {
        self.shrink.as_mut().unwrap_or(&mut self.grow)
    }

    fn edit(&mut self, page: PageNo) -> Step<&mut Edit> {
        if !self.layer().pages.contains_key(&page) {
            let own = BytesMut::from(&*self.page(page)?);
            self.layer().pages.insert(page, Edit { own, ..Edit::default() });
        }
        self.layer().pages.get_mut(&page).ok_or(Halt::Page(page))
    }
}

/// The bytes of a page, to be looked at.
pub(crate) enum View<'a> {
    Edited(&'a [u8]),
    Shared(Bytes),
}

impl core::ops::Deref for View<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Edited(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}
