//! Rare formats, and repairs that need much room.

use crate::builder::{Builder, inode};
use crate::clean::LAYOUTS;
use crate::support::{assert_clean, classes, lines, look, repair};
use crate::surgery::Patient;
use abi::{FileSystemId, InodeNo, Timestamp};
use ffs::layout::{
    BlockArea, ByteOrder, Format, Geometry, Inode, Pointers, SUPERBLOCK_BYTES, Superblock, mode,
};
use ffscheck::Image;
use ffscheck::fsck::{Class, Options, Outcome, check};
use ffscheck::newfs::{self, Memory};

#[test]
fn images_of_43bsd() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let mut image = Builder::old(order).sample().finish();
        let found = classes(&look(&image));
        let derived = [
            Class::InodeMap,
            Class::FragmentMap,
            Class::FreeRuns,
            Class::GroupCounts,
            Class::SummaryTable,
            Class::Totals,
        ];
        assert!(found.iter().all(|class| derived.contains(class)), "{:#?}", lines(&look(&image)));
        let report = repair(&mut image);
        assert_eq!(report.outcome, Outcome::Repaired, "{:#?}", lines(&report));
        assert_eq!((report.usage.directories, report.usage.files), (5, 9));
    }
}

#[test]
fn images_with_snapshots_are_only_looked_at() {
    for (format, order) in LAYOUTS {
        let mut patient = Patient::sound(format, order);
        patient.alter_superblock(|fs| fs.snapshot_inodes[0] = inode::OTHER);
        patient.alter(inode::OTHER, |inode| inode.flags = 0x0020_0000);
        patient.point(inode::OTHER, |pointers| {
            (pointers.direct[2].0, pointers.direct[1].0) = (1, 2);
        });
        let before = patient.image.to_vec();
        let options = Options { repair: true };
        let report = check(&mut patient.image, &options, &mut |_| {}).expect("checked");
        assert_eq!(report.outcome, Outcome::Damaged, "its blocks are too many");
        assert!(report.refusal.expect("a reason").contains("snapshots"));
        assert!(patient.image.to_vec() == before, "written all the same");
    }
}

/// So many files without a name that lost+found needs an indirect block.
#[test]
fn lost_found_grows() {
    const FILES: u32 = 2700;
    let options = newfs::Options {
        format: Format::Ufs1,
        block_bytes: Some(4096),
        bytes_per_inode: Some(2048),
        ..newfs::Options::new(16 << 20)
    };
    let mut image = Memory::default();
    newfs::newfs(&mut image, &options, FileSystemId(7), Timestamp::default()).expect("an image");
    let mut bytes = [0; SUPERBLOCK_BYTES];
    image.read_at(8192, &mut bytes);
    let (kind, superblock) = Superblock::parse(&bytes).expect("a superblock");
    let geometry = Geometry::new(kind, &superblock, image.size_bytes()).expect("sound");
    let area = BlockArea::Pointers(Pointers::default());
    let (mode, links, size_bytes) = (mode::REGULAR, 1, 5);
    let inode = Inode { mode, links, size_bytes, area, ..Inode::free() };
    let mut bytes = vec![0; geometry.inode_shape().bytes()];
    geometry.inode_shape().store(&inode, &mut bytes);
    for number in 3..3 + FILES {
        let (frag, inside) = geometry.inode_place(InodeNo(number.into())).expect("an inode");
        let place = (frag.0 << geometry.frag_shift) + inside as u64;
        image.write_at(place, &bytes).expect("inside");
    }
    let report = repair(&mut image);
    assert_eq!(report.outcome, Outcome::Repaired);
    assert_eq!((report.usage.files, report.usage.directories), (FILES.into(), 2));
    assert_clean(&image, "with a large lost+found");
}

/// No room for lost+found: what cannot be repaired is said to be so.
#[test]
fn a_full_image_is_damaged_and_stays_so() {
    for (format, order) in LAYOUTS {
        let mut patient = Patient::sound(format, order);
        let per_group = patient.superblock.inodes_per_group;
        for number in inode::FREE..per_group * patient.superblock.groups {
            patient.alter(number, |inode| {
                let area = BlockArea::Pointers(Pointers::default());
                let (mode, links, size_bytes) = (mode::REGULAR, 1, 5);
                *inode = Inode { mode, links, size_bytes, area, ..Inode::free() };
            });
        }
        for group in (0..patient.superblock.groups).filter(|_| format == Format::Ufs2) {
            patient.alter_group(group, |group| group.initialized_inodes = per_group);
        }
        patient.lead(inode::A, "b", 0);
        let report = repair(&mut patient.image);
        assert_eq!((report.outcome, report.is_repairable), (Outcome::Damaged, false));
        let again = look(&patient.image);
        assert!(!again.was_clean, "damage must not be marked clean");
        let lost = again.findings.iter().filter(|finding| finding.remedy.is_none()).count();
        assert_eq!(lost, again.findings.len(), "what could be repaired was");
    }
}
