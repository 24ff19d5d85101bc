//! Looking for copies of a superblock that is lost.
//!
//! A copy stands at a multiple of a block, so at one of 4096 bytes: the first within the first
//! megabyte, others where the next groups begin.

use super::error::Result;
use super::overlay::Overlay;
use super::superblock::Found;
use ffs::layout::{CylGroup, Geometry, Kind, SUPERBLOCK_BYTES, Superblock};

const STEP_BYTES: u64 = 4096;
/// The first copy is before this; behind it newfs by default puts the second.
const NEAR_BYTES: u64 = 1 << 20;
const FAR_BYTES: u64 = (1 << 30) + NEAR_BYTES;
/// Candidates that make sense and that no other copy confirms.
const UNCONFIRMED_MAX: u32 = 16;

/// A copy that makes sense where it stands, and its group: rather one that another confirms than
/// the first. `kind`, if it is known.
pub(super) fn find_copy(overlay: &Overlay<'_>, kind: Option<Kind>) -> Result<Option<(Found, u32)>> {
    let mut first = None;
    let mut unconfirmed = 0;
    let end = overlay.size_bytes().min(FAR_BYTES);
    let mut block = vec![0; NEAR_BYTES as usize];
    for start in (0..end).step_by(NEAR_BYTES as usize) {
        if start > 0 && first.is_some() {
            break;
        }
        let length = (end - start).min(NEAR_BYTES) as usize;
        overlay.read(start, &mut block[..length])?;
        for (index, bytes) in block[..length].chunks(STEP_BYTES as usize).enumerate() {
            let Some(bytes) = bytes.first_chunk() else { continue };
            let offset_bytes = start + index as u64 * STEP_BYTES;
            let Some(found) = candidate(overlay, bytes, offset_bytes, kind) else { continue };
            if found.0.is_confirmed(overlay, found.1)? {
                return Ok(Some(found));
            }
            unconfirmed += 1;
            first.get_or_insert(found);
            if unconfirmed == UNCONFIRMED_MAX {
                return Ok(first);
            }
        }
    }
    Ok(first)
}

/// A superblock that makes sense and stands where one of its own copies would.
fn candidate(
    overlay: &Overlay<'_>,
    bytes: &[u8; SUPERBLOCK_BYTES],
    offset_bytes: u64,
    expected: Option<Kind>,
) -> Option<(Found, u32)> {
    let (kind, raw) = Superblock::parse(bytes)?;
    if expected.is_some_and(|expected| expected != kind) {
        return None;
    }
    let geometry = Geometry::new(kind, &raw.widened(offset_bytes), overlay.size_bytes()).ok()?;
    let frag =
        (offset_bytes >> geometry.frag_shift).checked_sub(geometry.superblock_frag.into())?;
    let group = (frag / u64::from(geometry.frags_per_group)) as u32;
    let is_copy = group < geometry.groups
        && geometry.group_start(CylGroup(group)).0 == frag
        && offset_bytes.is_multiple_of(geometry.frag_bytes().into());
    is_copy.then_some((Found { raw, kind, geometry, offset_bytes }, group))
}
