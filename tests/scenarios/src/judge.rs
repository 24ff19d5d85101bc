//! The independent judge, asked about every image.

use ffscheck::fsck::{self, Class, Finding, Options, Outcome, Report};
use sim::Image;
use std::io;

/// A simulated image, as fsck takes images.
struct OnDisk(Image);

impl ffscheck::Image for OnDisk {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.0.size_bytes())
    }

    fn read_at(&self, offset_bytes: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.within(offset_bytes, bytes.len())?;
        self.0.read_at(offset_bytes, bytes);
        Ok(())
    }

    fn write_at(&mut self, offset_bytes: u64, bytes: &[u8]) -> io::Result<()> {
        self.within(offset_bytes, bytes.len())?;
        self.0.write_at(offset_bytes, bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OnDisk {
    fn within(&self, offset_bytes: u64, length: usize) -> io::Result<()> {
        let end = offset_bytes.checked_add(length as u64);
        let is_within = end.is_some_and(|end| end <= self.0.size_bytes());
        is_within.then_some(()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// What fsck says of an image as a power cut left it: once its log is replayed, nothing but that
/// the counts kept beside the groups are old, which are never logged.
///
/// # Errors
/// What it found.
pub fn after_cut(image: &Image) -> Result<(), String> {
    let report = check(&mut OnDisk(image.clone()), false)?;
    refuse(&report, |finding| COUNTS.contains(&finding.class))
}

/// What fsck says of an image that was unmounted: it must be clean and marked so.
///
/// # Errors
/// What it found.
pub fn after_unmount(image: &Image) -> Result<(), String> {
    let report = check(&mut OnDisk(image.clone()), false)?;
    refuse(&report, |_| false)?;
    match (report.was_clean, report.outcome) {
        (true, Outcome::Clean) => Ok(()),
        _ => Err("fsck: the image is not marked clean".to_owned()),
    }
}

/// Mends what a file system without a log may leave behind. `None` if there is no space left for
/// what has lost its name: that is for a person to decide.
///
/// # Errors
/// What it found that fsck -p would not mend by itself.
pub fn mend(image: &Image) -> Result<Option<Image>, String> {
    let mut mended = OnDisk(image.clone());
    let report = check(&mut mended, true)?;
    refuse(&report, |finding| {
        let is_known = COUNTS.contains(&finding.class) || PREEN.contains(&finding.class);
        is_known || finding.remedy == RELINKED
    })?;
    let is_nameless = |finding: &Finding| {
        matches!(finding.class, Class::UnreferencedFile | Class::OrphanDirectory | Class::LostFound)
    };
    let left: Vec<_> = report.findings.iter().filter(|finding| finding.remedy.is_none()).collect();
    match report.outcome {
        Outcome::Clean | Outcome::Repaired => Ok(Some(mended.0)),
        Outcome::Damaged if left.iter().all(|finding| is_nameless(finding)) => Ok(None),
        Outcome::Damaged => Err(format!("fsck cannot repair {left:?}")),
    }
}

/// What is kept beside the groups, and never logged.
const COUNTS: &[Class] = &[Class::SummaryTable, Class::Totals];

/// What else fsck -p mends without asking: what is marked used and is not, names fewer than
/// counted, files that were never named, and the directory where those go; and what a directory looks
/// like that is about to move: it has two names, and one of them is not its parent's.
const PREEN: &[Class] = &[
    Class::BlockCount,
    Class::PartlyTruncated,
    Class::UnreferencedFile,
    Class::DirectoryLink,
    Class::WrongDotDot,
    Class::OrphanDirectory,
    Class::LostFound,
    Class::LinkCount,
    Class::InodeMap,
    Class::FragmentMap,
    Class::ClusterMap,
    Class::FreeRuns,
    Class::GroupCounts,
    Class::Rotor,
    Class::QuotaCount,
];

/// What becomes of a quota's lists where an entry is in none, or in two.
const RELINKED: Option<&str> = Some("linked again");

fn check(image: &mut OnDisk, repair: bool) -> Result<Report, String> {
    let report = fsck::check(image, &Options { repair }, &mut |_| {});
    report.map_err(|why| format!("fsck cannot read it: {why}"))
}

fn refuse(report: &Report, is_allowed: impl Fn(&Finding) -> bool) -> Result<(), String> {
    let refused: Vec<_> = report.findings.iter().filter(|finding| !is_allowed(finding)).collect();
    if refused.is_empty() && report.findings_left_out == 0 {
        return Ok(());
    }
    let lines: Vec<_> = refused.iter().take(20).map(|finding| format!("  {finding}")).collect();
    Err(format!("fsck finds:\n{}", lines.join("\n")))
}
