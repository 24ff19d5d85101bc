//! One directory, record by record.

use super::Check;
use super::class::Class;
use super::directory::{Entry, free_record, records};
use super::error::Result;
use super::flaw::read_record;
use super::names::{ROOT, is_child, join};
use super::report::Place;
use ffs::layout::{CHUNK_BYTES, DirectoryEntry, DirectoryShape, FragNo};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// A name that hides those of a layer below: its inode, and what it has for a type.
const WHITEOUT: (u32, u8) = (1, 14);

/// Larger directories are not searched for the name of one child.
const SEARCHED_BYTES_MAX: u64 = 64 << 10;

/// What is known of a directory while it is read.
pub(super) struct Scan {
    pub directory: u32,
    pub shape: DirectoryShape,
    /// Whether its parent is known already.
    pub is_reached: bool,
    /// The chunk that is being read: its piece, and its offset there in bytes.
    pub at: (FragNo, usize),
    pub has_names: bool,
    /// Directories that have their name here.
    pub children: Vec<u32>,
    /// Entries that had to make room.
    pub displaced: Vec<Entry>,
    /// The chunk of every name so far, by a hash of the name.
    seen: HashMap<u64, (FragNo, usize)>,
    /// The directory's own path, once something had to be told.
    path: Option<Option<Vec<u8>>>,
}

impl Scan {
    pub fn new(directory: u32, is_reached: bool, shape: DirectoryShape) -> Self {
        Self {
            directory,
            shape,
            is_reached,
            at: (FragNo::HOLE, 0),
            has_names: false,
            children: Vec::new(),
            displaced: Vec::new(),
            seen: HashMap::new(),
            path: None,
        }
    }
}

/// What is wrong with an entry.
enum Fault {
    /// It goes.
    Remove(Class, String),
    /// It gets another type.
    Type(u8, String),
}

impl Check<'_> {
    fn folder(&mut self, scan: &mut Scan) -> Result<Option<Vec<u8>>> {
        if scan.path.is_none() {
            scan.path = Some(self.path(scan.directory)?);
        }
        Ok(scan.path.clone().flatten())
    }

    /// The directory itself.
    pub(super) fn own_place(&mut self, scan: &mut Scan) -> Result<Place> {
        Ok(Place::inode(scan.directory).named(self.folder(scan)?))
    }

    /// An entry of it.
    fn entry_place(&mut self, scan: &mut Scan, entry: &Entry) -> Result<Place> {
        let folder = self.folder(scan)?;
        Ok(Place::inode(scan.directory).named(folder.map(|folder| join(&folder, entry))))
    }

    /// Makes every record of a chunk readable: a bad name goes; behind a bad length everything
    /// does, up to the end of the chunk.
    pub(super) fn salvage(&mut self, scan: &mut Scan, chunk: &mut [u8]) -> Result<()> {
        let (mut at, mut previous) = (0, 0);
        while at < CHUNK_BYTES {
            let (record_bytes, flaw) = read_record(chunk, at, scan.shape);
            if let Some(flaw) = flaw {
                let remedy = flaw.mend(chunk, (previous, at, record_bytes), scan.shape);
                let place = self.own_place(scan)?.at(scan.at.0.0);
                let what = format!("entry at byte {} of its block: {flaw}", scan.at.1 + at);
                self.notes.fixed(Class::CorruptEntry, place, what, remedy);
            }
            previous = at;
            at += record_bytes;
        }
        Ok(())
    }

    /// Checks the names of a chunk from an offset on.
    pub(super) fn check_chunk(
        &mut self,
        scan: &mut Scan,
        chunk: &mut [u8],
        mut at: usize,
    ) -> Result<()> {
        while at < CHUNK_BYTES {
            let Ok(entry) = DirectoryEntry::parse(chunk, at, scan.shape) else { break };
            let record_bytes = entry.record_bytes;
            if entry.inode != 0 {
                let name = entry.name.to_vec();
                let mut entry = Entry { inode: entry.inode, type_code: entry.type_code, name };
                let type_code = entry.type_code;
                if !self.judge(scan, &mut entry, chunk)? {
                    free_record(&mut chunk[at..], record_bytes, scan.shape);
                } else if entry.type_code != type_code {
                    chunk[at + 6] = entry.type_code;
                }
            }
            at += record_bytes;
        }
        Ok(())
    }

    /// Whether a displaced entry is to be kept.
    pub(super) fn keeps(&mut self, scan: &mut Scan, entry: &Entry) -> Result<bool> {
        self.judge(scan, &mut entry.clone(), &[])
    }

    /// Whether an entry may stay; corrects its type. `chunk` is the one that it stands in.
    fn judge(&mut self, scan: &mut Scan, entry: &mut Entry, chunk: &[u8]) -> Result<bool> {
        if scan.shape.has_types && (entry.inode, entry.type_code) == WHITEOUT {
            return Ok(true);
        }
        let mut fault = self.fault(scan, entry);
        let stays = !matches!(fault, Some(Fault::Remove(..)));
        if stays && self.is_repeated(scan, entry, chunk)? {
            fault = Some(Fault::Remove(Class::DuplicateName, "the same name again".into()));
        } else if stays && self.belongs_elsewhere(scan.directory, entry.inode)? {
            let what = format!("another name of directory {}", entry.inode);
            fault = Some(Fault::Remove(Class::DirectoryLink, what));
        }
        match fault {
            Some(Fault::Remove(class, what)) => {
                let place = self.entry_place(scan, entry)?;
                self.notes.fixed(class, place, what, "removed");
                return Ok(false);
            }
            Some(Fault::Type(type_code, what)) => {
                let place = self.entry_place(scan, entry)?;
                self.notes.fixed(Class::EntryType, place, what, "corrected");
                entry.type_code = type_code;
            }
            None => {}
        }
        self.count(scan, entry.inode);
        Ok(true)
    }

    fn fault(&self, scan: &Scan, entry: &Entry) -> Option<Fault> {
        let number = entry.inode;
        let remove = |class, what: String| Some(Fault::Remove(class, what));
        if entry.name == b"." || entry.name == b".." {
            return remove(Class::ExtraDot, "another `.` or `..`".into());
        }
        if number < ROOT || u64::from(number) >= self.volume.geometry.inodes() {
            return remove(
                Class::NoInode,
                format!("entry leads to inode {number}, of which there is none"),
            );
        }
        let known = self.census.known(number);
        if known.is_free() {
            return remove(Class::FreeInode, format!("entry leads to free inode {number}"));
        }
        let has_name = self.census.directory(number).parent != 0 || number == scan.directory;
        if known.is_directory() && has_name {
            return remove(Class::DirectoryLink, format!("another name of directory {number}"));
        }
        if scan.shape.has_types && entry.type_code != known.type_code {
            let what = format!("entry has type {}, not {}", entry.type_code, known.type_code);
            return Some(Fault::Type(known.type_code, what));
        }
        None
    }

    /// Whether a directory says by its `..` that its name is in another directory, and that one
    /// agrees. Asked once for each directory, and only of one that is searched in a moment.
    fn belongs_elsewhere(&mut self, here: u32, number: u32) -> Result<bool> {
        if !self.census.known(number).is_directory() || self.census.directory(number).is_asked {
            return Ok(false);
        }
        self.census.directory_mut(number).is_asked = true;
        let dot_dot = self.find_entry(number, |entry| entry.name == b"..")?;
        let parent = dot_dot.map_or(here, |entry| entry.inode);
        let is_parent = parent != here
            && parent != number
            && u64::from(parent) < self.volume.geometry.inodes()
            && self.census.known(parent).is_directory();
        if !is_parent || self.volume.inode(parent)?.size_bytes > SEARCHED_BYTES_MAX {
            return Ok(false);
        }
        Ok(self.find_entry(parent, |entry| is_child(entry, number))?.is_some())
    }

    fn count(&mut self, scan: &mut Scan, number: u32) {
        scan.has_names = true;
        let known = self.census.known_mut(number);
        known.names = known.names.saturating_add(1);
        known.directory = scan.directory;
        if known.is_directory() {
            self.census.directory_mut(number).parent = scan.directory;
            scan.children.push(number);
        }
    }

    /// Whether a name stands in the directory already. Names with the same hash are compared.
    fn is_repeated(&mut self, scan: &mut Scan, entry: &Entry, chunk: &[u8]) -> Result<bool> {
        let mut hasher = DefaultHasher::new();
        entry.name.hash(&mut hasher);
        let key = hasher.finish();
        let Some(&(piece, offset_bytes)) = scan.seen.get(&key) else {
            scan.seen.insert(key, scan.at);
            return Ok(false);
        };
        let count = |chunk: &[u8]| {
            records(chunk, scan.shape)
                .filter(|(_, old)| old.inode != 0 && old.name == entry.name)
                .count()
        };
        if (piece, offset_bytes) == scan.at {
            return Ok(count(chunk) > 1);
        }
        let mut bytes = vec![0; offset_bytes + CHUNK_BYTES];
        self.volume.read(piece, &mut bytes)?;
        Ok(count(&bytes[offset_bytes..]) > 0)
    }
}
