//! Phase 3: directories that no path from the root reaches get a name in `lost+found`.

use super::Check;
use super::census::{DIRECTORY, Directory};
use super::class::Class;
use super::directory::Entry;
use super::error::Result;
use super::names::{ROOT, is_child};
use super::notes::CLEARED;
use super::report::{Phase, Place};
use std::collections::{BTreeSet, HashSet};

/// BSD's name for the directory.
const NAME: &[u8] = b"lost+found";
const PERMISSIONS: u16 = 0o1700;

/// The directory for what has no name.
#[derive(Debug)]
pub(super) struct LostFound {
    inode: u32,
    names: HashSet<Vec<u8>>,
    /// Pieces of it that have no room left.
    full: usize,
}

impl Check<'_> {
    pub(super) fn check_connectivity(&mut self) -> Result<()> {
        self.notes.phase = Phase::Connectivity;
        let unreached = self.census.directories.iter().filter(|(_, known)| !known.is_reached);
        let unreached: Vec<u32> = unreached.map(|(&number, _)| number).collect();
        let total = unreached.len() as u64;
        for (done, number) in (0..).zip(unreached) {
            self.notes.progress(done, total);
            if self.census.directories.get(&number).is_some_and(|known| !known.is_reached) {
                self.reach(number)?;
            }
        }
        self.notes.progress(total, total);
        self.check_parents()
    }

    /// Connects the topmost directory above `number`, and with it all on the way.
    fn reach(&mut self, number: u32) -> Result<()> {
        let mut way = BTreeSet::new();
        let mut top = number;
        let is_loop = loop {
            way.insert(top);
            let known = self.census.directory(top);
            let parent = known.parent;
            if known.is_reached || parent == 0 {
                break false;
            }
            if way.contains(&parent) {
                break true;
            }
            top = parent;
        };
        if is_loop {
            top = self.open_loop(top)?;
        }
        if self.census.directory(top).is_reached || self.connect_directory(top, is_loop)? {
            for step in way {
                self.census.directory_mut(step).is_reached = true;
            }
        }
        Ok(())
    }

    /// Takes the name away from the directory with the lowest number of a loop, and gives it.
    fn open_loop(&mut self, one: u32) -> Result<u32> {
        let mut lowest = one;
        let mut at = self.census.directory(one).parent;
        while at != one {
            lowest = lowest.min(at);
            at = self.census.directory(at).parent;
        }
        let parent = self.census.directory(lowest).parent;
        if let Some(entry) = self.find_entry(parent, |entry| is_child(entry, lowest))? {
            self.remove_entry(parent, &entry)?;
            self.census.known_mut(lowest).names -= 1;
        }
        self.census.directory_mut(lowest).parent = 0;
        Ok(lowest)
    }

    /// Gives a directory a name, or frees one that was removed and only kept open. Says whether
    /// it is connected.
    fn connect_directory(&mut self, number: u32, was_loop: bool) -> Result<bool> {
        let known = self.census.known(number);
        if known.links == 0 && !self.census.directory(number).has_names {
            let what = "an empty directory without a name, and meant to have none";
            self.notes.fixed(Class::OrphanDirectory, Place::inode(number), what, CLEARED);
            self.free_inode(number)?;
            return Ok(false);
        }
        let (class, what) = match was_loop {
            true => (Class::DirectoryLoop, "directories lead to each other, and nothing to them"),
            false => (Class::OrphanDirectory, "a directory without a name"),
        };
        if !self.connect(number, class, what)? {
            return Ok(false);
        }
        let lost_found = self.census.known(number).directory;
        self.census.directory_mut(number).parent = lost_found;
        self.set_dot_dot(number, lost_found)?;
        self.add_link(lost_found)?;
        Ok(true)
    }

    /// One name more, in the inode too.
    fn add_link(&mut self, number: u32) -> Result<()> {
        let mut inode = self.volume.inode(number)?;
        inode.links = inode.links.saturating_add(1);
        self.census.known_mut(number).links = inode.links;
        self.volume.store_inode(number, &inode)
    }

    /// Gives a file a name in `lost+found`, if there is room.
    pub(super) fn connect(
        &mut self,
        number: u32,
        class: Class,
        what: &'static str,
    ) -> Result<bool> {
        let place = Place::inode(number);
        let added = match self.lost_found()? {
            Some(lost_found) => self.add_to(lost_found, number)?,
            None => false,
        };
        match added {
            true => self.notes.fixed(class, place, what, "reconnected in lost+found"),
            false => self.notes.lost(class, place, what),
        }
        Ok(added)
    }

    fn add_to(&mut self, mut lost_found: LostFound, number: u32) -> Result<bool> {
        let base = format!("#{number:08}").into_bytes();
        let suffixed = |suffix: u32| [&base[..], format!(".{suffix}").as_bytes()].concat();
        let mut names = std::iter::once(base.clone()).chain((1..).map(suffixed));
        let name = names.find(|name| !lost_found.names.contains(name)).unwrap_or_default();
        let known = self.census.known(number);
        let entry = Entry { inode: number, type_code: known.type_code, name };
        let added = self.add_entry(lost_found.inode, &entry, &mut lost_found.full)?;
        if added {
            let known = self.census.known_mut(number);
            known.names += 1;
            known.directory = lost_found.inode;
            lost_found.names.insert(entry.name);
        }
        self.lost_found = Some(lost_found);
        Ok(added)
    }

    /// The directory for lost files: the one that is there, or a new one.
    fn lost_found(&mut self) -> Result<Option<LostFound>> {
        if let Some(known) = self.lost_found.take() {
            return Ok(Some(known));
        }
        if self.has_no_lost_found {
            return Ok(None);
        }
        let old = self.find_entry(ROOT, |entry| entry.name == NAME)?;
        let inode = match old {
            Some(entry) if self.census.known(entry.inode).is_directory() => Some(entry.inode),
            Some(entry) => {
                let what = "lost+found is no directory";
                let place = Place::inode(entry.inode).named(Some([b"/", NAME].concat()));
                self.notes.fixed(Class::LostFound, place, what, "replaced");
                self.remove_entry(ROOT, &entry)?;
                self.census.known_mut(entry.inode).names -= 1;
                self.make_lost_found()?
            }
            None => {
                let made = self.make_lost_found()?;
                let place = Place::inode(ROOT).named(Some(b"/".to_vec()));
                let what = "no lost+found for what has no name";
                match made {
                    Some(_) => self.notes.fixed(Class::LostFound, place, what, "made"),
                    None => self.notes.lost(Class::LostFound, place, what),
                }
                made
            }
        };
        let Some(inode) = inode else {
            self.has_no_lost_found = true;
            return Ok(None);
        };
        let names = self.names_of(inode)?;
        Ok(Some(LostFound { inode, names, full: 0 }))
    }

    fn make_lost_found(&mut self) -> Result<Option<u32>> {
        let Some(number) = self.allocate_inode()? else { return Ok(None) };
        if !self.make_directory(number, ROOT, PERMISSIONS)? {
            return Ok(None);
        }
        let entry = Entry { inode: number, type_code: DIRECTORY, name: NAME.to_vec() };
        if !self.add_entry(ROOT, &entry, &mut 0)? {
            self.free_inode(number)?;
            return Ok(None);
        }
        let known = self.census.known_mut(number);
        (known.names, known.directory) = (2, ROOT);
        self.census.directory_mut(number).is_reached = true;
        self.add_link(ROOT)?;
        // Phase 2 or 3 has counted all other `..` or will, and this one with them, unless it is
        // over already.
        if self.parents_are_counted {
            self.census.known_mut(ROOT).names += 1;
        }
        Ok(Some(number))
    }

    /// Every `..` must lead to where the name is; each is a name of the directory it leads to.
    fn check_parents(&mut self) -> Result<()> {
        let reached = self.census.directories.iter().filter(|(_, known)| known.is_reached);
        let reached: Vec<(u32, Directory)> =
            reached.map(|(&number, &known)| (number, known)).collect();
        for (number, known) in reached {
            if known.dot_dot != known.parent {
                let what = format!("`..` leads to inode {}, not {}", known.dot_dot, known.parent);
                let place = Place::inode(number).named(self.path(number)?);
                self.notes.fixed(Class::WrongDotDot, place, what, "corrected");
                self.set_dot_dot(number, known.parent)?;
            }
            self.census.known_mut(known.parent).names += 1;
        }
        self.parents_are_counted = true;
        Ok(())
    }
}
