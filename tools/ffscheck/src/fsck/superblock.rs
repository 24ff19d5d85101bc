//! Phase 0: the superblock, looked for where BSD does, and compared with its copies.
//!
//! Copies are written by newfs and hardly ever after, so only what newfs decides can be compared
//! and restored. If the superblock contradicts its copies, and these agree with each other, it is
//! the superblock that is wrong; if there is none that makes sense, a copy takes its place. Never
//! with a write verifier: that of a copy is from another day, and would vouch for data lost since.

use super::Check;
use super::class::Class;
use super::error::{Error, Result};
use super::notes::Notes;
use super::overlay::Overlay;
use super::report::{Phase, Place};
use super::search::find_copy;
use super::volume::Volume;
use ffs::layout::{
    CylGroup, FieldFault, Format, Geometry, Kind, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock,
};

/// Lists the fields that newfs decides.
macro_rules! decided {
    ($($field:ident),* $(,)?) => {
        /// The first of them in which two superblocks differ.
        pub(super) fn difference(one: &Superblock, two: &Superblock) -> Option<&'static str> {
            $(if one.$field != two.$field {
                return Some(stringify!($field));
            })*
            None
        }

        /// Takes all of them from another superblock.
        fn restore(to: &mut Superblock, from: &Superblock) {
            $(to.$field = from.$field;)*
        }
    };
}

decided! {
    superblock_frag, group_frag, inode_frag, data_frag, old_group_offset_frags, old_group_mask,
    groups, block_bytes, frag_bytes, frags_per_block, block_mask, frag_mask, block_shift,
    frag_shift, frags_per_block_shift, sector_shift, superblock_bytes, pointers_per_block,
    inodes_per_block, summary_bytes, group_bytes, old_cylinders_per_group, inodes_per_group,
    frags_per_group, size_frags, data_frags, summary_frag, inline_link_bytes_max,
    old_inode_format, old_rotation_positions,
}

/// A superblock that makes sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub raw: Superblock,
    pub kind: Kind,
    pub geometry: Geometry,
    /// Where it stands, in bytes.
    pub offset_bytes: u64,
}

impl Found {
    pub fn wide(&self) -> Superblock {
        self.raw.widened(self.offset_bytes)
    }

    /// Where the copy in a group stands, in bytes.
    pub fn copy_offset_bytes(&self, group: u32) -> u64 {
        let start = self.geometry.group_start(CylGroup(group)).0;
        (start + u64::from(self.geometry.superblock_frag)) << self.geometry.frag_shift
    }

    /// Whether a copy of this one stands in a group.
    pub fn has_copy(&self, overlay: &Overlay<'_>, group: u32) -> Result<bool> {
        let offset_bytes = self.copy_offset_bytes(group);
        let Some((_, copy)) = read(overlay, offset_bytes)? else { return Ok(false) };
        let same_kind = copy.magic == self.raw.magic;
        Ok(same_kind && difference(&copy.widened(self.offset_bytes), &self.wide()).is_none())
    }

    /// Whether another group than `group` has a copy of this one.
    pub fn is_confirmed(&self, overlay: &Overlay<'_>, group: u32) -> Result<bool> {
        let groups = self.geometry.groups;
        for other in (0..groups.min(CONFIRMATIONS_MAX)).chain([groups - 1]) {
            if other != group && self.has_copy(overlay, other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Copies in so many groups are asked what the superblock should be.
const CONFIRMATIONS_MAX: u32 = 16;

/// The superblock at a place, whatever it says; `None` if its magic number is none.
pub(super) fn read(overlay: &Overlay<'_>, offset_bytes: u64) -> Result<Option<(Kind, Superblock)>> {
    let end = offset_bytes.checked_add(SUPERBLOCK_BYTES as u64);
    if end.is_none_or(|end| end > overlay.size_bytes()) {
        return Ok(None);
    }
    let mut bytes = [0; SUPERBLOCK_BYTES];
    overlay.read(offset_bytes, &mut bytes)?;
    Ok(Superblock::parse(&bytes))
}

/// Finds the superblock and makes a volume of it.
pub(super) fn open<'a>(overlay: Overlay<'a>, notes: &mut Notes<'_>) -> Result<Volume<'a>> {
    notes.phase = Phase::Superblock;
    let (found, is_restored) = match find(&overlay)? {
        Ok(found) => settle(&overlay, found, notes)?,
        Err(fault) => (replace(&overlay, fault, notes)?, true),
    };
    let Found { raw, geometry, offset_bytes, .. } = found;
    Ok(Volume {
        overlay,
        raw,
        place: offset_bytes,
        geometry,
        inodes: geometry.inode_shape(),
        names: geometry.directory_shape(),
        totals_are_stale: is_restored,
        table_is_stale: false,
    })
}

type Fault = Option<(u64, FieldFault)>;

/// Tries the places in BSD's order; or the first fault that a superblock there had.
fn find(overlay: &Overlay<'_>) -> Result<std::result::Result<Found, Fault>> {
    let mut first_fault = None;
    for offset_bytes in SUPERBLOCK_OFFSETS {
        let Some((kind, raw)) = read(overlay, offset_bytes)? else { continue };
        let is_old = kind.format == Format::Ufs1 && !raw.is_updated();
        if is_old && offset_bytes == SUPERBLOCK_OFFSETS[0] {
            continue;
        }
        let wide = raw.widened(offset_bytes);
        if wide.superblock_offset_bytes != offset_bytes as i64 {
            continue;
        }
        match Geometry::new(kind, &wide, overlay.size_bytes()) {
            Ok(geometry) => return Ok(Ok(Found { raw, kind, geometry, offset_bytes })),
            Err(fault) => {
                first_fault.get_or_insert((offset_bytes, fault));
            }
        }
    }
    Ok(Err(first_fault))
}

/// Asks the copies whether a superblock that makes sense is the right one. Says whether it had
/// to be restored.
fn settle(overlay: &Overlay<'_>, found: Found, notes: &mut Notes<'_>) -> Result<(Found, bool)> {
    if found.has_copy(overlay, 0)? || found.is_confirmed(overlay, 0)? {
        return Ok((found, false));
    }
    let Some((copy, group)) = find_copy(overlay, Some(found.kind))? else {
        return Ok((found, false));
    };
    if !copy.is_confirmed(overlay, group)? {
        return Ok((found, false));
    }
    let field = difference(&found.wide(), &copy.wide()).unwrap_or("fs_magic");
    let what = format!("the superblock contradicts its copies, which agree, in {field}");
    notes.fixed(Class::Superblock, Place::default(), what, "restored from a copy");
    Ok((merge(overlay, found.raw, found.offset_bytes, copy), true))
}

/// Lets a copy take the place of a superblock that does not make sense, or is gone.
fn replace(overlay: &Overlay<'_>, fault: Fault, notes: &mut Notes<'_>) -> Result<Found> {
    let size_bytes = overlay.size_bytes();
    let Some((copy, _)) = find_copy(overlay, None)? else {
        return Err(Error::NotFound { size_bytes, fault });
    };
    let what = match &fault {
        Some((offset, fault)) => format!("the superblock at byte {offset}: {fault}"),
        None => "no superblock where one should be".to_owned(),
    };
    notes.fixed(Class::Superblock, Place::default(), what, "restored from a copy");
    if let Some((offset_bytes, _)) = fault
        && let Some((kind, raw)) = read(overlay, offset_bytes)?
        && kind == copy.kind
    {
        return Ok(merge(overlay, raw, offset_bytes, copy));
    }
    let raw = unclean(copy.raw);
    let usual = match copy.kind.format {
        Format::Ufs1 => SUPERBLOCK_OFFSETS[1],
        Format::Ufs2 => SUPERBLOCK_OFFSETS[0],
    };
    let said = copy.wide().superblock_offset_bytes as u64;
    let is_place = copy.raw.is_updated() && SUPERBLOCK_OFFSETS.contains(&said);
    Ok(Found { raw, offset_bytes: if is_place { said } else { usual }, ..copy })
}

/// The superblock with what newfs decided as its copy has it, if that makes sense; else the copy.
fn merge(overlay: &Overlay<'_>, raw: Superblock, offset_bytes: u64, copy: Found) -> Found {
    let mut merged = raw;
    if raw.is_updated() == copy.raw.is_updated() {
        restore(&mut merged, &copy.raw);
    } else {
        merged = unclean(copy.raw);
    }
    (merged.old_size_frags, merged.old_data_frags) =
        (copy.raw.old_size_frags, copy.raw.old_data_frags);
    merged.old_summary_frag = copy.raw.old_summary_frag;
    match Geometry::new(copy.kind, &merged.widened(offset_bytes), overlay.size_bytes()) {
        Ok(geometry) => Found { raw: merged, kind: copy.kind, geometry, offset_bytes },
        Err(_) => Found { raw: unclean(copy.raw), offset_bytes, ..copy },
    }
}

/// A copy that takes the place of a superblock.
fn unclean(copy: Superblock) -> Superblock {
    Superblock { clean: 0, write_verifier: 0, ..copy }
}

impl Check<'_> {
    /// What follows from other fields, and the copies.
    pub(super) fn check_superblock(&mut self) -> Result<()> {
        self.notes.phase = Phase::Superblock;
        self.check_fields();
        let wide = self.volume.superblock();
        let groups = self.volume.geometry.groups;
        for group in 0..groups {
            self.notes.progress(group.into(), groups.into());
            self.check_copy(group, &wide)?;
        }
        self.notes.progress(groups.into(), groups.into());
        Ok(())
    }

    fn check_copy(&mut self, group: u32, wide: &Superblock) -> Result<()> {
        let geometry = &self.volume.geometry;
        let start = geometry.group_start(CylGroup(group)).0;
        let frag = start + u64::from(geometry.superblock_frag);
        let offset_bytes = frag << geometry.frag_shift;
        let copy = read(&self.volume.overlay, offset_bytes)?;
        let what = match copy {
            None => "no copy of the superblock".to_owned(),
            Some((_, copy)) => match difference(&copy.widened(self.volume.place), wide) {
                Some(field) => format!("the copy of the superblock differs in {field}"),
                None => return Ok(()),
            },
        };
        let place = Place::group(group).at(frag);
        self.notes.fixed(Class::SuperblockCopy, place, what, "written again");
        let copied = Superblock { write_verifier: 0, ..self.volume.raw };
        self.volume.overlay.write(offset_bytes, &copied.to_bytes(self.volume.geometry.order))
    }
}
