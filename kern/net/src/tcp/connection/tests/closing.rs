//! Ends of connections (RFC 9293 §3.6).

use super::*;
use crate::tcp::limits::FIN_WAIT_2;

#[test]
fn a_connection_closes_in_four_steps() {
    // RFC 9293 §3.6, figure 12.
    let mut ends = Ends::new();
    ends.a.connection.send(vec![Bytes::from_static(b"last words")], ends.now);
    ends.a.connection.close(ends.now);
    assert_eq!(ends.a.connection.state(), State::FinWait1);
    ends.pass(Duration::from_millis(100));
    assert_eq!(ends.states(), (State::FinWait2, State::CloseWait));
    assert_eq!((ends.b.received.as_slice(), ends.b.ended), (&b"last words"[..], true));
    assert_eq!(ends.a.sent_bytes, 10);
    ends.b.connection.close(ends.now);
    assert_eq!(ends.b.connection.state(), State::LastAck);
    ends.exchange();
    assert_eq!(ends.states(), (State::TimeWait, State::Closed));
    let overs = (ends.a.connection.over(), ends.b.connection.over());
    assert_eq!(overs, (Some(Over::Closed), Some(Over::Closed)));
    assert_eq!((ends.a.connection.deadline(), ends.b.connection.deadline()), (None, None));
    assert_remembered(&mut ends);
}

fn assert_remembered(ends: &mut Ends) {
    let end = core::net::SocketAddr::from(([10, 0, 0, 1], 1));
    let pair = Pair { local: end, remote: end };
    let remembered = ends.a.connection.remembered(pair).unwrap();
    assert_eq!((remembered.seq, remembered.ack), (OURS + 12, PEERS + 2));
    assert_eq!(ends.b.connection.remembered(pair), None);
}

#[test]
fn both_may_close_at_once() {
    // RFC 9293 §3.6, figure 13.
    let mut ends = Ends::new();
    ends.a.connection.close(ends.now);
    ends.b.connection.close(ends.now);
    let (from_a, from_b) = (ends.a.one(ends.now), ends.b.one(ends.now));
    assert!(from_a.flags.contains(Flags::FIN) && from_b.flags.contains(Flags::FIN));
    with_segment(&from_a, |it| ends.b.arrive(it, ends.now));
    with_segment(&from_b, |it| ends.a.arrive(it, ends.now));
    assert_eq!(ends.states(), (State::Closing, State::Closing));
    ends.exchange();
    assert_eq!(ends.states(), (State::TimeWait, State::TimeWait));
}

#[test]
fn half_a_connection_goes_on() {
    let mut ends = Ends::new();
    ends.a.connection.finish(ends.now);
    ends.pass(Duration::from_secs(3600));
    assert_eq!(ends.states(), (State::FinWait2, State::CloseWait));
    ends.b.connection.send(vec![Bytes::from(vec![5; 100_000])], ends.now);
    ends.b.connection.finish(ends.now);
    ends.pass(Duration::from_secs(1));
    assert_eq!((ends.a.received.len(), ends.a.ended), (100_000, true));
    assert_eq!(ends.states(), (State::TimeWait, State::Closed));
}

#[test]
fn nobody_waits_for_ever_for_a_peer_that_does_not_close() {
    let mut ends = Ends::new();
    ends.a.connection.close(ends.now);
    ends.pass(FIN_WAIT_2 - Duration::from_secs(1));
    assert_eq!(ends.states(), (State::FinWait2, State::CloseWait));
    ends.pass(Duration::from_secs(2));
    assert_eq!(ends.a.connection.over(), Some(Over::Closed));
}

#[test]
fn who_sends_to_the_deaf_is_reset() {
    let mut ends = Ends::new();
    ends.a.connection.close(ends.now);
    ends.exchange();
    ends.b.connection.send(vec![Bytes::from_static(b"hello?")], ends.now);
    ends.exchange();
    let overs = (ends.a.connection.over(), ends.b.connection.over());
    assert_eq!(overs, (Some(Over::Aborted), Some(Over::Reset)));
    assert!(ends.a.received.is_empty());
}

#[test]
fn who_closes_without_having_read_resets() {
    let mut ends = Ends::new();
    ends.a.connection.pause(true, ends.now, &mut |_| ());
    ends.b.connection.send(vec![Bytes::from_static(b"unread")], ends.now);
    ends.exchange();
    ends.a.connection.close(ends.now);
    let reset = ends.a.one(ends.now);
    assert_eq!((reset.flags, reset.seq), (Flags::RST, OURS + 1));
    with_segment(&reset, |it| ends.b.arrive(it, ends.now));
    assert_eq!(ends.b.connection.over(), Some(Over::Reset));
}

#[test]
fn an_end_is_told_behind_what_was_held_back() {
    let mut ends = Ends::new();
    ends.a.connection.pause(true, ends.now, &mut |_| ());
    ends.b.connection.send(vec![Bytes::from_static(b"held")], ends.now);
    ends.b.connection.finish(ends.now);
    ends.exchange();
    assert_eq!((ends.a.connection.state(), ends.a.ended), (State::CloseWait, false));
    let Ends { a, now, .. } = &mut ends;
    let news = a.connection.pause(false, *now, &mut |bytes| a.received.extend_from_slice(bytes));
    a.hear(news);
    assert_eq!((a.received.as_slice(), a.ended), (&b"held"[..], true));
}

#[test]
fn a_connection_is_not_over_before_all_was_handed_out() {
    for a_is_first in [true, false] {
        let mut ends = Ends::new();
        ends.a.connection.pause(true, ends.now, &mut |_| ());
        ends.b.connection.send(vec![Bytes::from_static(b"held")], ends.now);
        let (first, second) =
            if a_is_first { (&mut ends.a, &mut ends.b) } else { (&mut ends.b, &mut ends.a) };
        first.connection.finish(ends.now);
        second.connection.finish(ends.now);
        ends.pass(Duration::from_secs(1));
        assert_eq!((ends.a.connection.over(), ends.a.ended), (None, false));
        let again = Segment { payload: b"held", seq: PEERS + 1, ..nothing(&ends.a, ends.now) };
        ends.a.arrive(&again, ends.now);
        assert_eq!(ends.a.one(ends.now).ack, Some(PEERS + 6), "the peer may not have heard");
        let Ends { a, now, .. } = &mut ends;
        let news =
            a.connection.pause(false, *now, &mut |bytes| a.received.extend_from_slice(bytes));
        a.hear(news);
        assert_eq!((a.received.as_slice(), a.ended), (&b"held"[..], true));
        assert_eq!(a.connection.over(), Some(Over::Closed));
    }
    let mut ends = Ends::new();
    ends.a.connection.pause(true, ends.now, &mut |_| ());
    ends.b.connection.send(vec![Bytes::from_static(b"held")], ends.now);
    ends.b.connection.finish(ends.now);
    ends.a.connection.finish(ends.now);
    ends.pass(Duration::from_secs(1));
    ends.a.connection.close(ends.now);
    assert_eq!(ends.a.connection.over(), Some(Over::Aborted), "nobody will take it");
    ends.a.quiet(ends.now);
}

#[test]
fn an_abort_resets_once() {
    let mut ends = Ends::new();
    ends.a.connection.abort();
    ends.a.connection.abort();
    let reset = ends.a.one(ends.now);
    assert_eq!((reset.flags, reset.seq, reset.ack), (Flags::RST, OURS + 1, Some(PEERS + 1)));
    ends.a.quiet(ends.now);
    assert_eq!(ends.a.connection.over(), Some(Over::Aborted));
}

#[test]
fn a_lost_last_segment_is_sent_again() {
    let mut ends = Ends::new();
    ends.a.connection.close(ends.now);
    assert!(ends.a.one(ends.now).flags.contains(Flags::FIN));
    ends.pass(Duration::from_secs(5));
    assert_eq!(ends.states(), (State::FinWait2, State::CloseWait));
}
