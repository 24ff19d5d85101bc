//! Whatever the network does to segments, each byte is handed out once, in order.

use super::*;
use crate::tcp::limits::{CHUNK_COST_BYTES, RECEIVE_INITIAL_BYTES};
use alloc::vec;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

#[derive(Clone, Debug)]
enum Step {
    Send(u32, u32),
    Pause(bool),
    Acknowledge,
}

fn steps(bytes: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..bytes, 0..4000_u32).prop_map(|(at, length)| Step::Send(at, length)),
        4 => (0..bytes, 0..3_u32).prop_map(|(at, length)| Step::Send(at, length)),
        1 => any::<bool>().prop_map(Step::Pause),
        2 => prop::strategy::Just(Step::Acknowledge),
    ];
    prop::collection::vec(step, 0..150)
}

const STREAM_BYTES: u32 = 60_000;

fn perform(bench: &mut Bench, step: &Step) -> Option<Acknowledgement> {
    bench.now = bench.now + Duration::from_micros(100);
    match *step {
        Step::Send(at, length) => {
            let length = length.min(STREAM_BYTES - at);
            bench.send_with(at, length, at + length == STREAM_BYTES);
        }
        Step::Pause(is_paused) => bench.pause(is_paused),
        Step::Acknowledge => return bench.acknowledgement(),
    }
    None
}

/// What holds after every step.
fn check(bench: &Bench) {
    let delivered = bench.received.len() as u32;
    assert_eq!(bench.received, stream(0, delivered));
    let next = position(bench.receiver.next()) - u32::from(bench.receiver.is_finished);
    assert_eq!(delivered + bench.receiver.held_bytes, next);
    let bound = 2 * (RECEIVE_INITIAL_BYTES + CHUNK_COST_BYTES);
    assert!(bench.receiver.kept_bytes() <= bound);
}

fn finish(bench: &mut Bench) {
    bench.pause(false);
    while !bench.receiver.is_finished {
        let next = position(bench.receiver.next());
        let bytes = (STREAM_BYTES - next).min(1000);
        let arrival = bench.send_with(next, bytes, next + bytes == STREAM_BYTES);
        assert!(arrival.bytes > 0 || arrival.fin, "a segment in order is taken");
        bench.receiver.acknowledged();
    }
    assert_eq!(bench.received, stream(0, STREAM_BYTES));
    assert!(bench.receiver.is_ended());
    assert_eq!(bench.receiver.kept_bytes(), 0);
}

proptest! {
    #[test]
    fn each_byte_is_handed_out_once_and_in_order(steps in steps(STREAM_BYTES)) {
        let mut bench = Bench::new();
        for step in &steps {
            perform(&mut bench, step);
            check(&bench);
        }
        finish(&mut bench);
    }

    #[test]
    fn what_was_promised_is_never_refused(steps in steps(STREAM_BYTES)) {
        let (mut bench, mut promised) = (Bench::new(), FIRST);
        for step in &steps {
            if let Some((next, blocks, window)) = perform(&mut bench, step) {
                assert!(blocks.iter().all(|block| block.0 < block.1));
                promised = promised.max(FIRST + next + window);
            }
            assert!(promised.is_at_most(bench.receiver.window.edge()));
        }
    }

    #[test]
    fn a_copy_goes_on_like_the_original(steps in steps(STREAM_BYTES), at in 0..150_usize) {
        let mut bench = Bench::new();
        let (before, after) = steps.split_at(at.min(steps.len()));
        before.iter().for_each(|step| { perform(&mut bench, step); });
        let mut copy = bench.clone();
        for step in after {
            assert_eq!(perform(&mut bench, step), perform(&mut copy, step));
        }
        assert_eq!(bench, copy);
    }

    #[test]
    fn anything_may_arrive(segments in prop::collection::vec((any::<u32>(), 0..70_000_usize, any::<bool>()), 0..40)) {
        let mut bench = Bench::new();
        let bytes = vec![0; 70_000];
        for (seq, length, fin) in segments {
            let near = SeqNo(bench.receiver.next().0.wrapping_add(seq % 200_000).wrapping_sub(100_000));
            for seq in [SeqNo(seq), near] {
                let now = bench.now;
                bench.receiver.segment(seq, &bytes[..length], fin, now, &mut |_| ());
            }
            bench.receiver.acknowledged();
            assert!(bench.receiver.kept_bytes() <= 2 * RECEIVE_INITIAL_BYTES);
        }
    }
}
