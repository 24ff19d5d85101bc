//! Names, what has none, and counts of them.

use super::{FRAGMENTS_FOLLOW, INODES_FOLLOW, NOTHING, plant};
use crate::builder::inode::{A, B, C, DEVICE, EMPTY, FIFO, FREE, LARGE, NAMES, ROOT, SMALL};
use crate::surgery::Patient;
use ffs::layout::Field;
use ffscheck::fsck::Class;

#[test]
fn roots() {
    let all = [&INODES_FOLLOW[..], &FRAGMENTS_FOLLOW[..]];
    let lost = [Class::Root, Class::OrphanDirectory, Class::UnreferencedFile, Class::LostFound];
    plant(
        |patient| patient.alter(ROOT, |inode| inode.mode = 0o100_644),
        "phase 2: /: the root directory is a file of another kind (made again)",
        &lost,
        &[all[0], all[1], &[Class::LinkCount]],
    );
    plant(
        |patient| patient.alter(ROOT, |inode| *inode = ffs::layout::Inode::free()),
        "phase 2: /: the root directory is free (made again)",
        &lost,
        &[all[0], all[1], &[Class::LinkCount]],
    );
}

#[test]
fn dots() {
    plant(
        |patient| patient.rename(B, ".", "x"),
        "phase 2: /a/b: no `.` (made again)",
        &[Class::MissingDot],
        &[&[Class::DirectoryLink, Class::ExtraDot]],
    );
    plant(
        |patient| patient.lead(B, ".", A),
        "phase 2: /a/b: `.` leads to inode 11 (corrected)",
        &[Class::WrongDot],
        NOTHING,
    );
    plant(
        |patient| patient.rename(B, "..", "xx"),
        "phase 2: /a/b: no `..` (made again)",
        &[Class::MissingDotDot],
        &[&[Class::DirectoryLink]],
    );
    plant(
        |patient| patient.lead(B, "..", C),
        "phase 2: /a/b: `..` leads to inode 13, not 11 (corrected)",
        &[Class::WrongDotDot],
        NOTHING,
    );
    plant(
        |patient| {
            patient.alter_entry(B, "c", |bytes| (bytes[7], bytes[8]) = (1, b'.'));
        },
        "phase 2: /a/b/.: another `.` or `..` (removed)",
        &[Class::ExtraDot, Class::OrphanDirectory, Class::LostFound, Class::LinkCount],
        &[&FRAGMENTS_FOLLOW, &INODES_FOLLOW],
    );
    plant(
        |patient| patient.alter_entry(B, "..", |bytes| bytes[6] = 8),
        "phase 2: /a/b: `..` has type 8 (corrected)",
        &[Class::EntryType],
        NOTHING,
    );
}

#[test]
fn entries() {
    plant(
        |patient| patient.alter_entry(ROOT, "fifo", |bytes| bytes[4..6].fill(0xff)),
        "of its block: record length 65535 does not fit its name or its chunk (removed)",
        &[Class::CorruptEntry, Class::OrphanDirectory, Class::UnreferencedFile, Class::LostFound],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW, &[Class::LinkCount]],
    );
    plant(
        |patient| patient.rename(ROOT, "other", "ot/er"),
        "byte 0x2f in a name (removed)",
        &[Class::CorruptEntry, Class::UnreferencedFile, Class::LostFound],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| patient.alter_entry(ROOT, "other", |bytes| bytes[13] = 1),
        "its name does not end (ended)",
        &[Class::CorruptEntry],
        NOTHING,
    );
    plant(
        |patient| patient.lead(ROOT, "empty", 1 << 30),
        "phase 2: /empty: entry leads to inode 1073741824, of which there is none (removed)",
        &[Class::NoInode, Class::UnreferencedFile],
        &[&INODES_FOLLOW],
    );
    plant(
        |patient| patient.lead(ROOT, "other", FREE + 1),
        "phase 2: /other: entry leads to free inode 17 (removed)",
        &[Class::FreeInode, Class::UnreferencedFile, Class::LostFound],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| patient.alter_entry(ROOT, "other", |bytes| bytes[6] = 4),
        "phase 2: /other: entry has type 4, not 8 (corrected)",
        &[Class::EntryType],
        NOTHING,
    );
    plant(
        |patient| patient.lead(NAMES, &format!("{:0100}", 7), C),
        "another name of directory 13 (removed)",
        &[Class::DirectoryLink, Class::LinkCount],
        &[&[Class::EntryType]],
    );
    plant(
        |patient| patient.rename(NAMES, &format!("{:0100}", 59), &format!("{:0100}", 1)),
        ": the same name again (removed)",
        &[Class::DuplicateName, Class::LinkCount],
        NOTHING,
    );
}

#[test]
fn connectivity() {
    plant(
        |patient| patient.lead(A, "b", 0),
        "phase 3: /lost+found/#00000012: a directory without a name (reconnected in lost+found)",
        &[Class::OrphanDirectory, Class::LostFound, Class::LinkCount],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| {
            // The name of /a goes, and /a/b/c gets another: the two keep each other.
            patient.lead(ROOT, "a", 0);
            patient.lead(B, "inside", A);
            patient.alter_entry(B, "inside", |bytes| bytes[6] = 4);
        },
        "phase 3: /lost+found/#00000011: directories lead to each other, and nothing to them",
        &[Class::DirectoryLoop, Class::LostFound, Class::UnreferencedFile],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW, &[Class::LinkCount, Class::WrongDotDot]],
    );
    plant(
        |patient| {
            patient.lead(A, "b", 0);
            patient.alter(B, |inode| inode.links = 0);
            patient.lead(B, "c", 0);
            patient.lead(B, "inside", 0);
        },
        "phase 3: inode 12: an empty directory without a name, and meant to have none (cleared)",
        &[Class::OrphanDirectory, Class::LinkCount],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW, &[Class::LostFound, Class::UnreferencedFile]],
    );
    plant(
        |patient| {
            patient.lead(ROOT, "other", 0);
            patient.alter_entry(ROOT, "empty", |bytes| {
                let name = b"fif1";
                bytes[8..12].copy_from_slice(name);
            });
        },
        "phase 4: /lost+found/#00000015: a file without a name (reconnected in lost+found)",
        &[Class::UnreferencedFile, Class::LostFound],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
}

#[test]
fn a_lost_found_that_is_no_directory_is_replaced() {
    plant(
        |patient| {
            let name = "lost+found";
            let pointers = patient.pointers(ROOT);
            let chunk = Patient::frag_place(pointers.direct[0]);
            // The last record of the root's chunk has room for it.
            let (place, length) = patient.entry_place(ROOT, "other");
            let mut bytes = patient.bytes(place, length);
            (16_u16).put(&mut bytes[4..], patient.order);
            EMPTY.put(&mut bytes[16..], patient.order);
            ((length - 16) as u16).put(&mut bytes[20..], patient.order);
            bytes[22..24].copy_from_slice(&[8, name.len() as u8]);
            bytes[24..24 + name.len()].copy_from_slice(name.as_bytes());
            patient.write(place, &bytes);
            assert!(place >= chunk);
            patient.alter(EMPTY, |inode| inode.links = 2);
            patient.lead(A, "b", 0);
        },
        "phase 3: /lost+found: lost+found is no directory (replaced)",
        &[Class::LostFound, Class::OrphanDirectory, Class::LinkCount],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
}

#[test]
fn links() {
    plant(
        |patient| patient.alter(SMALL, |inode| inode.links -= 1),
        "phase 4: /",
        &[Class::LinkCount],
        NOTHING,
    );
    plant(
        |patient| patient.alter(DEVICE, |inode| inode.links = 9),
        "phase 4: /device: 1 names, and the inode says 9 (corrected)",
        &[Class::LinkCount],
        NOTHING,
    );
    plant(
        |patient| {
            patient.lead(ROOT, "fifo", 0);
        },
        "phase 4: inode 8: a file without a name, and nothing in it (cleared)",
        &[Class::UnreferencedFile],
        &[&INODES_FOLLOW],
    );
    plant(
        |patient| {
            patient.lead(ROOT, "large", 0);
            patient.alter(LARGE, |inode| inode.links = 0);
        },
        "phase 4: inode 4: a file without a name, and meant to have none (cleared)",
        &[Class::UnreferencedFile, Class::FragmentMap, Class::InodeMap],
        &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW],
    );
    assert_eq!(FIFO, 8);
}
