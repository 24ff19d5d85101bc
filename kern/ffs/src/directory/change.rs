//! Names entered, struck and redirected: parts of transactions.
//!
//! What was found before the transaction is looked at again. If it is not so, the image has
//! changed under a lock that nobody else may hold: nothing is changed, the index is forgotten, and
//! the answer is `Io`.

use super::chunk::{Chunk, Gap, Place};
use super::grow::At;
use super::{Found, IndexChange, Room};
use crate::layout::{CHUNK_BYTES, DirectoryEntry, record_bytes_min, type_code};
use crate::transaction::{Step, Transaction};
use abi::{Errno, FileType, InodeNo, Result};

/// An entry about to be made.
#[derive(Clone, Copy)]
struct NewEntry<'a> {
    name: &'a [u8],
    inode: u32,
    type_code: u8,
}

impl<'a> NewEntry<'a> {
    fn new(name: &'a [u8], inode: InodeNo, file_type: FileType) -> Result<Self> {
        let inode = u32::try_from(inode.0).map_err(|_| Errno::Io)?;
        Ok(Self { name, inode, type_code: type_code(file_type) })
    }

    fn record(&self) -> DirectoryEntry<'a> {
        let Self { name, inode, type_code } = *self;
        DirectoryEntry { inode, record_bytes: 0, type_code, name }
    }
}

impl Transaction<'_> {
    /// Puts a name that is not there where `room` says. The directory's size follows; times and
    /// link counts are the caller's business.
    ///
    /// # Errors
    /// `NoSpace`, `QuotaExceeded` if the directory has to grow and cannot; `Io` if it is damaged.
    pub(crate) fn enter(
        &mut self,
        directory: InodeNo,
        room: &Room,
        name: &[u8],
        inode: InodeNo,
        file_type: FileType,
    ) -> Step<()> {
        let entry = NewEntry::new(name, inode, file_type)?;
        let at = match *room {
            Room::Chunk(offset) => self.chunk_at(directory, offset)?,
            Room::New => self.new_chunk(directory)?,
        };
        let place = self.put_entry(directory, at, &entry)?;
        let (hash, offset) = (self.ffs.name_hash(name), at.offset as u32 + place.at as u32);
        self.change_index(directory, IndexChange::Enter { hash, offset });
        self.note_room(directory, at)
    }

    /// Takes a name away that was found. The directory may become shorter.
    ///
    /// # Errors
    /// `Io` if it is not there any more.
    pub(crate) fn strike(&mut self, directory: InodeNo, found: &Found, name: &[u8]) -> Step<()> {
        let at = self.chunk_at(directory, found.offset)?;
        let gap = self.record_of(directory, at, found, name)?;
        let shape = self.ffs.geometry.directory_shape();
        gap.clear(self.chunk_mut(at)?, shape);
        let (hash, offset) = (self.ffs.name_hash(name), found.offset as u32);
        self.change_index(directory, IndexChange::Strike { hash, offset });
        self.note_room(directory, at)?;
        self.cut_free_tail(directory, at)
    }

    /// Makes a name that was found lead to another file.
    ///
    /// # Errors
    /// `Io` if it is not there any more.
    pub(crate) fn redirect(
        &mut self,
        directory: InodeNo,
        found: &Found,
        name: &[u8],
        inode: InodeNo,
        file_type: FileType,
    ) -> Step<()> {
        let entry = NewEntry::new(name, inode, file_type)?;
        let at = self.chunk_at(directory, found.offset)?;
        self.record_of(directory, at, found, name)?;
        let shape = self.ffs.geometry.directory_shape();
        let start = found.offset as usize % CHUNK_BYTES;
        shape.put_inode(&mut self.chunk_mut(at)?[start..], entry.inode, entry.type_code);
        Ok(())
    }

    /// Gives a new directory, which is empty, its first chunk with `.` and `..`.
    ///
    /// # Errors
    /// `NoSpace`, `QuotaExceeded`.
    pub(crate) fn start_directory(&mut self, directory: InodeNo, parent: InodeNo) -> Step<()> {
        // Its number may have been another directory's.
        self.change_index(directory, IndexChange::Drop);
        let at = self.new_chunk(directory)?;
        for (name, inode) in [(&b"."[..], directory), (b"..", parent)] {
            self.put_entry(directory, at, &NewEntry::new(name, inode, FileType::Directory)?)?;
        }
        Ok(())
    }

    /// Makes `..` of a directory lead to another one.
    ///
    /// # Errors
    /// `Io` if its first chunk has no `..`.
    pub(crate) fn set_parent(&mut self, directory: InodeNo, parent: InodeNo) -> Step<()> {
        let entry = NewEntry::new(b"..", parent, FileType::Directory)?;
        let at = self.chunk_at(directory, 0)?;
        let start = self.look_at(at, |chunk| chunk.find(entry.name))?.ok_or_else(|| {
            let line = format_args!("inode {}: directory without '..'", directory.0);
            self.ffs.damaged(line)
        })?;
        let shape = self.ffs.geometry.directory_shape();
        shape.put_inode(&mut self.chunk_mut(at)?[start..], entry.inode, entry.type_code);
        Ok(())
    }

    fn look_at<T>(&self, at: At, look: impl FnOnce(Chunk<'_>) -> T) -> Step<T> {
        let page = self.page(at.page)?;
        let bytes = page.get(at.range()).ok_or(Errno::Io)?;
        Ok(look(Chunk::new(bytes, at.offset, &self.ffs.geometry)))
    }

    fn chunk_mut(&mut self, at: At) -> Step<&mut [u8]> {
        self.metadata_mut(at.page, at.range())
    }

    /// Puts an entry where it fits best in a chunk.
    fn put_entry(&mut self, directory: InodeNo, at: At, entry: &NewEntry<'_>) -> Step<Place> {
        let place = self.look_at(at, |chunk| chunk.place(record_bytes_min(entry.name.len())))?;
        let place = place.map_err(|bad| self.ffs.bad_record(directory, bad))?;
        let place = place.ok_or_else(|| self.is_not_as_found(directory, at.offset))?;
        let shape = self.ffs.geometry.directory_shape();
        place.fill(self.chunk_mut(at)?, entry.record(), shape);
        Ok(place)
    }

    /// What the record of a name that was found would leave behind.
    fn record_of(&self, directory: InodeNo, at: At, found: &Found, name: &[u8]) -> Step<Gap> {
        let gap = self.look_at(at, |chunk| {
            let neighbours = chunk.neighbours(found.offset)?;
            let entry = neighbours.record.entry;
            let is_it = entry.name == name && u64::from(entry.inode) == found.inode.0;
            is_it.then(|| neighbours.gap())
        })?;
        Ok(gap.ok_or_else(|| self.is_not_as_found(directory, found.offset))?)
    }

    fn is_not_as_found(&self, directory: InodeNo, offset: u64) -> Errno {
        self.ffs.change_index(directory, IndexChange::Drop);
        let inode = directory.0;
        let line = format_args!("inode {inode}: directory changed by itself at byte {offset}");
        self.ffs.damaged(line)
    }

    fn note_room(&mut self, directory: InodeNo, at: At) -> Step<()> {
        let bytes = self.look_at(at, |chunk| chunk.room())?;
        self.change_index(directory, IndexChange::Room { chunk: at.chunk(), bytes });
        Ok(())
    }

    /// Whether nothing is in a chunk.
    pub(super) fn is_free_chunk(&self, at: At) -> Step<bool> {
        self.look_at(at, |chunk| chunk.room() == CHUNK_BYTES)
    }

    /// Makes a chunk of zeros one free record.
    pub(super) fn start_chunk(&mut self, at: At) -> Step<()> {
        let shape = self.ffs.geometry.directory_shape();
        super::chunk::start(self.chunk_mut(at)?, shape);
        Ok(())
    }
}
