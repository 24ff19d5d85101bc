//! Damage of every class, in all four layouts: found, named as expected, and repaired.

use crate::builder::inode::{
    A, B, C, DEVICE, EMPTY, FIFO, FREE, LARGE, LONG_LINK, NAMES, OTHER, ROOT, SHORT_LINK, SMALL,
};
use crate::clean::LAYOUTS;
use crate::support::{classes, lines, look, repair};
use crate::surgery::Patient;
use ffs::layout::{BlockArea, ByteOrder, Field, Format, FragNo};
use ffscheck::fsck::{Class, Outcome};
use std::collections::BTreeSet;

/// Maps and counts that follow when something in use goes, or the other way round.
const INODES_FOLLOW: [Class; 4] =
    [Class::InodeMap, Class::GroupCounts, Class::SummaryTable, Class::Totals];
const FRAGMENTS_FOLLOW: [Class; 6] = [
    Class::FragmentMap,
    Class::FreeRuns,
    Class::ClusterMap,
    Class::GroupCounts,
    Class::SummaryTable,
    Class::Totals,
];

/// Plants damage in every layout. `line` must be in the report, all of `classes` must be found,
/// and besides them only what `follows`.
#[track_caller]
fn plant(damage: impl Fn(&mut Patient), line: &str, expected: &[Class], follows: &[&[Class]]) {
    for (format, order) in LAYOUTS {
        plant_in(format, order, &damage, line, expected, follows);
    }
}

#[track_caller]
fn plant_in(
    format: Format,
    order: ByteOrder,
    damage: &impl Fn(&mut Patient),
    line: &str,
    expected: &[Class],
    follows: &[&[Class]],
) {
    let mut patient = Patient::sound(format, order);
    damage(&mut patient);
    let seen = look(&patient.image);
    let text = lines(&seen);
    assert_eq!((seen.outcome, seen.is_repairable), (Outcome::Damaged, true), "{text:#?}");
    assert!(
        text.iter().any(|found| found.contains(line)),
        "{format:?} {order}: no {line:?} in {text:#?}"
    );
    let found = classes(&seen);
    let expected: BTreeSet<Class> = expected.iter().copied().collect();
    let follows: BTreeSet<Class> =
        follows.iter().flat_map(|classes| classes.iter().copied()).collect();
    assert!(expected.is_subset(&found), "{expected:?} are not all in {text:#?}");
    let others: Vec<_> =
        found.difference(&expected).filter(|class| !follows.contains(class)).collect();
    assert!(others.is_empty(), "{others:?} in {text:#?}");
    let repaired = repair(&mut patient.image);
    assert_eq!(repaired.outcome, Outcome::Repaired);
    assert_eq!(lines(&repaired), text, "what a look said it would do");
}

const NOTHING: &[&[Class]] = &[];

#[test]
fn inodes() {
    let both: &[&[Class]] = &[&INODES_FOLLOW, &FRAGMENTS_FOLLOW];
    plant(
        |patient| patient.alter(FREE, |inode| inode.size_bytes = 77),
        "phase 1: inode 16: a free inode with a mode, size or blocks (cleared)",
        &[Class::PartlyAllocated],
        NOTHING,
    );
    plant(
        |patient| patient.alter(SMALL, |inode| inode.mode = 0o150_644),
        "phase 1: inode 3: mode 0o150644 is no type of file (cleared)",
        &[Class::UnknownType, Class::FreeInode],
        both,
    );
    plant(
        |patient| patient.alter(OTHER, |inode| inode.size_bytes = 1 << 62),
        "phase 1: inode 15: 4611686018427387904 bytes, of at most",
        &[Class::FileSize, Class::FreeInode],
        both,
    );
    plant(
        |patient| patient.alter(OTHER, |inode| inode.sectors += 1),
        "phase 1: /other: takes ",
        &[Class::BlockCount],
        NOTHING,
    );
    plant(
        |patient| {
            patient.alter(SHORT_LINK, |inode| {
                let BlockArea::Text(text) = &mut inode.area else { panic!("a short link") };
                text[40] = b'x';
            });
        },
        "phase 1: /short: bytes behind the text of the link (zeroed)",
        &[Class::LinkPadding],
        NOTHING,
    );
}

#[test]
fn blocks() {
    plant(
        |patient| patient.point(OTHER, |pointers| pointers.direct[1] = FragNo(1 << 20)),
        "phase 1: /other: block 1 at fragment 1048576 is no data (became a hole)",
        &[Class::BadBlock, Class::BlockCount],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| patient.point(LARGE, |pointers| pointers.indirect[1] = FragNo(3)),
        "phase 1: /large: a double indirect block at fragment 3 is no data (became a hole)",
        &[Class::BadBlock, Class::BlockCount, Class::FragmentMap],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| patient.point(OTHER, |pointers| pointers.direct[1] = pointers.direct[0]),
        "is its own already (became a hole)",
        &[Class::BadBlock, Class::BlockCount],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| {
            let single = patient.pointers(LARGE).indirect[0];
            (0..11).for_each(|index| patient.point_in(single, index, FragNo(1)));
        },
        "phase 1: inode 4: more than 10 of its pointers are bad (cleared)",
        &[Class::BadBlock, Class::ManyBadBlocks, Class::FreeInode],
        &[&FRAGMENTS_FOLLOW, &INODES_FOLLOW],
    );
    plant(
        |patient| patient.alter(OTHER, |inode| inode.size_bytes = 4096),
        "phase 1: /other: 2 pointers behind its end (became holes)",
        &[Class::PartlyTruncated, Class::BlockCount],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| {
            patient.point(SHORT_LINK + 1, |pointers| pointers.direct[0] = FragNo::from(-1_i64));
        },
        "phase 1: /long: block 0 at fragment -1 is no data",
        &[Class::BadBlock, Class::BlockCount],
        &[&FRAGMENTS_FOLLOW],
    );
    let in_ufs2 = |patient: &mut Patient| {
        patient.alter(OTHER, |inode| inode.extended.size_bytes = 1 << 20);
    };
    let expected = [Class::ExtendedAttributes, Class::BlockCount];
    let line = "phase 1: /other: 1048576 bytes of extended attributes (removed)";
    for order in [ByteOrder::Little, ByteOrder::Big] {
        plant_in(Format::Ufs2, order, &in_ufs2, line, &expected, &[&FRAGMENTS_FOLLOW]);
    }
}

#[test]
fn duplicates() {
    plant(
        |patient| {
            let shared = patient.pointers(SMALL).direct[1];
            patient.point(OTHER, |pointers| pointers.direct[1] = shared);
        },
        "is inode 3's, too (copied)",
        &[Class::Duplicate],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| {
            let shared = patient.pointers(LARGE).indirect[2];
            let bytes = patient.inode(LARGE).size_bytes;
            patient.alter(OTHER, |inode| inode.size_bytes = bytes);
            patient.point(OTHER, |pointers| pointers.indirect[2] = shared);
        },
        "is inode 4's, too (copied)",
        &[Class::Duplicate],
        &[&FRAGMENTS_FOLLOW, &[Class::BlockCount, Class::PartlyTruncated]],
    );
    plant(
        |patient| {
            let names = patient.pointers(NAMES);
            let bytes = patient.inode(NAMES).size_bytes;
            let other = patient.inode(SMALL);
            patient.alter(OTHER, |inode| {
                *inode = other;
                (inode.links, inode.size_bytes) = (1, bytes);
                inode.area = BlockArea::Pointers(names);
            });
        },
        "is inode 10's, too (copied)",
        &[Class::Duplicate],
        &[&FRAGMENTS_FOLLOW, &[Class::BlockCount, Class::PartlyTruncated]],
    );
}

#[test]
fn a_copied_block_has_the_same_contents() {
    let mut patient = Patient::sound(Format::Ufs2, ByteOrder::Little);
    let shared = patient.pointers(SMALL).direct[1];
    patient.point(OTHER, |pointers| pointers.direct[1] = shared);
    repair(&mut patient.image);
    let copy = patient.pointers(OTHER).direct[1];
    assert_ne!(copy, shared);
    let contents = |frag| patient.bytes(Patient::frag_place(frag), 4096);
    assert_eq!(contents(copy), contents(shared));
}

#[test]
fn many_duplicates_are_not_believed() {
    plant(
        |patient| {
            let blocks = patient.pointers(SMALL).direct;
            let large = patient.pointers(LARGE);
            let all = [
                blocks[0],
                blocks[1],
                blocks[2],
                large.direct[0],
                large.indirect[0],
                large.indirect[1],
                large.indirect[2],
                patient.pointers(LONG_LINK).direct[0],
                patient.pointers(NAMES).direct[0],
                patient.pointers(NAMES).direct[1],
                patient.pointers(A).direct[0],
                patient.pointers(B).direct[0],
            ];
            patient.alter(OTHER, |inode| inode.size_bytes = 12 * 4096);
            patient.point(OTHER, |pointers| pointers.direct = all);
        },
        "phase 1: inode 15: more than 10 of its blocks are other files' (cleared)",
        &[Class::ManyDuplicates, Class::FreeInode],
        &[&FRAGMENTS_FOLLOW, &INODES_FOLLOW],
    );
}

#[test]
fn directories() {
    plant(
        |patient| patient.alter(C, |inode| inode.size_bytes = 0),
        "phase 1: inode 13: a directory without blocks (cleared)",
        &[Class::EmptyDirectory, Class::FreeInode, Class::LinkCount],
        &[&FRAGMENTS_FOLLOW, &INODES_FOLLOW],
    );
    plant(
        |patient| patient.point(C, |pointers| pointers.direct[0] = FragNo::HOLE),
        "phase 1: inode 13: block 0 of the directory is a hole (cleared)",
        &[Class::DirectoryHole, Class::FreeInode, Class::LinkCount],
        &[&FRAGMENTS_FOLLOW, &INODES_FOLLOW],
    );
    plant(
        |patient| patient.point(NAMES, |pointers| pointers.direct[1] = FragNo::HOLE),
        "phase 1: /names: block 1 of the directory is a hole (shortened)",
        &[Class::DirectoryHole, Class::LinkCount, Class::BlockCount],
        &[&FRAGMENTS_FOLLOW],
    );
    plant(
        |patient| patient.alter(C, |inode| inode.size_bytes = 500),
        "phase 1: /a/b/c: a directory of 500 bytes (rounded up)",
        &[Class::DirectorySize],
        NOTHING,
    );
}

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

#[test]
fn groups() {
    plant(
        |patient| patient.alter_group(1, |group| group.magic = 7),
        "group 1: the group block is none (made again)",
        &[Class::Group],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(1, |group| group.number = 7),
        "group 1: the group block is none (made again)",
        &[Class::Group],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.frags += 8),
        "phase 5: group 0: cg_ndblk is ",
        &[Class::GroupHeader],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.inode_rotor = u32::MAX),
        "phase 5: group 0: rotors [",
        &[Class::Rotor],
        NOTHING,
    );
    plant(
        |patient| patient.flip(0, |group| group.inode_map, SMALL),
        "1 inodes in use are free in the map, 0 free ones in use (corrected)",
        &[Class::InodeMap],
        NOTHING,
    );
    plant(
        |patient| patient.flip(0, |group| group.frag_map, 3),
        "phase 5: group 0: 1 fragments in use are free in the map, 0 free ones in use (corrected)",
        &[Class::FragmentMap],
        NOTHING,
    );
    plant(
        |patient| patient.flip(1, |group| group.cluster_map, 2),
        "phase 5: group 1: the map of free blocks, or the counts of their runs (corrected)",
        &[Class::ClusterMap],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.free_runs[3] += 1),
        "phase 5: group 0: runs are ",
        &[Class::FreeRuns],
        NOTHING,
    );
    plant(
        |patient| patient.alter_group(0, |group| group.summary.free_blocks -= 1),
        ", and the group says ",
        &[Class::GroupCounts],
        NOTHING,
    );
    plant(
        |patient| {
            let place = Patient::frag_place(FragNo(patient.superblock.summary_frag as u64));
            patient.write(place + 16, &[0xff; 4]);
        },
        "phase 5: group 1: 0 directories, ",
        &[Class::SummaryTable],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.total.directories += 1),
        "phase 5: file system: directories, free blocks, inodes and fragments are ",
        &[Class::Totals],
        NOTHING,
    );
    let unwritten =
        |patient: &mut Patient| patient.alter_group(0, |group| group.initialized_inodes = 1);
    let line = "phase 1: group 0: 1 inodes of ";
    for order in [ByteOrder::Little, ByteOrder::Big] {
        plant_in(Format::Ufs2, order, &unwritten, line, &[Class::InitializedInodes], NOTHING);
    }
}

#[test]
fn superblocks() {
    plant(
        |patient| patient.alter_superblock(|fs| fs.magic = 0),
        "phase 0: file system: no superblock where one should be (restored from a copy)",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.frags_per_group = 13),
        "fs_fpg at byte 188 is 13, expected",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.size_frags -= 8),
        "phase 0: file system: the superblock contradicts its copies, which agree, in size_frags",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.pointers_per_block += 1),
        "contradicts its copies, which agree, in pointers_per_block",
        &[Class::Superblock],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.reserve_percent = -5),
        "phase 0: file system: fs_minfree is -5, not 5 (corrected)",
        &[Class::SuperblockField],
        NOTHING,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.file_bytes_max = 5),
        "phase 0: file system: fs_maxfilesize is 5, not ",
        &[Class::SuperblockField],
        NOTHING,
    );
    plant(
        |patient| {
            let copy = patient.group_place(1, patient.superblock.superblock_frag);
            patient.write(copy, &[0; 1376]);
        },
        "phase 0: group 1: no copy of the superblock (written again)",
        &[Class::SuperblockCopy],
        NOTHING,
    );
}
