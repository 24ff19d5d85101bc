//! Directories as repairs read and change them.

use super::Check;
use super::allocate::range;
use super::error::Result;
use super::walk::{Home, Kind, Verdict};
use ffs::layout::{
    BlockArea, CHUNK_BYTES, DIRECT_POINTERS, DirectoryEntry, DirectoryShape, Field, FragNo, Inode,
    record_bytes_min,
};
use std::collections::HashSet;

/// A block of a directory, or a piece of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub at: FragNo,
    pub frags: u32,
    /// How many of its bytes belong to the directory.
    pub bytes: usize,
}

/// A name to be made.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub inode: u32,
    pub type_code: u8,
    pub name: Vec<u8>,
}

/// The records of a chunk up to the first that cannot be read, and where each begins.
pub(super) fn records(
    chunk: &[u8],
    shape: DirectoryShape,
) -> impl Iterator<Item = (usize, DirectoryEntry<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let entry = (at < chunk.len()).then(|| DirectoryEntry::parse(chunk, at, shape).ok())??;
        let start = at;
        at += entry.record_bytes;
        Some((start, entry))
    })
}

/// Makes a record free, whatever it was.
pub(super) fn free_record(bytes: &mut [u8], record_bytes: usize, shape: DirectoryShape) {
    0_u32.put(bytes, shape.order);
    (record_bytes as u16).put(&mut bytes[4..], shape.order);
    bytes[6..8].fill(0);
}

/// Puts an entry where a chunk has room. Says whether it has.
pub(super) fn insert(chunk: &mut [u8], entry: &Entry, shape: DirectoryShape) -> bool {
    let needed = record_bytes_min(entry.name.len());
    let room = records(chunk, shape).find_map(|(at, old)| {
        let kept = if old.inode == 0 { 0 } else { record_bytes_min(old.name.len()) };
        (old.record_bytes - kept >= needed).then_some((at, kept, old.record_bytes))
    });
    let Some((at, kept, record_bytes)) = room else { return false };
    if kept > 0 {
        (kept as u16).put(&mut chunk[at + 4..], shape.order);
    }
    let type_code = if shape.has_types { entry.type_code } else { 0 };
    DirectoryEntry {
        inode: entry.inode,
        record_bytes: record_bytes - kept,
        type_code,
        name: &entry.name,
    }
    .emit(&mut chunk[at + kept..], shape);
    true
}

impl Check<'_> {
    /// The blocks of a directory that phase 1 has seen, in order.
    pub(super) fn pieces(&mut self, number: u32) -> Result<Vec<Piece>> {
        let mut inode = self.volume.inode(number)?;
        let (size_bytes, block_bytes) = (inode.size_bytes, self.volume.block_bytes());
        let mut pieces = Vec::new();
        self.volume.walk(&mut inode, &mut |pointer| {
            if let Kind::Data(lbn) = pointer.kind {
                let bytes = (size_bytes - lbn * block_bytes).min(block_bytes) as usize;
                pieces.push(Piece { at: pointer.to, frags: pointer.frags, bytes });
            }
            Verdict::Keep
        })?;
        Ok(pieces)
    }

    /// The first answer that a chunk of a directory gives.
    fn search<T>(
        &self,
        pieces: &[Piece],
        mut look: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        for piece in pieces {
            let bytes = self.volume.read_frags(piece.at, piece.frags)?;
            if let Some(answer) = bytes[..piece.bytes].chunks_exact(CHUNK_BYTES).find_map(&mut look)
            {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Changes the first chunk of a directory that `change` says it has changed.
    fn edit(
        &mut self,
        pieces: &[Piece],
        mut change: impl FnMut(&mut [u8]) -> bool,
    ) -> Result<bool> {
        for piece in pieces {
            let mut bytes = self.volume.read_frags(piece.at, piece.frags)?;
            if bytes[..piece.bytes].chunks_exact_mut(CHUNK_BYTES).any(&mut change) {
                self.volume.write(piece.at, &bytes)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first entry of a directory that `is_it`.
    pub(super) fn find_entry(
        &mut self,
        directory: u32,
        is_it: impl Fn(&DirectoryEntry<'_>) -> bool,
    ) -> Result<Option<Entry>> {
        let shape = self.volume.names;
        let pieces = self.pieces(directory)?;
        self.search(&pieces, |chunk| {
            let found = records(chunk, shape).find(|(_, entry)| entry.inode != 0 && is_it(entry));
            found.map(|(_, entry)| Entry {
                inode: entry.inode,
                type_code: entry.type_code,
                name: entry.name.to_vec(),
            })
        })
    }

    /// All names in a directory.
    pub(super) fn names_of(&mut self, directory: u32) -> Result<HashSet<Vec<u8>>> {
        let shape = self.volume.names;
        let pieces = self.pieces(directory)?;
        let mut names = HashSet::new();
        self.search(&pieces, |chunk| {
            names.extend(records(chunk, shape).map(|(_, entry)| entry.name.to_vec()));
            None::<()>
        })?;
        Ok(names)
    }

    /// Removes the entry of a directory with this name and inode.
    pub(super) fn remove_entry(&mut self, directory: u32, entry: &Entry) -> Result<()> {
        let shape = self.volume.names;
        let pieces = self.pieces(directory)?;
        self.edit(&pieces, |chunk| {
            let is_it = |(_, old): &(usize, DirectoryEntry<'_>)| {
                old.inode == entry.inode && old.name == entry.name
            };
            let found = records(chunk, shape).find(is_it);
            let Some((at, record_bytes)) = found.map(|(at, old)| (at, old.record_bytes)) else {
                return false;
            };
            free_record(&mut chunk[at..], record_bytes, shape);
            true
        })?;
        Ok(())
    }

    /// Lets the `..` of a directory lead to `parent`.
    pub(super) fn set_dot_dot(&mut self, directory: u32, parent: u32) -> Result<()> {
        let shape = self.volume.names;
        let pieces = self.pieces(directory)?;
        self.edit(&pieces, |chunk| {
            let at = records(chunk, shape).find(|(_, entry)| entry.name == b"..");
            let Some(at) = at.map(|(at, _)| at) else { return false };
            parent.put(&mut chunk[at..], shape.order);
            true
        })?;
        self.census.directory_mut(directory).dot_dot = parent;
        Ok(())
    }

    /// Adds an entry, behind as many pieces of the directory as `skip` says are full. Makes the
    /// directory longer if need be; says whether there was room.
    pub(super) fn add_entry(
        &mut self,
        directory: u32,
        entry: &Entry,
        skip: &mut usize,
    ) -> Result<bool> {
        let shape = self.volume.names;
        let pieces = self.pieces(directory)?;
        for (index, piece) in pieces.iter().enumerate().skip(*skip) {
            if self.edit(&[*piece], |chunk| insert(chunk, entry, shape))? {
                *skip = index;
                return Ok(true);
            }
        }
        match self.lengthen(directory)? {
            true => self.add_entry(directory, entry, skip),
            false => Ok(false),
        }
    }

    /// Makes a directory longer: its last block whole, or one block more.
    fn lengthen(&mut self, directory: u32) -> Result<bool> {
        let mut inode = self.volume.inode(directory)?;
        let block = self.volume.block_bytes();
        let inside = (inode.size_bytes % block) as usize;
        let lbn = inode.size_bytes / block;
        let mut bytes = self.fresh_block();
        let old = match inside {
            0 => None,
            _ => self.pieces(directory)?.last().copied(),
        };
        if let Some(piece) = old {
            let before = self.volume.read_frags(piece.at, piece.frags)?;
            bytes[..inside].copy_from_slice(&before[..inside]);
        }
        let is_whole = |piece: &Piece| piece.frags == self.volume.block_frags();
        let to = match old.filter(is_whole) {
            Some(piece) => piece.at,
            None => {
                let Some(to) = self.allocate_block() else { return Ok(false) };
                if !self.append(&mut inode, lbn, to, old)? {
                    self.census.used.clear(range(to, self.volume.block_frags()));
                    return Ok(false);
                }
                to
            }
        };
        self.volume.write(to, &bytes)?;
        inode.size_bytes = (lbn + 1) * block;
        self.volume.store_inode(directory, &inode)?;
        Ok(true)
    }

    /// Makes a file of whole blocks longer by one of zeros.
    pub(super) fn append_zeros(&mut self, number: u32) -> Result<bool> {
        let mut inode = self.volume.inode(number)?;
        let lbn = inode.size_bytes / self.volume.block_bytes();
        let Some(to) = self.allocate_block() else { return Ok(false) };
        if !self.append(&mut inode, lbn, to, None)? {
            self.census.used.clear(range(to, self.volume.block_frags()));
            return Ok(false);
        }
        self.volume.write(to, &vec![0; self.volume.block_bytes() as usize])?;
        inode.size_bytes += self.volume.block_bytes();
        self.volume.store_inode(number, &inode)?;
        Ok(true)
    }

    /// A block of free records.
    fn fresh_block(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.volume.block_bytes() as usize];
        for chunk in bytes.chunks_exact_mut(CHUNK_BYTES) {
            free_record(chunk, CHUNK_BYTES, self.volume.names);
        }
        bytes
    }

    /// Makes a block the one with number `lbn` of a file, in place of `old`. Reaches as far as a
    /// single indirect block does: says whether it could.
    fn append(
        &mut self,
        inode: &mut Inode,
        lbn: u64,
        to: FragNo,
        old: Option<Piece>,
    ) -> Result<bool> {
        let mut frags = self.volume.block_frags();
        let direct = DIRECT_POINTERS as u64;
        if lbn < direct {
            self.set_pointer(inode, Home::Direct(lbn as usize), to)?;
        } else if lbn - direct < 1 << self.volume.geometry.pointers_shift() {
            let BlockArea::Pointers(pointers) = inode.area else { return Ok(false) };
            let mut table = pointers.indirect[0];
            if table.is_hole() {
                let Some(fresh) = self.allocate_block() else { return Ok(false) };
                self.volume.write(fresh, &vec![0; self.volume.block_bytes() as usize])?;
                self.set_pointer(inode, Home::Indirect(0), fresh)?;
                (table, frags) = (fresh, 2 * frags);
            }
            self.set_pointer(inode, Home::Block(table, (lbn - direct) as usize), to)?;
        } else {
            return Ok(false);
        }
        if let Some(piece) = old {
            self.census.used.clear(range(piece.at, piece.frags));
            frags -= piece.frags;
        }
        inode.sectors += u64::from(frags) << (self.volume.geometry.frag_shift - 9);
        Ok(true)
    }
}
