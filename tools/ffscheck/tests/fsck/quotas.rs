//! Quotas: what they count is what is there.

use crate::builder::inode::{FREE, OTHER};
use crate::builder::{BLOCK_BYTES, FRAG_BYTES};
use crate::clean::LAYOUTS;
use crate::support::{assert_clean, classes, lines, look, repair};
use crate::surgery::Patient;
use ffs::layout::{
    BlockArea, Field, Format, FragNo, Inode, Pointers, QUOTA_MAGIC, QuotaEntry, QuotaHeader, mode,
};
use ffscheck::fsck::{Class, Outcome};

/// FS_DOQUOTA2.
const QUOTAS: u32 = 0x200;
/// Lists of a quota file: four.
const SHIFT: u8 = 2;
const ENTRIES_AT: usize = QuotaHeader::BYTES + 4 * 8;
const USER: u32 = 77;

fn block(patient: &Patient, kind: u32) -> FragNo {
    FragNo(patient.superblock.size_frags as u64 - 16 - 8 * u64::from(kind))
}

/// The sample with an empty quota file for users and one for groups, and a file of user 77.
fn with_quotas(mut patient: Patient) -> Patient {
    for kind in 0..2 {
        let at = block(&patient, kind);
        let header = QuotaHeader {
            magic: QUOTA_MAGIC,
            kind: kind as u8,
            hash_shift: SHIFT,
            hash_size: 1 << SHIFT,
            free: ENTRIES_AT as u64,
            ..QuotaHeader::default()
        };
        let mut bytes = vec![0; BLOCK_BYTES];
        header.put(&mut bytes, patient.order);
        let slots = (BLOCK_BYTES - ENTRIES_AT) / QuotaEntry::BYTES;
        for slot in 0..slots - 1 {
            let at = ENTRIES_AT + slot * QuotaEntry::BYTES;
            let next = (at + QuotaEntry::BYTES) as u64;
            QuotaEntry { next, ..QuotaEntry::default() }.put(&mut bytes[at..], patient.order);
        }
        patient.write(Patient::frag_place(at), &bytes);
        let mut pointers = Pointers::default();
        pointers.direct[0] = at;
        patient.alter(FREE + kind, |inode| {
            *inode = Inode {
                mode: mode::REGULAR | 0o400,
                links: 1,
                size_bytes: BLOCK_BYTES as u64,
                sectors: (BLOCK_BYTES / FRAG_BYTES) as u64,
                area: BlockArea::Pointers(pointers),
                ..Inode::free()
            };
        });
    }
    patient.alter(OTHER, |inode| inode.uid = USER);
    patient.alter_superblock(|fs| {
        (fs.flags, fs.quota_magic, fs.quota_flags) = (fs.flags | QUOTAS, QUOTA_MAGIC, 3);
        fs.quota_inodes = [FREE.into(), (FREE + 1).into()];
    });
    let report = repair(&mut patient.image);
    assert!(classes(&report).contains(&Class::QuotaCount), "{:#?}", lines(&report));
    assert_clean(&patient.image, "with quotas");
    patient
}

/// Where the entry of somebody stands in the file of users.
fn entry_place(patient: &Patient, owner: u32) -> u64 {
    let start = Patient::frag_place(block(patient, 0));
    let slots = (ENTRIES_AT..BLOCK_BYTES - QuotaEntry::BYTES).step_by(QuotaEntry::BYTES);
    let mut places = slots.map(|at| start + at as u64);
    let is_owners =
        |&at: &u64| entry(patient, at).owner == owner && entry(patient, at).values[1].used > 0;
    places.find(is_owners).expect("an entry")
}

fn entry(patient: &Patient, at: u64) -> QuotaEntry {
    QuotaEntry::get(&patient.bytes(at, QuotaEntry::BYTES), patient.order)
}

fn plant(damage: fn(&mut Patient), line: &str, class: Class) {
    for (format, order) in LAYOUTS {
        let mut patient = with_quotas(Patient::sound(format, order));
        damage(&mut patient);
        let seen = look(&patient.image);
        let text = lines(&seen);
        assert!(text.iter().any(|found| found.contains(line)), "{line}: {text:#?}");
        assert!(classes(&seen).contains(&class));
        assert_eq!(repair(&mut patient.image).outcome, Outcome::Repaired);
    }
}

#[test]
fn counts_follow_the_files() {
    plant(
        |patient| {
            let at = entry_place(patient, USER);
            let mut entry = entry(patient, at);
            assert_eq!(entry.values[1].used, 1);
            entry.values[0].used += 1;
            let mut bytes = [0; QuotaEntry::BYTES];
            entry.put(&mut bytes, patient.order);
            patient.write(at, &bytes);
        },
        "phase 4b: inode 16: user 77 has ",
        Class::QuotaCount,
    );
    plant(
        |patient| patient.alter(OTHER, |inode| inode.gid = 5),
        "phase 4b: inode 17: group 5 has ",
        Class::QuotaCount,
    );
}

#[test]
fn broken_lists_are_linked_again() {
    plant(
        |patient| {
            let at = entry_place(patient, USER);
            let mut entry = entry(patient, at);
            entry.next = 13;
            let mut bytes = [0; QuotaEntry::BYTES];
            entry.put(&mut bytes, patient.order);
            patient.write(at, &bytes);
        },
        "phase 4b: inode 16: the lists of user quotas are broken (linked again)",
        Class::QuotaFile,
    );
}

#[test]
fn a_file_that_is_none_ends_its_quotas() {
    plant(
        |patient| patient.write(Patient::frag_place(block(patient, 1)), &[0; 4]),
        "phase 4b: inode 17: the file of group quotas is none (these quotas switched off)",
        Class::QuotaFile,
    );
    plant(
        |patient| patient.alter_superblock(|fs| fs.quota_inodes[0] = 2),
        "phase 4b: /: the file of user quotas is none (these quotas switched off)",
        Class::QuotaFile,
    );
}

/// More users than entries: the file grows.
#[test]
fn quota_files_grow() {
    for (format, order) in LAYOUTS {
        let mut patient = with_quotas(Patient::sound(format, order));
        let mut pointers = Pointers::default();
        let size_bytes = patient.inode(FREE).size_bytes;
        pointers.direct[0] = FragNo::HOLE;
        let first = FREE + 2;
        let inodes = patient.superblock.inodes_per_group;
        if format == Format::Ufs2 {
            patient.alter_group(0, |group| group.initialized_inodes = inodes);
        }
        for user in 0..50 {
            patient.alter(first + user, |inode| {
                *inode = Inode {
                    mode: mode::REGULAR,
                    links: 1,
                    uid: 1000 + user,
                    size_bytes: 1,
                    area: BlockArea::Pointers(pointers),
                    ..Inode::free()
                };
            });
        }
        let report = repair(&mut patient.image);
        assert_eq!(report.outcome, Outcome::Repaired, "{:#?}", lines(&report));
        assert_eq!(patient.inode(FREE).size_bytes, size_bytes + BLOCK_BYTES as u64);
    }
}
