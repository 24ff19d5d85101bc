//! What quotas count, against what is there (between phases 4 and 5, for a count may need an
//! entry, and the entry a block).
//!
//! A quota file without a sound header is no quota: that kind of quota is switched off, as its
//! limits are lost. Broken lists are linked again.

use super::Check;
use super::census::REGULAR;
use super::class::Class;
use super::error::Result;
use super::quota_file::{QuotaFile, Used};
use super::report::{Phase, Place};
use ffs::layout::{Inode, QUOTA_MAGIC, QuotaEntry};
use std::collections::{BTreeMap, BTreeSet};

/// FS_DOQUOTA2: quotas are within the file system. (FreeBSD means check hashes.)
const QUOTAS: u32 = 0x200;

const KINDS: [&str; 2] = ["user", "group"];

/// By user or group.
pub(super) type Usage = BTreeMap<u32, Used>;

/// The entries of a quota file.
#[derive(Default)]
struct Lists {
    /// Entries in use, by offset: whose they are.
    entries: BTreeMap<u64, u32>,
    is_broken: bool,
    seen: BTreeSet<u64>,
}

impl Check<'_> {
    pub(super) fn has_quotas(&self) -> bool {
        let raw = &self.volume.raw;
        raw.is_updated() && raw.flags & QUOTAS != 0 && raw.quota_magic == QUOTA_MAGIC
    }

    /// The inodes that quotas are kept in.
    pub(super) fn quota_inodes(&self) -> Vec<u32> {
        let raw = &self.volume.raw;
        let kinds = (0..2).filter(|kind| self.has_quotas() && raw.quota_flags >> kind & 1 != 0);
        let inodes = kinds.filter_map(|kind| u32::try_from(raw.quota_inodes[kind]).ok());
        inodes
            .filter(|inode| (3..self.volume.geometry.inodes()).contains(&(*inode).into()))
            .collect()
    }

    pub(super) fn check_quotas(&mut self) -> Result<()> {
        if !self.has_quotas() {
            return Ok(());
        }
        self.notes.phase = Phase::Quotas;
        let usage = self.usage()?;
        for (kind, usage) in usage.into_iter().enumerate() {
            self.notes.progress(kind as u64, 2);
            if self.volume.raw.quota_flags >> kind & 1 != 0 {
                self.check_kind(kind, usage)?;
            }
        }
        self.notes.progress(2, 2);
        Ok(())
    }

    /// A file that quotas count is gone.
    pub(super) fn note_freed(&mut self, inode: &Inode) {
        add(&mut self.freed, inode);
    }

    /// What every user and every group uses. The log and the quotas count for nobody.
    fn usage(&mut self) -> Result<[Usage; 2]> {
        let mut usage = [Usage::new(), Usage::new()];
        for (number, known) in self.census.inodes.iter() {
            let number = number as u32;
            if known.is_free() || self.census.unnamed.contains(&number) {
                continue;
            }
            add(&mut usage, &self.volume.inode(number)?);
        }
        Ok(usage)
    }

    fn check_kind(&mut self, kind: usize, mut usage: Usage) -> Result<()> {
        let Some((number, mut file)) = self.open_quota(kind)? else {
            return self.switch_off(kind);
        };
        let lists = self.read_lists(&file)?;
        if lists.is_broken {
            let what = format!("the lists of {} quotas are broken", KINDS[kind]);
            self.notes.fixed(Class::QuotaFile, Place::inode(number), what, "linked again");
            self.link_again(&file, &lists)?;
        }
        for (&at, &owner) in &lists.entries {
            let expected = usage.remove(&owner).unwrap_or_default();
            self.check_entry(kind, number, &file, (at, expected))?;
        }
        for (owner, used) in usage {
            self.add_quota(kind, number, &mut file, (owner, used))?;
        }
        Ok(())
    }

    fn open_quota(&mut self, kind: usize) -> Result<Option<(u32, QuotaFile)>> {
        let inode = self.volume.raw.quota_inodes[kind];
        let is_inode = (3..self.volume.geometry.inodes()).contains(&inode);
        if !is_inode || self.census.known(inode as u32).type_code != REGULAR {
            return Ok(None);
        }
        let number = inode as u32;
        let pieces = self.pieces(number)?;
        let blocks = self.volume.inode(number)?.size_bytes.div_ceil(self.volume.block_bytes());
        if blocks != pieces.len() as u64 {
            return Ok(None);
        }
        let file = QuotaFile::open(&self.volume, pieces, kind as u8)?;
        Ok(file.map(|file| (number, file)))
    }

    fn switch_off(&mut self, kind: usize) -> Result<()> {
        let inode = self.volume.raw.quota_inodes[kind];
        let place = u32::try_from(inode).map_or_else(|_| Place::default(), Place::inode);
        let what = format!("the file of {} quotas is none", KINDS[kind]);
        self.notes.fixed(Class::QuotaFile, place, what, "these quotas switched off");
        self.volume.raw.quota_flags &= !(1 << kind);
        self.volume.raw.quota_inodes[kind] = 0;
        let number = inode as u32;
        let known = self.census.known(number);
        if self.census.unnamed.remove(&number) && known.names == 0 && !known.is_free() {
            self.free_inode(number)?;
        }
        Ok(())
    }

    fn read_lists(&self, file: &QuotaFile) -> Result<Lists> {
        let mut lists = Lists::default();
        self.read_list(file, &mut lists, file.free_head(), None)?;
        for list in 0..file.lists {
            self.read_list(file, &mut lists, file.head(list), Some(list))?;
        }
        lists.is_broken |= file.slots().any(|slot| !lists.seen.contains(&slot));
        Ok(lists)
    }

    /// Follows one list: that of free entries, or those of some owners.
    fn read_list(
        &self,
        file: &QuotaFile,
        lists: &mut Lists,
        head: u64,
        list: Option<u64>,
    ) -> Result<()> {
        let mut at = file.read_head(&self.volume, head)?;
        while at != 0 {
            if !file.is_slot(at) || !lists.seen.insert(at) {
                lists.is_broken = true;
                break;
            }
            let entry = file.entry(&self.volume, at)?;
            let owner = entry.owner;
            match list {
                Some(list) if file.list_of(owner) != list => lists.is_broken = true,
                Some(_) => {
                    lists.entries.insert(at, owner);
                }
                None => {}
            }
            at = entry.next;
        }
        Ok(())
    }

    /// Puts every entry in use into its list, and all others into that of free ones.
    fn link_again(&mut self, file: &QuotaFile, lists: &Lists) -> Result<()> {
        file.write_head(&mut self.volume, file.free_head(), 0)?;
        for list in 0..file.lists {
            file.write_head(&mut self.volume, file.head(list), 0)?;
        }
        for at in file.slots() {
            let head = match lists.entries.get(&at) {
                Some(&owner) => file.head(file.list_of(owner)),
                None => file.free_head(),
            };
            self.link(file, at, head)?;
        }
        Ok(())
    }

    fn link(&mut self, file: &QuotaFile, at: u64, head: u64) -> Result<()> {
        let mut entry = file.entry(&self.volume, at)?;
        entry.next = file.read_head(&self.volume, head)?;
        file.put(&mut self.volume, at, &entry)?;
        file.write_head(&mut self.volume, head, at)
    }

    fn check_entry(
        &mut self,
        kind: usize,
        number: u32,
        file: &QuotaFile,
        (at, expected): (u64, Used),
    ) -> Result<()> {
        let mut entry = file.entry(&self.volume, at)?;
        let said = entry.values.map(|value| value.used);
        if said == expected {
            return Ok(());
        }
        // A file that the replay has freed comes off its account as if its last user had done it.
        let freed = self.freed[kind].get(&entry.owner).copied().unwrap_or_default();
        if said != [0, 1].map(|count| expected[count].saturating_add(freed[count])) {
            self.note_count(kind, number, (entry.owner, said, expected), "corrected");
        }
        set_used(&mut entry, expected);
        file.put(&mut self.volume, at, &entry)
    }

    fn note_count(
        &mut self,
        kind: usize,
        number: u32,
        (owner, said, expected): (u32, Used, Used),
        remedy: &'static str,
    ) {
        let [sectors, files] = expected;
        let what = format!(
            "{} {owner} has {sectors} sectors and {files} files, and the quota counts {} and {}",
            KINDS[kind], said[0], said[1]
        );
        self.notes.fixed(Class::QuotaCount, Place::inode(number), what, remedy);
    }

    /// Makes an entry for somebody who has none.
    fn add_quota(
        &mut self,
        kind: usize,
        number: u32,
        file: &mut QuotaFile,
        (owner, used): (u32, Used),
    ) -> Result<()> {
        if file.read_head(&self.volume, file.free_head())? == 0
            && !self.lengthen_quota(number, file)?
        {
            let what = format!("{} {owner} has no quota entry, and there is no room", KINDS[kind]);
            self.notes.lost(Class::QuotaCount, Place::inode(number), what);
            return Ok(());
        }
        self.note_count(kind, number, (owner, [0; 2], used), "an entry made");
        let at = file.read_head(&self.volume, file.free_head())?;
        let next_free = file.entry(&self.volume, at)?.next;
        file.write_head(&mut self.volume, file.free_head(), next_free)?;
        let mut entry = file.default_entry(&self.volume)?;
        entry.owner = owner;
        set_used(&mut entry, used);
        file.put(&mut self.volume, at, &entry)?;
        self.link(file, at, file.head(file.list_of(owner)))
    }

    fn lengthen_quota(&mut self, number: u32, file: &mut QuotaFile) -> Result<bool> {
        let old = file.pieces.len() as u64;
        if !self.append_zeros(number)? {
            return Ok(false);
        }
        file.pieces = self.pieces(number)?;
        let fresh = old * self.volume.block_bytes();
        for at in file.slots().skip_while(|&at| at < fresh) {
            self.link(file, at, file.free_head())?;
        }
        Ok(true)
    }
}

/// Puts a file on the accounts of its owners.
fn add(usage: &mut [Usage; 2], inode: &Inode) {
    for (usage, owner) in usage.iter_mut().zip([inode.uid, inode.gid]) {
        let [sectors, files] = usage.entry(owner).or_default();
        *sectors = sectors.saturating_add(inode.sectors);
        *files += 1;
    }
}

fn set_used(entry: &mut QuotaEntry, used: Used) {
    for (value, used) in entry.values.iter_mut().zip(used) {
        value.used = used;
    }
}
