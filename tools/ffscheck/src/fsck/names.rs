//! Phase 2: every directory, every name in it.
//!
//! From the root down, breadth first, so that every directory reached has its parent; then those
//! that no path reaches, whose names must be right, too, before phase 3 finds them a place.

use super::Check;
use super::census::{Directory, Known};
use super::class::Class;
use super::directory::{Entry, Piece};
use super::error::Result;
use super::report::{Phase, Place};
use super::scan::Scan;
use ffs::layout::{BlockArea, Pointers};
use ffs::layout::{CHUNK_BYTES, DirectoryEntry, FragNo, Inode, mode, record_bytes_min};
use std::collections::VecDeque;

/// The root directory.
pub(super) const ROOT: u32 = 2;

impl Check<'_> {
    pub(super) fn check_names(&mut self) -> Result<()> {
        self.notes.phase = Phase::Names;
        self.check_root()?;
        let total = self.census.directories.len() as u64;
        let mut done = 0;
        let mut queue = VecDeque::from([ROOT]);
        while let Some(directory) = queue.pop_front() {
            self.notes.progress(done, total);
            done += 1;
            let found = self.check_directory(directory, true)?;
            found.iter().for_each(|&child| self.census.directory_mut(child).is_reached = true);
            queue.extend(found);
        }
        let unreached = self.census.directories.iter().filter(|(_, known)| !known.is_reached);
        for directory in unreached.map(|(&number, _)| number).collect::<Vec<_>>() {
            self.notes.progress(done, total);
            done += 1;
            self.check_directory(directory, false)?;
        }
        self.notes.progress(total, total);
        Ok(())
    }

    /// There must be a root directory: an empty one, if need be.
    fn check_root(&mut self) -> Result<()> {
        let known = self.census.known(ROOT);
        if !known.is_directory() {
            let what = match known.is_free() {
                true => "the root directory is free",
                false => "the root directory is a file of another kind",
            };
            if !known.is_free() {
                self.free_inode(ROOT)?;
            }
            match self.make_directory(ROOT, ROOT, 0o755)? {
                true => self.notes.fixed(Class::Root, Place::inode(ROOT), what, "made again"),
                false => self.notes.lost(Class::Root, Place::inode(ROOT), what),
            }
        }
        let root = Directory { parent: ROOT, is_reached: true, ..self.census.directory(ROOT) };
        self.census.directories.insert(ROOT, root);
        Ok(())
    }

    /// Makes a directory of a free inode; says whether there was room.
    pub(super) fn make_directory(&mut self, number: u32, parent: u32, mode: u16) -> Result<bool> {
        let Some(at) = self.allocate(1) else { return Ok(false) };
        let mut bytes = vec![0; self.volume.geometry.frag_bytes() as usize];
        self.write_dots(&mut bytes[..CHUNK_BYTES], number, parent);
        self.volume.write(at, &bytes)?;
        let inode = self.directory_inode(number, at, mode)?;
        self.add_inode(number, &inode)?;
        let directory = Directory { parent, dot_dot: parent, ..Directory::default() };
        self.census.directories.insert(number, directory);
        Ok(true)
    }

    fn directory_inode(&self, number: u32, at: FragNo, permissions: u16) -> Result<Inode> {
        let mut pointers = Pointers::default();
        pointers.direct[0] = at;
        let time = abi::Timestamp { seconds: self.volume.superblock().time, nanoseconds: 0 };
        Ok(Inode {
            mode: mode::DIRECTORY | permissions,
            links: 2,
            size_bytes: CHUNK_BYTES as u64,
            sectors: u64::from(self.volume.geometry.frag_bytes()) / 512,
            accessed: time,
            modified: time,
            changed: time,
            born: Some(time),
            generation: self.volume.inode(number)?.generation.wrapping_add(1),
            area: BlockArea::Pointers(pointers),
            ..Inode::free()
        })
    }

    /// `.` and `..`, filling a chunk.
    pub(super) fn write_dots(&self, chunk: &mut [u8], number: u32, parent: u32) {
        let shape = self.volume.names;
        let type_code = if shape.has_types { super::census::DIRECTORY } else { 0 };
        let first = record_bytes_min(1);
        DirectoryEntry { inode: number, record_bytes: first, type_code, name: b"." }
            .emit(chunk, shape);
        let record_bytes = CHUNK_BYTES - first;
        DirectoryEntry { inode: parent, record_bytes, type_code, name: b".." }
            .emit(&mut chunk[first..], shape);
    }

    /// Checks a directory; gives the directories that have their name there.
    fn check_directory(&mut self, directory: u32, is_reached: bool) -> Result<Vec<u32>> {
        if !self.census.known(directory).is_directory() {
            return Ok(Vec::new());
        }
        let pieces = self.pieces(directory)?;
        let mut scan = Scan::new(directory, is_reached, self.volume.names);
        for (index, piece) in pieces.iter().enumerate() {
            self.check_piece(&mut scan, index, piece)?;
        }
        self.census.known_mut(directory).names += 1;
        self.put_back(&mut scan)?;
        self.census.directory_mut(directory).has_names = scan.has_names;
        Ok(scan.children)
    }

    fn check_piece(&mut self, scan: &mut Scan, index: usize, piece: &Piece) -> Result<()> {
        let mut bytes = self.volume.read_frags(piece.at, piece.frags)?;
        let before = bytes.clone();
        for (number, chunk) in bytes[..piece.bytes].chunks_exact_mut(CHUNK_BYTES).enumerate() {
            scan.at = (piece.at, number * CHUNK_BYTES);
            self.salvage(scan, chunk)?;
            let names_begin_at = match (index, number) {
                (0, 0) => self.check_dots(scan, chunk)?,
                _ => 0,
            };
            self.check_chunk(scan, chunk, names_begin_at)?;
        }
        match bytes == before {
            true => Ok(()),
            false => self.volume.write(piece.at, &bytes),
        }
    }

    /// Names that made room for `.` and `..` go elsewhere in the directory.
    fn put_back(&mut self, scan: &mut Scan) -> Result<()> {
        let mut skip = 0;
        for entry in std::mem::take(&mut scan.displaced) {
            if !self.keeps(scan, &entry)? {
                continue;
            }
            if !self.add_entry(scan.directory, &entry, &mut skip)? {
                self.census.known_mut(entry.inode).names -= 1;
            }
        }
        Ok(())
    }

    /// The path of a directory, as far as its names are known.
    pub(super) fn path(&mut self, directory: u32) -> Result<Option<Vec<u8>>> {
        let Some(left) = self.paths_left.checked_sub(1) else { return Ok(None) };
        self.paths_left = left;
        let mut names = Vec::new();
        let mut at = directory;
        while at != ROOT {
            let parent = self.census.directory(at).parent;
            if parent == 0 || names.len() > PATH_NAMES_MAX {
                return Ok(None);
            }
            let Some(entry) = self.find_entry(parent, |entry| is_child(entry, at))? else {
                return Ok(None);
            };
            names.push(entry.name);
            at = parent;
        }
        let mut path = Vec::new();
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend(name);
        }
        Ok(Some(if path.is_empty() { b"/".to_vec() } else { path }))
    }

    /// A path of any file, if one is known.
    pub(super) fn path_of(&mut self, number: u32) -> Result<Option<Vec<u8>>> {
        let known: Known = self.census.known(number);
        if known.is_directory() || number == ROOT {
            return self.path(number);
        }
        if known.directory == 0 {
            return Ok(None);
        }
        let Some(folder) = self.path(known.directory)? else { return Ok(None) };
        let entry = self.find_entry(known.directory, |entry| is_child(entry, number))?;
        Ok(entry.map(|entry| join(&folder, &entry)))
    }
}

/// Deeper directories have no path in a report.
const PATH_NAMES_MAX: usize = 256;

/// Whether an entry is the name of a file, and not a directory's own `.` or `..`.
pub(super) fn is_child(entry: &DirectoryEntry<'_>, number: u32) -> bool {
    entry.inode == number && entry.name != b"." && entry.name != b".."
}

/// A path one name longer.
pub(super) fn join(folder: &[u8], entry: &Entry) -> Vec<u8> {
    let folder = if folder == b"/" { b"" } else { folder };
    [folder, b"/", &entry.name].concat()
}
