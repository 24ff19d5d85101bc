//! Damage at random: no panic, an end, and what is said to be repaired is.

use crate::clean::LAYOUTS;
use crate::support::{look, repair};
use crate::surgery::Patient;
use ffs::layout::FragNo;
use ffscheck::Image;
use ffscheck::fsck::{Class, Outcome};
use ffscheck::newfs::Memory;
use std::ops::Range;

/// How many damaged images of each layout; `VNFSD_FSCK_SEEDS` asks for more.
const SEEDS: u64 = 120;

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }
}

/// Where metadata stands: what is worth damaging.
fn places(patient: &Patient) -> Vec<Range<u64>> {
    let fs = &patient.superblock;
    let superblock = crate::builder::superblock_place(patient.format);
    let mut places = Vec::new();
    places.push(superblock..superblock + 1376);
    let group = patient.group_place(0, fs.group_frag);
    places.push(group..group + 1000);
    let group = patient.group_place(1, fs.group_frag);
    places.push(group..group + 600);
    for number in 2..17 {
        let place = patient.inode_place(number);
        places.push(place..place + patient.inodes.bytes() as u64);
    }
    for directory in [2, 10, 11, 12, 13] {
        let first = Patient::frag_place(patient.pointers(directory).direct[0]);
        places.push(first..first + 512);
    }
    for indirect in patient.pointers(4).indirect {
        let first = Patient::frag_place(indirect);
        places.push(first..first + 64);
    }
    let summaries = Patient::frag_place(FragNo(fs.summary_frag as u64));
    places.push(summaries..summaries + 64);
    places
}

fn hit(image: &mut Memory, places: &[Range<u64>], rng: &mut Rng) {
    let place = rng.pick(places);
    let at = place.start + rng.below(place.end - place.start);
    let size = image.size_bytes();
    let odd = [0_u32, 1, 2, 3, 7, 11, 12, 13, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 600, 1 << 16];
    let word = at & !3;
    match rng.below(6) {
        0 => flip(image, at, rng),
        1 => write(image, at, &[rng.next() as u8]),
        2 => write(image, word, &rng.pick(&odd).to_le_bytes()),
        3 => write(image, word, &rng.pick(&odd).to_be_bytes()),
        4 => write(image, word, &(rng.below(4096) as u32).to_le_bytes()),
        // A sector of something else.
        _ => {
            let mut sector = [0; 512];
            image.read_at(rng.below(size / 512) * 512, &mut sector);
            write(image, at / 512 * 512, &sector);
        }
    }
}

fn flip(image: &mut Memory, at: u64, rng: &mut Rng) {
    let mut byte = [0];
    image.read_at(at, &mut byte);
    write(image, at, &[byte[0] ^ (1 << rng.below(8))]);
}

fn write(image: &mut Memory, at: u64, bytes: &[u8]) {
    image.write_at(at, bytes).expect("inside the image");
}

#[test]
fn anything_may_be_damaged() {
    let asked = std::env::var("VNFSD_FSCK_SEEDS").ok().and_then(|text| text.parse().ok());
    let seeds: u64 = asked.unwrap_or(SEEDS);
    let mut outcomes = [0; 3];
    for (number, (format, order)) in (1..).zip(LAYOUTS) {
        let sound = Patient::sound(format, order);
        let places = places(&sound);
        for seed in 0..seeds {
            let mut rng = Rng((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ number));
            let mut image = sound.image.clone();
            for _ in 0..=rng.below(8) {
                hit(&mut image, &places, &mut rng);
            }
            println!("{format:?} {order} seed {seed}");
            let seen = look(&image);
            let report = repair(&mut image);
            assert_eq!(seen.findings, report.findings);
            outcomes[report.outcome as usize] += 1;
            if seen.is_repairable {
                assert_ne!(report.outcome, Outcome::Damaged);
            } else {
                let is_lost = |class| report.findings.iter().any(|finding| finding.class == class);
                assert!(
                    report.refusal.is_some() || is_lost(Class::GroupHeader),
                    "{:#?}",
                    crate::support::lines(&report)
                );
            }
        }
    }
    println!("clean, repaired, damaged: {outcomes:?}");
}
