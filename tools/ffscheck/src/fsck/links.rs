//! Phase 4: as many names as the inode says; a file without any gets one, or goes.

use super::Check;
use super::class::Class;
use super::error::Result;
use super::notes::CLEARED;
use super::report::{Phase, Place};

impl Check<'_> {
    pub(super) fn check_links(&mut self) -> Result<()> {
        self.notes.phase = Phase::Links;
        let wrong = |number: &u32| {
            let known = self.census.known(*number);
            !known.is_free()
                && (known.names == 0 || known.names != known.links.into())
                && !self.census.unnamed.contains(number)
        };
        let numbers = self.census.inodes.iter().map(|(number, _)| number as u32);
        let wrong: Vec<u32> = numbers.filter(wrong).collect();
        let total = wrong.len() as u64;
        for (done, number) in (0..).zip(wrong) {
            self.notes.progress(done, total);
            self.check_link(number)?;
        }
        self.notes.progress(total, total);
        Ok(())
    }

    fn check_link(&mut self, number: u32) -> Result<()> {
        let known = self.census.known(number);
        let stays = match known.is_directory() {
            // Phase 3 has told what is wrong with one that no path reaches.
            true => self.census.directory(number).is_reached,
            false => known.names > 0 || self.keep_nameless(number)?,
        };
        if stays { self.check_count(number) } else { Ok(()) }
    }

    /// A file without a name; says whether it is still there, with one.
    fn keep_nameless(&mut self, number: u32) -> Result<bool> {
        let inode = self.volume.inode(number)?;
        let remedy_needed = inode.links > 0 && inode.size_bytes > 0;
        if remedy_needed && !self.is_lost_log(inode.flags) {
            return self.connect(number, Class::UnreferencedFile, "a file without a name");
        }
        let what = match inode.links {
            0 => "a file without a name, and meant to have none",
            _ => "a file without a name, and nothing in it",
        };
        self.notes.fixed(Class::UnreferencedFile, Place::inode(number), what, CLEARED);
        self.free_inode(number)?;
        Ok(false)
    }

    /// Whether it held a log that the superblock does not name.
    fn is_lost_log(&self, inode_flags: u32) -> bool {
        inode_flags & ffs::layout::log::OWNER_FLAG != 0
    }

    fn check_count(&mut self, number: u32) -> Result<()> {
        let known = self.census.known(number);
        if known.names == u32::from(known.links) {
            return Ok(());
        }
        let place = Place::inode(number);
        let what = format!("{} names, and the inode says {}", known.names, known.links);
        let Ok(links) = u16::try_from(known.names) else {
            self.notes.lost(Class::LinkCount, place, what);
            return Ok(());
        };
        self.notes.fixed(Class::LinkCount, place, what, "corrected");
        let mut inode = self.volume.inode(number)?;
        inode.links = links;
        self.census.known_mut(number).links = links;
        self.volume.store_inode(number, &inode)
    }
}
