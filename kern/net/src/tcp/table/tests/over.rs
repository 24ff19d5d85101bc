//! Connections that are over.

use super::*;
use crate::tcp::limits::{TIME_WAIT, TIME_WAIT_MAX};

const OURS: SeqNo = SeqNo(90_000);

fn remembered(port: u16, timestamp: Option<u32>) -> Remembered {
    Remembered { pair: pair(port), seq: OURS, ack: PEER, timestamp, clock_offset: 0, window: 512 }
}

fn over(timestamp: Option<u32>) -> Table<&'static str> {
    let mut table = table();
    let (key, _) = table.insert(pair(9), "over").unwrap();
    table.remove(key, Some(remembered(9, timestamp)), at(0));
    table
}

#[test]
fn a_last_segment_is_acknowledged_again() {
    let mut table = over(None);
    let fin = segment(Flags::FIN, PEER - 1, Some(OURS));
    let again = answer(table.segment(&pair(9), &fin, MSS, at(50_000)));
    assert_eq!((again.seq, again.ack, again.window), (OURS, Some(PEER), 512));
    assert_eq!(table.timeout(at(61_000)), None);
    assert_eq!(table.time_wait.len(), 1, "the wait began again");
    assert_eq!(table.timeout(at(111_000)), None);
    assert!(table.time_wait.is_empty() && table.places.is_empty());
    assert_eq!(TIME_WAIT.as_secs(), 60);
}

#[test]
fn a_reset_does_not_end_the_wait() {
    let mut table = over(None);
    let rst = segment(Flags::RST, PEER, Some(OURS));
    assert_eq!(table.segment(&pair(9), &rst, MSS, at(0)), Verdict::Nothing);
    assert_eq!(table.time_wait.len(), 1);
    let nothing_new = segment(Flags::empty(), PEER, Some(OURS));
    assert_eq!(table.segment(&pair(9), &nothing_new, MSS, at(0)), Verdict::Nothing);
}

#[test]
fn a_later_syn_opens_a_new_connection() {
    for (old, seq, timestamps, is_new) in [
        (Some(499), PEER - 50, Some((500, 0)), true),
        (Some(501), PEER + 50, Some((500, 0)), false),
        (Some(500), PEER + 50, Some((500, 0)), true),
        (Some(500), PEER - 50, Some((500, 0)), false),
        (None, PEER + 50, None, true),
        (None, PEER - 50, None, false),
    ] {
        let mut table = over(old);
        let options = Options { timestamps, ..Options::default() };
        let syn = Segment { seq, options, ..syn() };
        let answer = answer(table.segment(&pair(9), &syn, MSS, at(100)));
        assert_eq!(answer.flags.contains(Flags::SYN), is_new, "{old:?} {seq:?}");
        assert_eq!(answer.ack, Some(if is_new { seq + 1 } else { PEER }));
        assert!(!is_new || OURS.is_before(answer.seq));
    }
}

#[test]
fn only_so_many_are_remembered() {
    let mut table = table();
    for port in 0..TIME_WAIT_MAX as u16 + 10 {
        let (key, _) = table.insert(pair(port), "over").unwrap();
        table.remove(key, Some(remembered(port, None)), at(0));
    }
    assert_eq!((table.time_wait.len(), table.places.len()), (TIME_WAIT_MAX, TIME_WAIT_MAX));
    let key = table.insert(pair(60_000), "one").unwrap().0;
    table.arm(key, Some(at(30)));
    assert_eq!((table.expired(at(29)), table.expired(at(31))), (None, Some(key)));
}
