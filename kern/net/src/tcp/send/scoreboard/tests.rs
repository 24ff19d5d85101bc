//! The scoreboard against a plain array with one entry per byte, and its bounds.

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

const PACKET: u32 = 10;
const END: u64 = 400;

fn board() -> Scoreboard {
    let mut board = Scoreboard::default();
    (0..4).for_each(|at| board.sent(at * 100, at * 100 + 100, PACKET, Instant(at)));
    board
}

fn holding(board: &mut Scoreboard, start: u64, end: u64) -> Vec<(u64, u64)> {
    let mut delivered = Vec::new();
    board.hold(start, end, &mut |start, piece| delivered.push((start, piece.end)));
    delivered
}

#[test]
fn whole_packets_are_held_and_told_once() {
    let mut board = board();
    assert_eq!(holding(&mut board, 15, 48), [(20, 40)]);
    assert_eq!(holding(&mut board, 0, 50), [(0, 20), (40, 50)]);
    assert_eq!(holding(&mut board, 0, 50), []);
    assert_eq!((board.held_bytes(), board.in_flight_bytes(), board.pieces.len()), (50, 350, 5));
    assert!(board.is_first_held());
}

#[test]
fn what_is_held_is_one_piece() {
    let mut board = board();
    for at in (0..40).rev().chain(0..40) {
        holding(&mut board, at * 10, at * 10 + 10);
    }
    assert_eq!((board.pieces.len(), board.held_bytes(), board.last_in_flight()), (1, END, None));
}

#[test]
fn a_peer_that_breaks_its_word_gets_all_again() {
    let mut board = board();
    holding(&mut board, 0, 100);
    board.forget_held();
    assert_eq!(
        (board.first_lost(), board.lost_bytes(), board.held_bytes()),
        (Some((0, 100)), 100, 0)
    );
}

#[test]
fn the_last_packet_is_the_one_to_probe_with() {
    let mut board = Scoreboard::default();
    board.sent(0, 95, PACKET, Instant(0));
    assert_eq!(board.last_in_flight(), Some((90, 95)));
    board.acknowledge(93, &mut |_, _| {});
    assert_eq!(board.last_in_flight(), Some((93, 95)));
}

#[test]
fn no_claim_makes_more_pieces_than_there_were_packets() {
    let mut board = board();
    for at in (0..END).step_by(2) {
        holding(&mut board, at, at + 1);
        assert_eq!(board.pieces.len(), 4);
    }
    for at in (0..END).step_by(20) {
        holding(&mut board, at, at + 10);
    }
    assert_eq!(board.pieces.len(), 40);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Hold(u64, u64),
    Lose,
    LoseFirst,
    SendAgain,
    Acknowledge(u64),
    Find,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..END + 50, 0..90_u64).prop_map(|(start, bytes)| Step::Hold(start, start + bytes)),
        2 => Just(Step::Lose),
        1 => Just(Step::LoseFirst),
        2 => Just(Step::SendAgain),
        1 => (0..90_u64).prop_map(Step::Acknowledge),
        1 => Just(Step::Find),
        1 => Just(Step::Forget),
    ]
}

/// What every byte is, in the plain array.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Byte {
    Done,
    Is(State),
}

fn bytes_of(board: &Scoreboard) -> Vec<Byte> {
    let mut bytes = vec![Byte::Done; END as usize];
    for (start, piece) in &board.pieces {
        bytes[*start as usize..piece.end as usize].fill(Byte::Is(piece.state));
    }
    bytes
}

fn count(bytes: &[Byte], state: State) -> u64 {
    bytes.iter().filter(|byte| **byte == Byte::Is(state)).count() as u64
}

fn take(board: &mut Scoreboard, step: Step, acknowledged: &mut u64, now: Instant) -> u64 {
    let mut delivered = 0;
    let mut count = |start: u64, piece: Piece| delivered += piece.end - start;
    match step {
        Step::Hold(start, end) => board.hold(start.max(*acknowledged), end, &mut count),
        Step::Lose => board.first_sent().into_iter().for_each(|(_, start)| board.lose(start)),
        Step::LoseFirst => board.lose_first(10),
        Step::SendAgain => {
            if let Some((start, end)) = board.first_lost() {
                board.sent_again(start, end.min(start + 10), PACKET, now);
            }
        }
        Step::Acknowledge(bytes) => {
            *acknowledged = (*acknowledged + bytes).min(END);
            board.acknowledge(*acknowledged, &mut count);
        }
        Step::Find => board.find_lost(),
        Step::Forget => board.forget_held(),
    }
    delivered
}

proptest! {
    #[test]
    fn every_byte_is_counted_once(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut board, mut acknowledged) = (board(), 0);
        for (at, step) in steps.into_iter().enumerate() {
            let held = board.held_bytes();
            let outstanding = board.in_flight_bytes() + board.lost_bytes();
            let delivered = take(&mut board, step, &mut acknowledged, Instant(10 + at as u64));
            let bytes = bytes_of(&board);
            assert_eq!(board.in_flight_bytes(), count(&bytes, State::InFlight));
            assert_eq!(board.lost_bytes(), count(&bytes, State::Lost));
            assert_eq!(board.held_bytes(), count(&bytes, State::Held));
            assert!(bytes[acknowledged as usize..].iter().all(|byte| *byte != Byte::Done));
            assert_eq!(board.in_flight.len() + board.lost.len(),
                board.pieces.values().filter(|piece| piece.state != State::Held).count());
            if !matches!(step, Step::Forget) {
                assert_eq!(board.in_flight_bytes() + board.lost_bytes(), outstanding - delivered);
            }
            assert!(board.held_bytes() <= held + delivered);
        }
        board.acknowledge(END, &mut |_, _| {});
        assert_eq!(board, Scoreboard::default());
    }
}
