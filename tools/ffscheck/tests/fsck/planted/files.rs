//! Inodes, their blocks, and blocks of two files.

use super::{FRAGMENTS_FOLLOW, INODES_FOLLOW, NOTHING, plant, plant_in};
use crate::builder::inode::{A, B, C, FREE, LARGE, LONG_LINK, NAMES, OTHER, SHORT_LINK, SMALL};
use crate::support::repair;
use crate::surgery::Patient;
use ffs::layout::{BlockArea, ByteOrder, Format, FragNo};
use ffscheck::fsck::Class;

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
