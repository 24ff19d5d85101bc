//! The block map against a plain model: a table of the blocks that were written. Files of any
//! shape, read anywhere, in both formats, both orders and all block sizes.

use crate::support::craft::{Craft, Shape};
use crate::support::mount;
use ffs::layout::{ByteOrder, Format, mode};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Block numbers around every edge of the map: direct, single, double and triple indirect.
fn lbns(block_bytes: u32, format: Format) -> impl Strategy<Value = u64> {
    let fanout = u64::from(block_bytes / format.pointer_bytes());
    let edges = [0, 12, 12 + fanout, 12 + fanout + fanout * fanout];
    let near = (0..4_usize, 0..6_u64).prop_map(move |(edge, step)| edges[edge] + step);
    let anywhere = (0..4_usize, any::<u64>()).prop_map(move |(edge, luck)| {
        let span = if edge == 0 { 12 } else { fanout.pow(edge as u32) };
        edges[edge] + luck % span.min(1 << 28)
    });
    prop_oneof![0..14_u64, near, anywhere]
}

fn shapes() -> impl Strategy<Value = Shape> {
    let order = prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)];
    let format = prop_oneof![Just(Format::Ufs1), Just(Format::Ufs2)];
    (order, format, 12..=16_u32, 0..=3_u32).prop_map(|(order, format, shift, ratio)| {
        Shape::new(format, order, 1 << shift, 1 << (shift - ratio))
    })
}

#[derive(Clone, Debug)]
struct File {
    shape: Shape,
    /// Its blocks; the others are holes.
    lbns: Vec<u64>,
    /// How many bytes of the last block are the file's.
    tail_bytes: u64,
    /// Which block to read around, how far from it, and how much.
    reads: Vec<(prop::sample::Index, i64, u32)>,
}

fn files() -> impl Strategy<Value = File> {
    shapes().prop_flat_map(|shape| {
        let lbns = prop::collection::vec(lbns(shape.block_bytes, shape.format), 1..12);
        let read = (any::<prop::sample::Index>(), -100_000..100_000_i64, 0..400_000_u32);
        let reads = prop::collection::vec(read, 12);
        (lbns, 1..=u64::from(shape.block_bytes), reads)
            .prop_map(move |(lbns, tail_bytes, reads)| File { shape, lbns, tail_bytes, reads })
    })
}

/// What the byte at `offset` of a written block is.
fn byte(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// What a read of these bytes gives: zeros, and over them what was written.
fn expected(written: &BTreeMap<u64, Vec<u8>>, block: u64, start: u64, end: u64) -> Vec<u8> {
    let mut bytes = vec![0; (end - start) as usize];
    for (lbn, contents) in written.range(start / block..end.div_ceil(block)) {
        let base = lbn * block;
        let (from, to) = (start.max(base), end.min(base + contents.len() as u64));
        if from < to {
            bytes[(from - start) as usize..(to - start) as usize]
                .copy_from_slice(&contents[(from - base) as usize..(to - base) as usize]);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn reads_agree_with_the_model(File { shape, lbns, tail_bytes, reads } in files()) {
        let block = u64::from(shape.block_bytes);
        let contents = |lbn: u64| (lbn * block..(lbn + 1) * block).map(byte).collect();
        let mut written: BTreeMap<u64, Vec<u8>> =
            lbns.iter().map(|&lbn| (lbn, contents(lbn))).collect();
        let last = lbns.iter().max().copied().unwrap_or(0);
        let size = last * block + tail_bytes;
        if let Some(bytes) = written.get_mut(&last) && last < 12 {
            // A fragment ends with the file.
            bytes.truncate(tail_bytes as usize);
        }
        let mut craft = Craft::new(shape);
        let file = craft.file(mode::REGULAR | 0o644, size, &written);
        craft.root(&[(file, 8, "file")]);
        let fs = mount(&craft.disk).expect("a legal image");
        let file = fs.path("file").expect("the file");
        for (index, shift, length) in reads {
            let around = index.get(&lbns) * block;
            let start = around.saturating_add_signed(shift);
            let end = (start + u64::from(length)).min(size).max(start.min(size));
            let model = expected(&written, block, start.min(size), end);
            prop_assert!(fs.read(file, start, length).expect("no damage") == model);
        }
        prop_assert!(fs.damage.borrow().is_empty());
    }
}
