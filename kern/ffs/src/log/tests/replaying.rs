//! Logs put down word by word, as NetBSD's structures have them, and what replay makes of them.

use super::{Luck, SECTOR, blank, place, replay_image, sector, sector_of};
use crate::layout::ByteOrder;
use crate::layout::log::{Place, Unlinked};
use crate::log::ReplayError;
use abi::InodeNo;
use alloc::vec;
use alloc::vec::Vec;

const BLOCKS: u64 = 34;
const INODES: u32 = 0x5741_424d;
const REVOCATIONS: u32 = 0x5741_424e;
const DATA: u32 = 0x5741_424f;

/// Writes a log into an image.
struct Scribe {
    image: Vec<u8>,
    place: Place,
    order: ByteOrder,
    /// Where the next block comes to stand, counted in the circle.
    at: u64,
    used: u64,
    tail: u64,
}

impl Scribe {
    fn new(tail: u64, order: ByteOrder) -> Self {
        Self { image: blank(), place: place(BLOCKS), order, at: tail, used: 0, tail }
    }

    fn block(&mut self, bytes: &[u8]) {
        assert_eq!(bytes.len(), SECTOR);
        let start = (self.place.offset_bytes + (2 + self.at) * SECTOR as u64) as usize;
        self.image[start..start + SECTOR].copy_from_slice(bytes);
        self.at = (self.at + 1) % (BLOCKS - 2);
        self.used += 1;
    }

    fn words(&self, four: &[u32], entries: &[(u64, u32)]) -> Vec<u8> {
        let big = self.order == ByteOrder::Big;
        let word = |word: &u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
        let mut bytes: Vec<u8> = four.iter().flat_map(word).collect();
        for (sector, length) in entries {
            bytes.extend(if big { sector.to_be_bytes() } else { sector.to_le_bytes() });
            bytes.extend([0; 4].into_iter().chain(word(length)));
        }
        bytes.resize(SECTOR, 0);
        bytes
    }

    /// Logs runs of sectors: where they begin, and their contents.
    fn data(mut self, runs: &[(u64, &[u64])]) -> Self {
        let entries: Vec<_> =
            runs.iter().map(|(first, numbers)| (*first, (numbers.len() * SECTOR) as u32)).collect();
        let length: u32 = entries.iter().map(|(_, length)| length).sum();
        let head = [DATA, SECTOR as u32 + length, runs.len() as u32, 0];
        self.block(&self.words(&head, &entries));
        for number in runs.iter().flat_map(|(_, numbers)| *numbers) {
            self.block(&sector(*number));
        }
        self
    }

    fn revocations(mut self, runs: &[(u64, u32)]) -> Self {
        let entries: Vec<_> =
            runs.iter().map(|&(first, count)| (first, count * SECTOR as u32)).collect();
        let head = [REVOCATIONS, SECTOR as u32, runs.len() as u32, 0];
        self.block(&self.words(&head, &entries));
        self
    }

    fn inodes(mut self, clear: u32, inodes: &[(u32, u32)]) -> Self {
        let mut words = vec![INODES, SECTOR as u32, inodes.len() as u32, clear];
        words.extend(inodes.iter().flat_map(|&(inode, mode)| [inode, mode]));
        self.block(&self.words(&words, &[]));
        self
    }

    /// Puts a header with this generation in its place.
    fn header(mut self, generation: u32) -> Self {
        let block = |index: u64| if self.used == 0 { 0 } else { (2 + index) * SECTOR as u64 };
        let (head, tail) = (block(self.at), block(self.tail));
        let big = self.order == ByteOrder::Big;
        let eight = |word: u64| if big { word.to_be_bytes() } else { word.to_le_bytes() };
        let mut bytes = self.words(&[0x5741_424c, 512, 0, generation], &[]);
        bytes[24..32].copy_from_slice(&eight(5));
        bytes[32..48].copy_from_slice(&self.words(&[6, 1, 9, 9], &[])[..16]);
        for (index, word) in [head, tail, 1024, (BLOCKS - 2) * 512].into_iter().enumerate() {
            bytes[48 + index * 8..56 + index * 8].copy_from_slice(&eight(word));
        }
        let start = self.place.offset_bytes as usize + generation as usize % 2 * SECTOR;
        self.image[start..start + SECTOR].copy_from_slice(&bytes);
        self
    }
}

/// Two transactions: the second changes one sector of the first again, revokes another, and
/// lists two inodes.
fn two_transactions(tail: u64, order: ByteOrder) -> Scribe {
    Scribe::new(tail, order)
        .data(&[(200, &[1, 2, 3]), (300, &[4])])
        .inodes(1, &[(9, 0)])
        .header(6)
        .data(&[(201, &[12]), (16, &[13])])
        .revocations(&[(202, 1), (300, 1)])
        .inodes(1, &[(7, 0o100_644)])
        .inodes(0, &[(5, 0)])
        .header(7)
}

fn check_two_transactions(image: &[u8]) {
    let expected = [(200, 1), (201, 12), (202, 0), (300, 0), (16, 13), (199, 0), (203, 0)];
    for (index, number) in expected {
        assert_eq!(sector_of(image, index), sector(number), "sector {index}");
    }
}

#[test]
fn the_newest_contents_that_were_not_revoked_come_to_their_place() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let scribe = two_transactions(0, order);
        let (disk, replayed) = replay_image(scribe.image, &scribe.place);
        let replayed = replayed.unwrap();
        check_two_transactions(&disk.image());
        let unlinked =
            [(5, 0), (7, 0o100_644)].map(|(inode, mode)| Unlinked { inode: InodeNo(inode), mode });
        assert_eq!(replayed.unlinked, unlinked);
        assert_eq!(replayed.written_bytes, 3 * SECTOR as u64);
        assert_eq!((replayed.header.generation, replayed.header.used_bytes), (8, 1024));
        // The list alone is left, and says the same again.
        let (again, second) = replay_image(disk.image(), &scribe.place);
        let second = second.unwrap();
        assert_eq!((second.unlinked, second.written_bytes), (replayed.unlinked, 0));
        assert_eq!(again.image()[..640 * SECTOR], disk.image()[..640 * SECTOR]);
    }
}

#[test]
fn records_go_around_the_end_of_the_circle_anywhere() {
    for tail in 0..BLOCKS - 2 {
        let scribe = two_transactions(tail, ByteOrder::Little);
        let (disk, replayed) = replay_image(scribe.image, &scribe.place);
        assert_eq!(replayed.unwrap().unlinked.len(), 2);
        check_two_transactions(&disk.image());
    }
}

#[test]
fn a_full_log_is_replayed_all_around() {
    let mut scribe = Scribe::new(5, ByteOrder::Little).data(&[(200, &[1, 2, 3])]);
    while scribe.used < BLOCKS - 2 {
        scribe = scribe.inodes(1, &[]);
    }
    let scribe = scribe.header(1);
    let (disk, replayed) = replay_image(scribe.image, &scribe.place);
    assert_eq!(replayed.unwrap().header.used_bytes, 0);
    assert_eq!(sector_of(&disk.image(), 202), sector(3));
}

#[test]
fn an_empty_log_changes_nothing_but_its_header() {
    let scribe = Scribe::new(0, ByteOrder::Little).header(3);
    let (disk, replayed) = replay_image(scribe.image, &scribe.place);
    assert_eq!(replayed.unwrap().written_bytes, 0);
    assert_eq!(disk.image()[..640 * SECTOR], blank()[..640 * SECTOR]);
}

#[test]
fn one_header_may_be_torn() {
    for (torn, inode) in [(0, 5), (1, 9)] {
        let mut scribe = two_transactions(3, ByteOrder::Little);
        let start = scribe.place.offset_bytes as usize + torn * SECTOR;
        scribe.image[start..start + 60].fill(0xa5);
        let (_, replayed) = replay_image(scribe.image, &scribe.place);
        assert_eq!(replayed.unwrap().unlinked[0].inode, InodeNo(inode));
    }
}

fn refused(scribe: Scribe) -> &'static str {
    let before = scribe.image.clone();
    let (disk, replayed) = replay_image(scribe.image, &scribe.place);
    assert!(disk.image() == before && disk.events() == 0, "a broken log was written");
    match replayed {
        Err(ReplayError::Broken { fault, .. }) => fault.field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broken_log_is_refused_and_nothing_is_written() {
    let log = || Scribe::new(1, ByteOrder::Little).data(&[(200, &[1])]);
    assert_eq!(refused(Scribe::new(0, ByteOrder::Little)), "wc_type");
    let mut garbled = log();
    garbled.block(&[0xff; SECTOR]);
    assert_eq!(refused(garbled.header(1)), "wc_type");
    // Longer than what the header says is there.
    let mut cut = log().data(&[(210, &[1, 2, 3])]);
    cut.at -= 1;
    assert_eq!(refused(cut.header(1)), "wc_len");
    // Outside of the file system, and inside of the log.
    assert_eq!(refused(log().data(&[(1024, &[1])]).header(1)), "wc_daddr");
    assert_eq!(refused(log().data(&[(1023, &[1, 2])]).header(1)), "wc_daddr");
    assert_eq!(refused(log().data(&[(639, &[1, 2])]).header(1)), "wc_daddr");
    assert_eq!(refused(log().inodes(1, &[(2, 0)]).header(1)), "wc_inumber");
    assert_eq!(refused(log().inodes(1, &[(256, 0)]).header(1)), "wc_inumber");
    let parted = log().inodes(1, &[(7, 0)]).data(&[(201, &[1])]).inodes(0, &[(8, 0)]);
    assert_eq!(refused(parted.header(1)), "wc_clear");
}

#[test]
fn a_replay_that_is_cut_short_is_done_again() {
    let scribe = two_transactions(27, ByteOrder::Little);
    let (disk, _) = replay_image(scribe.image, &scribe.place);
    for cut in 0..=disk.events() {
        for seed in 1..20 {
            let (again, replayed) = replay_image(disk.cut(cut, seed), &scribe.place);
            assert_eq!(replayed.unwrap().unlinked.len(), 2);
            check_two_transactions(&again.image());
        }
    }
}

#[test]
fn the_last_word_holds_whatever_was_logged() {
    for seed in 1..200 {
        let mut luck = Luck(seed);
        let mut scribe = Scribe::new(luck.below(BLOCKS - 2), ByteOrder::Little);
        let mut model = [0_u64; 32];
        while scribe.used < BLOCKS - 12 {
            let (first, count) = (luck.below(24), 1 + luck.below(8));
            if luck.below(3) == 0 {
                model[first as usize..(first + count) as usize].fill(0);
                scribe = scribe.revocations(&[(200 + first, count as u32)]);
            } else {
                let numbers: Vec<u64> = (0..count).map(|_| luck.next()).collect();
                model[first as usize..(first + count) as usize].copy_from_slice(&numbers);
                scribe = scribe.data(&[(200 + first, &numbers)]);
            }
        }
        let scribe = scribe.header(1);
        let (disk, replayed) = replay_image(scribe.image, &scribe.place);
        assert!(replayed.is_ok());
        for (index, &number) in model.iter().enumerate() {
            assert_eq!(sector_of(&disk.image(), 200 + index as u64), sector(number));
        }
    }
}
