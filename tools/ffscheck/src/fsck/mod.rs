//! fsck(8): finds what is wrong with an FFS file system, and repairs it.
//!
//! The phases are BSD's (McKusick and Kowalski, "Fsck: The UNIX File System Check Program";
//! NetBSD's `fsck_ffs`), and they share with the file system that they judge nothing but where
//! each field stands ([`ffs::layout`]).
//!
//! ```text
//! 0   superblock, log      superblock  fields  search  journal  unlinked
//! 1   inodes and blocks    inodes  claim
//! 1b  duplicate blocks     duplicates
//! 2   names                names  scan  dots  flaw
//! 3   connectivity         connect
//! 4   link counts          links
//! 4b  quotas               quotas
//! 5   cylinder groups      groups
//!     below all of them:   volume  walk  directory  allocate  census  overlay
//! ```
//! A check always repairs, in memory: what is found late can depend on what was repaired early,
//! and so a check that writes nothing reports what one that does would. The phases run again
//! until they find nothing; only then, if that was asked for, is the image written, the superblock
//! last, so that an interrupted repair leaves an unclean file system to be checked again.
//!
//! Memory is one bit for each fragment and some bytes for each inode *in use*, and the pages that
//! repairs change. Only metadata is read. Never asks a clock; never draws luck: the same image
//! makes the same report.

mod allocate;
mod census;
mod claim;
mod class;
mod connect;
mod directory;
mod dots;
mod duplicates;
mod error;
mod fields;
mod flaw;
mod group_block;
mod groups;
mod inodes;
mod journal;
mod links;
mod names;
mod notes;
mod overlay;
mod quota_file;
mod quotas;
mod report;
mod scan;
mod search;
mod sparse;
mod superblock;
mod unlinked;
mod volume;
mod walk;

pub use class::Class;
pub use error::Error;
pub use report::{Finding, Options, Outcome, Phase, Place, Progress, Replay, Report, Usage};

use crate::image::Image;
use allocate::Supply;
use census::Census;
use claim::Duplicate;
use connect::LostFound;
use error::Result;
use ffs::layout::{TotalSummary, clean, log};
use notes::{CLEARED, Notes};
use overlay::Overlay;
use volume::Volume;

/// A repair that has not come to rest after so many rounds never will.
const ROUNDS_MAX: u32 = 8;

/// A path is found by reading the directories on the way: so many findings have one.
const PATHS_MAX: u32 = 1000;

/// Why images with snapshots are left alone.
const SNAPSHOTS: &str = "it has snapshots, which a repair could spoil: remove them, or use the \
                         fsck of the system that made them";

/// A check under way.
struct Check<'a> {
    volume: Volume<'a>,
    notes: Notes<'a>,
    census: Census,
    supply: Supply,
    duplicates: Vec<Duplicate>,
    lost_found: Option<LostFound>,
    /// Whether there was no room to make one.
    has_no_lost_found: bool,
    /// Paths that may still be looked for.
    paths_left: u32,
    /// Whether each `..` is among the names of its directory yet.
    parents_are_counted: bool,
    log: Option<log::Place>,
    replay: Option<Replay>,
    /// What the replay has freed, by user and by group: quotas count it still.
    freed: [quotas::Usage; 2],
    total: TotalSummary,
}

/// Checks the file system in `image`, and repairs it if that is asked for. `watch` is told how
/// far the check has come.
///
/// # Errors
/// If the image cannot be read or written, or holds nothing like a file system.
pub fn check(
    image: &mut dyn Image,
    options: &Options,
    watch: &mut dyn FnMut(Progress),
) -> std::result::Result<Report, Error> {
    let mut notes = Notes::new(watch);
    let volume = superblock::open(Overlay::new(image)?, &mut notes)?;
    let was_clean = volume.is_clean();
    let mut check = Check {
        volume,
        notes,
        census: Census::default(),
        supply: Supply::default(),
        duplicates: Vec::new(),
        lost_found: None,
        has_no_lost_found: false,
        paths_left: PATHS_MAX,
        parents_are_counted: false,
        log: None,
        replay: None,
        freed: Default::default(),
        total: TotalSummary::default(),
    };
    check.check_superblock()?;
    check.check_log()?;
    let is_repairable = check.rounds()?;
    check.finish(options, was_clean, is_repairable)
}

impl Check<'_> {
    /// Runs the phases until they find nothing; says whether they came to that.
    fn rounds(&mut self) -> Result<bool> {
        for _ in 0..ROUNDS_MAX {
            self.notes.begin_round();
            self.round()?;
            if self.notes.repaired == 0 {
                return Ok(self.notes.unrepaired == 0);
            }
        }
        Ok(false)
    }

    fn round(&mut self) -> Result<()> {
        self.census = Census::default();
        self.supply = Supply::default();
        (self.lost_found, self.has_no_lost_found) = (None, false);
        self.parents_are_counted = false;
        self.check_inodes()?;
        self.check_duplicates()?;
        self.check_log_owner()?;
        let quotas = self.quota_inodes();
        self.census.unnamed.extend(quotas);
        self.check_names()?;
        self.check_connectivity()?;
        self.check_links()?;
        self.check_quotas()?;
        self.check_groups()?;
        self.name_findings()
    }

    /// Phases before the second know no paths.
    fn name_findings(&mut self) -> Result<()> {
        let mut paths = Vec::new();
        for (index, finding) in self.notes.of_this_round().iter().enumerate() {
            let is_gone = finding.remedy == Some(CLEARED) || finding.phase == Phase::Groups;
            if finding.place.path.is_none() && !is_gone {
                paths.extend(finding.place.inode.map(|inode| (index, inode)));
            }
        }
        for (index, inode) in paths {
            if self.census.known(inode).is_free() {
                continue;
            }
            let path = self.path_of(inode)?;
            self.notes.of_this_round()[index].place.path = path;
        }
        Ok(())
    }

    fn finish(
        mut self,
        options: &Options,
        was_clean: bool,
        is_repairable: bool,
    ) -> std::result::Result<Report, Error> {
        let has_findings = !self.notes.findings.is_empty();
        let has_snapshots = self.volume.has_snapshots() || self.census.has_snapshots;
        let refusal = (has_snapshots && has_findings).then_some(SNAPSHOTS);
        let is_repairable = is_repairable && refusal.is_none();
        if options.repair && refusal.is_none() {
            self.write(is_repairable)?;
        }
        let outcome = match (has_findings, options.repair && is_repairable) {
            (false, _) => Outcome::Clean,
            (true, true) => Outcome::Repaired,
            (true, false) => Outcome::Damaged,
        };
        let usage = self.summary();
        Ok(Report {
            format: self.volume.geometry.format,
            byte_order: self.volume.geometry.order,
            size_bytes: self.volume.geometry.size_frags << self.volume.geometry.frag_shift,
            was_clean,
            replay: self.replay,
            findings: self.notes.findings,
            findings_left_out: self.notes.left_out,
            refusal,
            is_repairable,
            usage,
            outcome,
        })
    }

    /// Writes what has changed: first that the file system is not clean while this lasts, and
    /// last that it is, if it is.
    fn write(&mut self, is_clean: bool) -> Result<()> {
        let is_changed = self.volume.overlay.is_changed() || !self.notes.findings.is_empty();
        if !is_changed && self.volume.is_clean() {
            return Ok(());
        }
        let mut unclean = self.volume.raw;
        unclean.clean &= !clean::IS_CLEAN;
        self.volume.begin_repair()?;
        self.volume.overlay.flush()?;
        let last = if is_clean { self.volume.finished() } else { unclean };
        self.volume.write_superblock(&last)
    }

    fn summary(&self) -> Usage {
        let geometry = &self.volume.geometry;
        let (mut files, mut directories) = (0, 0);
        for (_, known) in self.census.inodes.iter().filter(|(_, known)| !known.is_free()) {
            *(if known.is_directory() { &mut directories } else { &mut files }) += 1;
        }
        let total = &self.total;
        let free = total.free_blocks * i64::from(geometry.frags_per_block()) + total.free_frags;
        let data_frags = geometry.data_frags;
        let used_frags = data_frags.saturating_sub(free.unsigned_abs());
        let free_fragments = total.free_frags.unsigned_abs();
        Usage {
            files,
            directories,
            data_bytes: data_frags << geometry.frag_shift,
            used_bytes: used_frags << geometry.frag_shift,
            free_blocks: total.free_blocks.unsigned_abs(),
            free_fragments,
            fragmentation_permille: free_fragments * 1000 / data_frags.max(1),
        }
    }
}
