//! A peer that says anything: nothing panics, counts stay true, and time goes on.

use super::{Duration, FIRST, SETTINGS, SenderSettings, Trace};
use crate::tcp::send::Acknowledgement;
use crate::tcp::sequence::{SeqNo, SeqRange};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Finish,
    Acknowledge {
        ack: u32,
        window_bytes: u32,
        sack: [Option<(u32, u32)>; 4],
        echo: Option<u32>,
        ece: bool,
    },
    Timeout,
    Wait(u64),
    SetMss(u16),
}

/// Near what was sent, mostly.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![6 => (0..60_u32).prop_map(|at| at * 1000), 4 => 0..60_000_u32, 1 => any::<u32>()]
}

fn block() -> impl Strategy<Value = Option<(u32, u32)>> {
    proptest::option::of((number(), number()))
}

fn acknowledgement() -> impl Strategy<Value = Step> {
    let sack = [block(), block(), block(), block()];
    let window_bytes = prop_oneof![4 => Just(1_u32 << 20), 1 => 0..3000_u32, 1 => any::<u32>()];
    let rest = (window_bytes, sack, any::<Option<u32>>(), any::<bool>());
    (number(), rest).prop_map(|(ack, (window_bytes, sack, echo, ece))| Step::Acknowledge {
        ack,
        window_bytes,
        sack,
        echo,
        ece,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..20_000_usize).prop_map(Step::Push),
        10 => acknowledgement(),
        4 => Just(Step::Timeout),
        3 => (0..30_000_000_u64).prop_map(Step::Wait),
        1 => (0..3000_u16).prop_map(Step::SetMss),
        1 => Just(Step::Finish),
    ]
}

fn take(trace: &mut Trace, step: Step) {
    match step {
        Step::Push(bytes) => trace.push(bytes),
        Step::Finish => trace.sender.finish(),
        Step::Acknowledge { ack, window_bytes, sack, echo, ece } => {
            let block = |(start, end)| SeqRange { start: FIRST + start, end: FIRST + end };
            let acknowledgement = Acknowledgement {
                seq: SeqNo(0),
                ack: FIRST + ack,
                window_bytes,
                sack: sack.map(|pair| pair.map(block)),
                timestamp_echo: echo,
                has_payload: false,
                ece,
            };
            trace.sender.acknowledged(&acknowledgement, trace.now);
        }
        Step::Timeout => {
            trace.now = trace.sender.deadline().unwrap_or(trace.now).max(trace.now);
        }
        Step::Wait(nanoseconds) => trace.now = trace.now + Duration::from_nanos(nanoseconds),
        Step::SetMss(mss) => trace.sender.set_mss(mss),
    }
}

proptest! {
    #[test]
    fn nothing_a_peer_says_does_harm(
        steps in proptest::collection::vec(step(), 0..80),
        sack in any::<bool>(),
        timestamps in any::<bool>(),
        ecn in any::<bool>(),
    ) {
        let mut trace = Trace::new(SenderSettings { sack, timestamps, ecn, ..SETTINGS });
        for step in steps {
            take(&mut trace, step);
            if trace.sender.timeout(trace.now).is_err() {
                return Ok(());
            }
            trace.sent();
            let sender = &trace.sender;
            let outstanding = sender.next - sender.acknowledged;
            let board = &sender.board;
            let known = board.in_flight_bytes() + board.lost_bytes() + board.held_bytes();
            prop_assert!(known == outstanding);
            prop_assert!(outstanding == 0 || sender.deadline().is_some());
            prop_assert!(sender.deadline().is_none_or(|deadline| deadline > trace.now));
        }
    }
}
