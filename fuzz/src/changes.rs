//! Damaged images, mounted for writing, and used.
//!
//! A small image that was in use is changed here and there, mounted, and operations are done to it
//! as clients ask for them. It is left, or not, and mounted and used again. Whatever stands on the
//! disk, and whichever of its requests fail: no panic, every operation ends and reads no more than
//! the disk holds a few times, nothing is written behind the disk's end, and no data where groups
//! and inodes are.

mod base;
mod session;

use crate::disk::WritableDisk;
use crate::input::Input;
use base::{Base, bases};
use ffs::layout::{CylGroup, Geometry, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS, Superblock};
use ffscheck::Image;
use ffscheck::newfs::Memory;
use session::{DATA, Session};

const CHANGES_MAX: u8 = 24;
const CHANGE_BYTES_MAX: u8 = 16;
const SECTOR_BYTES: u64 = 512;

/// Mounts the image that the input says, and does what it says.
pub fn ffs_changes(input: &[u8]) {
    let mut input = Input::new(input);
    let bases = bases();
    let base = &bases[usize::from(input.u8()) % bases.len()];
    let image = changed(base, &mut input);
    let how = input.u8();
    let fails_every = if how & 0x30 == 0 { 2 + u64::from(input.u16() % 512) } else { 0 };
    let geometry = geometry(&image);
    let image = used(image, how & 1 != 0, how & 2 != 0, fails_every, &mut input);
    let image = used(image, how & 4 != 0, true, 0, &mut input);
    if let Some(before) = geometry {
        check(&image, &before);
    }
}

/// Some of the metadata overwritten, with bytes of the input or of other metadata.
fn changed(base: &Base, input: &mut Input<'_>) -> Memory {
    let mut image = base.image.clone();
    for _ in 0..input.u8() % CHANGES_MAX {
        let start = base.places[usize::from(input.u16()) % base.places.len()];
        let count = input.u8();
        let at = start + u64::from(input.u16()) % SECTOR_BYTES;
        if count == u8::MAX {
            let mut sector = [0; SECTOR_BYTES as usize];
            let from = base.places[usize::from(input.u16()) % base.places.len()];
            image.read_at(from, &mut sector);
            image.write_at(start, &sector).expect("a place inside the image");
            continue;
        }
        let bytes = input.take((count % CHANGE_BYTES_MAX + 1).into());
        let room = (image.size_bytes() - at).min(bytes.len() as u64) as usize;
        image.write_at(at, &bytes[..room]).expect("a place inside the image");
    }
    image
}

/// Mounts the image, uses it, and leaves it if that is asked for.
fn used(
    image: Memory,
    log: bool,
    is_left: bool,
    fails_every: u64,
    input: &mut Input<'_>,
) -> Memory {
    let (disk, device) = WritableDisk::failing(image, fails_every);
    if let Some(session) = Session::new(&disk, device, log)
        && session.is_writable()
    {
        session.work(input);
        if is_left {
            let _ = session.wait(session.changes().sync());
            let _ = session.wait(session.changes().close());
        }
    }
    disk.image.borrow().clone()
}

/// Where things are, as a mount finds it.
fn geometry(image: &Memory) -> Option<Geometry> {
    SUPERBLOCK_OFFSETS.into_iter().find_map(|offset_bytes| {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        image.read_at(offset_bytes, &mut bytes);
        let (kind, superblock) = Superblock::parse(&bytes)?;
        let superblock = superblock.widened(offset_bytes);
        let is_own = superblock.superblock_offset_bytes == offset_bytes as i64;
        Geometry::new(kind, &superblock, image.size_bytes()).ok().filter(|_| is_own)
    })
}

/// No data stands where groups and inodes are. (A log that is replayed may bring another
/// superblock.)
fn check(image: &Memory, before: &Geometry) {
    let Some(geometry) = geometry(image).filter(|after| after == before) else { return };
    let mut sector = [0; SECTOR_BYTES as usize];
    for group in (0..geometry.groups).map(CylGroup) {
        let start = geometry.group_start(group).0;
        let area = start + u64::from(geometry.group_frag)..start + u64::from(geometry.data_frag);
        for frag in area {
            image.read_at(frag << geometry.frag_shift, &mut sector);
            assert!(sector != DATA[..SECTOR_BYTES as usize], "data at fragment {frag}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ffscheck::fsck;

    #[test]
    fn bases_are_whole() {
        for base in bases() {
            let mut image = base.image.clone();
            let repaired = fsck::check(&mut image, &fsck::Options { repair: true }, &mut |_| {});
            assert!(repaired.is_ok_and(|report| report.is_repairable));
            assert!(base.places.len() > 20 && geometry(&base.image).is_some());
        }
    }
}
