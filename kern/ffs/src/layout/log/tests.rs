//! The log's records against bytes put down by hand, and back again.

use super::*;
use crate::layout::{
    ByteOrder, Field, Format, Geometry, Kind, MAGIC_UFS2, SUPERBLOCK_BYTES, Superblock,
};
use abi::{InodeNo, Timestamp};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

const BLOCK: usize = 512;
const PLACE: Place = Place {
    location: Location::Within(InodeNo(3)),
    offset_bytes: 128 << 10,
    size_bytes: 64 << 10,
    block_bytes: BLOCK as u32,
};

/// Numbers of 4 or 8 bytes, one after another, as a C structure has them.
#[derive(Default)]
struct Words(Vec<u8>);

impl Words {
    fn four(mut self, words: &[u32]) -> Self {
        words.iter().for_each(|word| self.0.extend(word.to_le_bytes()));
        self
    }

    fn eight(mut self, words: &[u64]) -> Self {
        words.iter().for_each(|word| self.0.extend(word.to_le_bytes()));
        self
    }

    fn block(mut self) -> Vec<u8> {
        assert!(self.0.len() <= BLOCK);
        self.0.resize(BLOCK, 0);
        self.0
    }
}

/// The header that NetBSD writes after a first transaction of 2048 bytes.
fn netbsd_header() -> Vec<u8> {
    Words::default()
        .four(&[0x5741_424c, 512, 0, 7, 0, 0])
        .eight(&[1_700_000_000])
        .four(&[999, 1, 9, 9])
        .eight(&[1024 + 2048, 1024, 1024, (64 << 10) - 1024])
        .block()
}

#[test]
fn a_header_as_netbsd_writes_it() {
    let bytes = netbsd_header();
    let header = Header::parse(&bytes, &PLACE).unwrap();
    assert_eq!((header.generation, header.order), (7, ByteOrder::Little));
    assert_eq!((header.tail, header.head(), header.used_bytes), (1024, 3072, 2048));
    assert_eq!(header.time, Timestamp { seconds: 1_700_000_000, nanoseconds: 999 });
    assert_eq!(header.circle, Circle::of(&PLACE));
    let mut again = vec![0xff; BLOCK];
    header.emit(&mut again);
    assert_eq!(again, bytes);
}

#[test]
fn an_empty_log_has_head_and_tail_zero_and_a_full_one_has_not() {
    let mut bytes = vec![0; BLOCK];
    Header::empty(&PLACE, ByteOrder::Big, Timestamp::default()).emit(&mut bytes);
    assert_eq!(bytes[48..64], [0; 16]);
    assert_eq!(Header::parse(&bytes, &PLACE).unwrap().used_bytes, 0);
    for field in [48, 56] {
        2048_u64.put(&mut bytes[field..], ByteOrder::Big);
    }
    let full = Header::parse(&bytes, &PLACE).unwrap();
    assert_eq!(
        (full.order, full.used_bytes, full.head()),
        (ByteOrder::Big, (64 << 10) - 1024, 2048)
    );
}

#[test]
fn every_field_of_a_header_is_checked() {
    let cases: [(&str, usize, u64, usize); 13] = [
        ("wc_type", 0, 0x5741_424d, 4),
        ("wc_len", 4, 1024, 4),
        ("wc_version", 36, 2, 4),
        ("wc_log_dev_bshift", 40, 12, 4),
        ("wc_fs_dev_bshift", 44, 10, 4),
        ("wc_circ_off", 64, 512, 8),
        ("wc_circ_off", 64, u64::MAX, 8),
        ("wc_circ_off", 64, 64 << 10, 8),
        ("wc_circ_size", 72, 0, 8),
        ("wc_circ_size", 72, 64 << 10, 8),
        ("wc_head", 48, 3073, 8),
        ("wc_head", 48, 0, 8),
        ("wc_tail", 56, 64 << 10, 8),
    ];
    for (field, offset, value, length) in cases {
        let mut bytes = netbsd_header();
        bytes[offset..offset + length].copy_from_slice(&value.to_le_bytes()[..length]);
        let fault = Header::parse(&bytes, &PLACE).map_err(|fault| fault.field);
        assert_eq!(fault, Err(field), "{value:#x} at {offset}");
    }
    assert!(Header::parse(&[0; 10], &PLACE).is_err());
}

#[test]
fn records_as_netbsd_writes_them() {
    let blocks = Words::default()
        .four(&[0x5741_424f, 512 + 8192 + 512, 2, 0])
        .eight(&[160])
        .four(&[0, 8192])
        .eight(&[16])
        .four(&[0, 512])
        .block();
    let extents = [
        Extent { offset_bytes: 81920, length_bytes: 8192 },
        Extent { offset_bytes: 8192, length_bytes: 512 },
    ];
    let (record, length) = Record::parse(&blocks, ByteOrder::Little).unwrap();
    let Record::Blocks(found) = record else { panic!("not blocks") };
    assert_eq!((found.iter().collect::<Vec<_>>(), length), (extents.to_vec(), 9216));
    let mut again = vec![0xff; BLOCK];
    emit_extents(ListKind::Blocks, &extents, &mut again, ByteOrder::Little);
    assert_eq!(again, blocks);

    let inodes = Words::default().four(&[0x5741_424d, 512, 1, 1, 77, 0o100_644]).block();
    let (record, length) = Record::parse(&inodes, ByteOrder::Little).unwrap();
    let Record::Inodes(found) = record else { panic!("not inodes") };
    let unlinked = Unlinked { inode: InodeNo(77), mode: 0o100_644 };
    assert!(found.is_first && length == 512 && found.iter().eq([unlinked]));
    emit_inodes(&[unlinked], true, &mut again, ByteOrder::Little);
    assert_eq!(again, inodes);
}

#[test]
fn as_many_entries_as_netbsd_puts_into_a_block() {
    assert_eq!((extents_per_record(512), inodes_per_record(512)), (31, 62));
    assert_eq!((extents_per_record(4096), inodes_per_record(4096)), (255, 510));
}

#[test]
fn every_field_of_a_record_is_checked() {
    let list = |kind, length, count, sector, bytes| {
        let words = Words::default().four(&[kind, length, count, 0]);
        words.eight(&[sector]).four(&[0, bytes]).block()
    };
    let (blocks, revocations, inodes) = (0x5741_424f, 0x5741_424e, 0x5741_424d);
    let cases = [
        ("wc_type", list(0x5741_424c, 512, 0, 0, 0)),
        ("wc_len", list(blocks, 512, 1, 8, 512)),
        ("wc_len", list(revocations, 1024, 1, 8, 512)),
        ("wc_len", list(inodes, u32::MAX, 0, 0, 0)),
        ("wc_blkcount, wc_inocnt", list(blocks, 512, 32, 8, 512)),
        ("wc_blkcount, wc_inocnt", list(inodes, 512, 63, 8, 512)),
        ("wc_blkcount, wc_inocnt", list(revocations, 512, u32::MAX, 8, 512)),
        ("wc_dlen", list(blocks, 1024, 1, 8, 500)),
        ("wc_dlen", list(blocks, 512, 1, 8, 0)),
        ("wc_dlen", list(blocks, 0, 1, 8, 0x8000_0000)),
        ("wc_daddr", list(blocks, 1024, 1, u64::MAX, 512)),
        ("wc_daddr", list(revocations, 512, 1, u64::MAX / 1024, 512)),
    ];
    for (field, bytes) in cases {
        let fault = Record::parse(&bytes, ByteOrder::Little).map(drop).map_err(|fault| fault.field);
        assert_eq!(fault, Err(field));
    }
}

#[test]
fn a_walk_ends_at_the_head_and_not_beyond() {
    let mut inodes = vec![0; BLOCK];
    emit_inodes(&[], true, &mut inodes, ByteOrder::Little);
    let mut header = Header::empty(&PLACE, ByteOrder::Little, Timestamp::default());
    (header.tail, header.used_bytes) = (header.circle.end_bytes() - 512, 1024);
    let mut walk = Walk::new(&header);
    let (mut places, mut next) = (Vec::new(), walk.at());
    while let Some(at) = next {
        places.push(at);
        assert_eq!(walk.step(&inodes).unwrap().at, at);
        next = walk.at();
    }
    assert_eq!(places, [PLACE.size_bytes - 512, 1024]);

    let extent = Extent { offset_bytes: 0, length_bytes: 1024 };
    emit_extents(ListKind::Blocks, &[extent], &mut inodes, ByteOrder::Little);
    let mut walk = Walk::new(&header);
    assert_eq!(walk.step(&inodes).map(drop).map_err(|fault| fault.field), Err("wc_len"));
    assert_eq!(walk.at(), None);
}

/// Two groups of 64 blocks of 8 fragments of 512 bytes.
fn superblock() -> (Superblock, Geometry) {
    let mut fs = Superblock::zeroed();
    (fs.block_bytes, fs.frag_bytes, fs.frags_per_block) = (4096, 512, 8);
    (fs.superblock_frag, fs.group_frag, fs.inode_frag, fs.data_frag) = (16, 32, 40, 56);
    (fs.groups, fs.frags_per_group, fs.size_frags) = (2, 512, 1024);
    fs.inodes_per_group = 32;
    (fs.superblock_bytes, fs.summary_bytes, fs.summary_frag) = (1536, 512, 56);
    (fs.magic, fs.file_bytes_max) = (MAGIC_UFS2, u64::MAX);
    let kind = Kind { format: Format::Ufs2, order: ByteOrder::Little };
    let geometry = Geometry::new(kind, &fs, 1024 * 512).unwrap();
    (fs, geometry)
}

#[test]
fn places_are_stored_and_found() {
    let (mut fs, geometry) = superblock();
    assert_eq!(Place::of(&fs, &geometry, 1 << 20), Ok(None));
    let within = Place { offset_bytes: 64 * 512, size_bytes: 128 * 512, ..PLACE };
    let behind = Place { location: Location::Behind, offset_bytes: 1024 * 512, ..within };
    for place in [within, behind] {
        place.store(&mut fs);
        assert_eq!(Place::of(&fs, &geometry, 1 << 20), Ok(Some(place)));
        let bytes: [u8; SUPERBLOCK_BYTES] = fs.to_bytes(ByteOrder::Big);
        assert_eq!(Superblock::get(&bytes, ByteOrder::Big).journal_places, fs.journal_places);
    }
    clear_place(&mut fs);
    assert_eq!(Place::of(&fs, &geometry, 1 << 20), Ok(None));
}

#[test]
fn a_place_where_something_else_is_is_refused() {
    type Change = fn(&mut Superblock);
    let cases: [(&str, Change); 12] = [
        ("fs_journal_version", |fs| fs.journal_version = 2),
        ("fs_journal_location", |fs| fs.journal_location = 3),
        ("fs_journallocs[3]", |fs| fs.journal_places[3] = 2),
        ("fs_journallocs[3]", |fs| fs.journal_places[3] = 64),
        ("fs_journallocs[2]", |fs| fs.journal_places[2] = 0),
        ("fs_journallocs[2]", |fs| fs.journal_places[2] = 1024),
        ("fs_journallocs[1]", |fs| fs.journal_places[1] = 7),
        ("fs_journallocs[1]", |fs| fs.journal_places[1] = u64::MAX),
        ("fs_journallocs[0]", |fs| fs.journal_places[0] = u64::MAX),
        ("fs_journallocs[0]", |fs| fs.journal_places[0] = 40),
        ("fs_journallocs[0]", |fs| fs.journal_places[0] = 448),
        ("fs_journallocs[0]", |fs| fs.journal_location = 1),
    ];
    for (field, change) in cases {
        let (mut fs, geometry) = superblock();
        Place { offset_bytes: 64 * 512, size_bytes: 128 * 512, ..PLACE }.store(&mut fs);
        change(&mut fs);
        let fault = Place::of(&fs, &geometry, 1 << 20).map_err(|fault| fault.field);
        assert_eq!(fault, Err(field));
    }
}

#[test]
fn the_usual_size_is_netbsds() {
    let sizes = [1 << 20, 1 << 30, 10 << 30, 1 << 40].map(usual_size_bytes);
    assert_eq!(sizes, [1 << 20, 1 << 20, 10 << 20, 64 << 20]);
}

proptest! {
    #[test]
    fn records_come_back(
        sectors in prop::collection::vec((0..1_u64 << 50, 1..128_u32), 0..31),
        unlinked in prop::collection::vec((0..u32::MAX, 0..u32::MAX), 0..62),
        is_big: bool,
    ) {
        let order = if is_big { ByteOrder::Big } else { ByteOrder::Little };
        let extents: Vec<_> = sectors.iter().map(|&(sector, count)| {
            Extent { offset_bytes: sector * 512, length_bytes: count * 512 }
        }).collect();
        let mut block = vec![0xff; BLOCK];
        emit_extents(ListKind::Revocations, &extents, &mut block, order);
        let (record, length) = Record::parse(&block, order).unwrap();
        let Record::Revocations(found) = record else { panic!("not revocations") };
        prop_assert_eq!((found.iter().collect::<Vec<_>>(), length), (extents, 512));

        let inodes: Vec<_> = unlinked.iter().map(|&(inode, mode)| {
            Unlinked { inode: InodeNo(inode.into()), mode }
        }).collect();
        emit_inodes(&inodes, false, &mut block, order);
        let (record, _) = Record::parse(&block, order).unwrap();
        let Record::Inodes(found) = record else { panic!("not inodes") };
        prop_assert!(!found.is_first && found.iter().eq(inodes));
    }

    #[test]
    fn arbitrary_bytes_are_read_without_harm(mut block in prop::collection::vec(any::<u8>(), BLOCK),
                                              kind in 0x5741_424c..0x5741_4250_u32) {
        kind.put(&mut block, ByteOrder::Little);
        let _ = Header::parse(&block, &PLACE);
        if let Ok((Record::Blocks(extents), length)) = Record::parse(&block, ByteOrder::Little) {
            let data: u64 = extents.iter().map(|extent| u64::from(extent.length_bytes)).sum();
            prop_assert_eq!(data + BLOCK as u64, length);
        }
    }

    #[test]
    fn pieces_meet_at_the_end(start in 2..8_u64, blocks in 1..20_u64, at in 0..20_u64, length in 0..20_u64) {
        let circle = Circle {
            start_bytes: start * 512, size_bytes: blocks * 512, block_bytes: 512,
        };
        let (at, length) = ((start + at % blocks) * 512, length.min(blocks) * 512);
        let [first, second] = circle.pieces(at, length);
        prop_assert_eq!(first.end - first.start + second.end - second.start, length);
        let next = circle.advance(at, length);
        let expected = if second.is_empty() { first.end } else { second.end };
        let expected = if expected == circle.end_bytes() { circle.start_bytes } else { expected };
        prop_assert_eq!(next, expected);
        prop_assert_eq!(circle.distance(at, next), length % circle.size_bytes);
    }
}
