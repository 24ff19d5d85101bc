//! What is emitted is parsed as it was; what others wrote is understood; nothing makes it panic.

use super::*;
use alloc::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

fn block(start: u32, bytes: u32) -> Option<SeqRange> {
    Some(SeqRange::new(SeqNo(start), bytes))
}

fn emitted(outgoing: &Outgoing) -> Vec<u8> {
    let mut head = vec![0xaa; outgoing.header_bytes()];
    outgoing.emit(2049, 700, &mut head);
    head
}

#[test]
fn a_syn_says_all_it_can() {
    let options = Options {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some((1, 0)),
        ..Options::default()
    };
    let outgoing = Outgoing {
        seq: SeqNo(0xffff_fffe),
        flags: Flags::SYN | Flags::ECE | Flags::CWR,
        window: 64240,
        options,
        ..Outgoing::default()
    };
    let head = emitted(&outgoing);
    assert_eq!(
        head,
        [
            8, 1, 2, 188, 255, 255, 255, 254, 0, 0, 0, 0, 0xa0, 0xc2, 0xfa, 0xf0, 0, 0, 0,
            0, //
            2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7
        ]
    );
    let segment = Segment::parse(&head, false).expect("a segment");
    assert_eq!((segment.options, segment.ack, segment.sequence_bytes()), (options, None, 1));
}

#[test]
fn a_fourth_block_fits_without_timestamps_only() {
    let sack = [block(10, 1), block(20, 1), block(u32::MAX, 2), block(40, 1)];
    let mut outgoing =
        Outgoing { options: Options { sack, ..Options::default() }, ..Outgoing::default() };
    let head = emitted(&outgoing);
    assert_eq!(Segment::parse(&head, false).map(|segment| segment.options.sack), Some(sack));

    outgoing.options.timestamps = Some((5, 6));
    let head = emitted(&outgoing);
    let options = Segment::parse(&head, false).expect("a segment").options;
    assert_eq!(options.sack, [sack[0], sack[1], sack[2], None]);
    assert_eq!((head.len(), options.timestamps), (60, Some((5, 6))));
}

#[test]
fn options_behind_a_malformed_one_are_absent() {
    let outgoing = Outgoing {
        options: Options { mss: Some(9), window_scale: Some(2), ..Options::default() },
        ..Outgoing::default()
    };
    let mut head = emitted(&outgoing);
    head[26] = 200;
    let options = Segment::parse(&head, false).expect("a segment").options;
    assert_eq!(options, Options { mss: Some(9), ..Options::default() });
}

proptest! {
    #[test]
    fn whatever_arrives_is_a_segment_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        if let Some(segment) = Segment::parse(&bytes, true) {
            prop_assert!(segment.payload.len() + 20 <= bytes.len());
        }
    }

    #[test]
    fn what_is_emitted_is_parsed_as_it_was(
        numbers in any::<(u32, Option<u32>, u8, u16)>(),
        mss in any::<Option<u16>>(),
        window_scale in any::<Option<u8>>(),
        sack_permitted in any::<bool>(),
        timestamps in any::<Option<(u32, u32)>>(),
        block in any::<Option<(u32, u32)>>(),
    ) {
        let block = block.map(|(start, end)| SeqRange { start: SeqNo(start), end: SeqNo(end) });
        let options =
            Options { mss, window_scale, sack_permitted, timestamps, sack: [block, None, None, None] };
        let (seq, ack, flags, window) = numbers;
        let outgoing = Outgoing {
            seq: SeqNo(seq),
            ack: ack.map(SeqNo),
            flags: Flags::from_bits_truncate(flags),
            window,
            options,
            ..Outgoing::default()
        };
        let head = emitted(&outgoing);
        let segment = Segment::parse(&head, true).expect("a segment");
        prop_assert_eq!(segment.options, options);
        prop_assert_eq!((segment.seq, segment.ack, segment.flags), (SeqNo(seq), ack.map(SeqNo), outgoing.flags));
        prop_assert_eq!((segment.window, segment.source_port, segment.destination_port), (window, 2049, 700));
    }
}
