//! Segments of strangers in, answers out.

mod anything;
mod cookie;
mod flood;
mod over;

use super::*;
use crate::tcp::limits::{BACKLOG_MAX, SYN_ANSWERS_MAX, WINDOW_SCALE};
use core::net::{Ipv4Addr, SocketAddr};

const MSS: u16 = 1460;
const PEER: SeqNo = SeqNo(7000);

fn at(milliseconds: u64) -> Instant {
    Instant(1_000_000_000_000 + milliseconds * 1_000_000)
}

fn pair(port: u16) -> Pair {
    let end = |last, port| SocketAddr::from((Ipv4Addr::new(10, 0, 0, last), port));
    Pair { local: end(1, 2049), remote: end(2, port) }
}

fn segment(flags: Flags, seq: SeqNo, ack: Option<SeqNo>) -> Segment<'static> {
    Segment {
        source_port: 0,
        destination_port: 2049,
        seq,
        ack,
        flags,
        window: 65_535,
        options: Options::default(),
        payload: &[],
        congestion_experienced: false,
    }
}

fn syn() -> Segment<'static> {
    let options = Options {
        mss: Some(1400),
        window_scale: Some(9),
        sack_permitted: true,
        timestamps: Some((500, 0)),
        ..Options::default()
    };
    Segment { options, ..segment(Flags::SYN, PEER, None) }
}

fn table() -> Table<&'static str> {
    let mut table = Table::new([7; 16]);
    assert!(table.listen(2049));
    table
}

fn answer(verdict: Verdict) -> Outgoing {
    match verdict {
        Verdict::Answer(answer) => answer,
        other => panic!("no answer but {other:?}"),
    }
}

fn handshake(verdict: Verdict) -> Handshake {
    match verdict {
        Verdict::Open(handshake) => handshake,
        other => panic!("not open but {other:?}"),
    }
}

/// The third segment of a handshake.
fn third(answer: &Outgoing) -> Segment<'static> {
    let timestamps = answer.options.timestamps.map(|(ours, _)| (501, ours));
    let options = Options { timestamps, ..Options::default() };
    Segment { options, ..segment(Flags::empty(), PEER + 1, Some(answer.seq + 1)) }
}

#[test]
fn a_connection_opens_in_three_steps() {
    let mut table = table();
    let answer = answer(table.segment(&pair(9), &syn(), MSS, at(0)));
    assert_eq!((answer.flags, answer.ack, answer.window), (Flags::SYN, Some(PEER + 1), 65_535));
    let options = answer.options;
    assert_eq!((options.mss, options.window_scale), (Some(MSS), Some(WINDOW_SCALE)));
    assert!(options.sack_permitted && options.timestamps.unwrap().1 == 500);
    let opened = handshake(table.segment(&pair(9), &third(&answer), MSS, at(5)));
    let expected = Handshake {
        first: answer.seq,
        peer_first: PEER,
        mss: 1400,
        window_scale: Some(9),
        sack: true,
        timestamp: Some(500),
        ecn: false,
        is_repeated: false,
    };
    assert_eq!(opened, expected);
    let (key, stream) = table.insert(pair(9), "nine").unwrap();
    assert_eq!(table.segment(&pair(9), &third(&answer), MSS, at(6)), Verdict::Connection(key));
    assert_eq!(table.insert(pair(9), "again"), Err("again"));
    assert_eq!(table.get_mut(key).map(|found| *found.2), Some("nine"));
    assert_eq!(table.key_of(stream), Some(key));
    assert_eq!((table.remove(key, None, at(7)), table.key_of(stream)), (Some("nine"), None));
    assert_eq!(table.deadline(), None);
}

#[test]
fn names_count_up_and_are_not_used_again() {
    let mut table = table();
    let mut last = 0;
    for port in 0..100 {
        let (key, stream) = table.insert(pair(port), "one").unwrap();
        assert!(stream > last && table.key_of(last).is_none());
        last = stream;
        table.remove(key, None, at(0));
    }
}

#[test]
fn ecn_is_agreed_on_if_the_peer_offers_it() {
    let mut table = table();
    let syn = Segment { flags: Flags::SYN | Flags::ECE | Flags::CWR, ..syn() };
    let answer = answer(table.segment(&pair(9), &syn, MSS, at(0)));
    assert_eq!(answer.flags, Flags::SYN | Flags::ECE);
}

#[test]
fn an_answer_is_repeated_until_nobody_wants_it() {
    let mut table = table();
    let first = answer(table.segment(&pair(9), &syn(), MSS, at(0)));
    assert_eq!(answer(table.segment(&pair(9), &syn(), MSS, at(0))), first);
    let mut times = Vec::new();
    while let Some(now) = table.deadline() {
        if let Some((_, again)) = table.timeout(now) {
            assert_eq!((again.seq, again.flags), (first.seq, first.flags));
            times.push(now.since(at(0)).as_secs());
        }
    }
    assert_eq!(times, [1, 3, 7, 15][..usize::from(SYN_ANSWERS_MAX) - 1]);
    let late = table.segment(&pair(9), &third(&first), MSS, at(300_000));
    assert_eq!(answer(late).flags, Flags::RST);
}

#[test]
fn a_handshake_that_had_to_be_repeated_says_so() {
    let mut slow = table();
    let first = answer(slow.segment(&pair(9), &syn(), MSS, at(0)));
    assert!(slow.timeout(at(1001)).is_some());
    let opened = handshake(slow.segment(&pair(9), &third(&first), MSS, at(1500)));
    assert!(opened.is_repeated, "our answer was");
    let mut asked_again = table();
    answer(asked_again.segment(&pair(9), &syn(), MSS, at(0)));
    let again = answer(asked_again.segment(&pair(9), &syn(), MSS, at(900)));
    let opened = handshake(asked_again.segment(&pair(9), &third(&again), MSS, at(901)));
    assert!(opened.is_repeated, "the peer's SYN was");
}

#[test]
fn only_the_exact_acknowledgement_opens() {
    let mut table = table();
    let answered = answer(table.segment(&pair(9), &syn(), MSS, at(0)));
    let right = third(&answered);
    let wrong = Segment { ack: Some(answered.seq + 2), ..right };
    let reset = answer(table.segment(&pair(9), &wrong, MSS, at(1)));
    assert_eq!((reset.flags, reset.seq, reset.ack), (Flags::RST, answered.seq + 2, None));
    let outside = Segment { seq: PEER - 5, ..right };
    let challenge = answer(table.segment(&pair(9), &outside, MSS, at(1)));
    assert_eq!((challenge.flags, challenge.ack), (Flags::empty(), Some(PEER + 1)));
    let rst = segment(Flags::RST, PEER + 2, None);
    assert_eq!(answer(table.segment(&pair(9), &rst, MSS, at(1))).flags, Flags::empty());
    let rst = segment(Flags::RST, PEER + 70_000, None);
    assert_eq!(table.segment(&pair(9), &rst, MSS, at(1)), Verdict::Nothing);
    let rst = segment(Flags::RST, PEER + 1, None);
    assert_eq!(table.segment(&pair(9), &rst, MSS, at(1)), Verdict::Nothing);
    assert_eq!(answer(table.segment(&pair(9), &right, MSS, at(1))).flags, Flags::RST);
}

#[test]
fn nobody_answers_with_a_reset_and_not_too_often() {
    let mut table = table();
    let to_nobody = Pair { local: SocketAddr::from((Ipv4Addr::LOCALHOST, 7)), ..pair(9) };
    let reset = answer(table.segment(&to_nobody, &syn(), MSS, at(0)));
    assert_eq!((reset.flags, reset.seq, reset.ack), (Flags::RST, SeqNo(0), Some(PEER + 1)));
    let rst = segment(Flags::RST, PEER, Some(PEER));
    assert_eq!(table.segment(&to_nobody, &rst, MSS, at(0)), Verdict::Nothing);
    let answered =
        (0..5000).filter(|_| table.segment(&to_nobody, &syn(), MSS, at(0)) != Verdict::Nothing);
    assert_eq!(answered.count(), ANSWERS_TO_STRANGERS_PER_SECOND as usize - 1);
}
