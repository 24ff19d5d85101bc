//! Peers that say nothing.

use super::*;
use crate::tcp::limits::{KEEPALIVE_INTERVAL, KEEPALIVE_PROBES_MAX, LAST_CHANCE};
use proptest::prelude::{any, proptest};

#[test]
fn a_silent_peer_is_asked_and_answers() {
    let mut ends = Ends::new();
    ends.pass(Duration::from_secs(7199));
    let silent_since = ends.a.connection.heard;
    ends.pass(Duration::from_secs(3));
    assert!(silent_since < ends.a.connection.heard, "it was asked, and answered");
    ends.pass(Duration::from_secs(100_000));
    assert_eq!(ends.states(), (State::Established, State::Established));
}

#[test]
fn a_peer_that_is_gone_is_given_up() {
    let mut end = End::new(OURS, PEERS);
    let mut questions = Vec::new();
    while let Some(now) = end.connection.deadline() {
        end.connection.timeout(now);
        questions.extend(end.leave(now).into_iter().map(|sent| (now, sent.seq, sent.flags)));
    }
    assert_eq!(end.connection.over(), Some(Over::TimedOut));
    let (last, probes) = questions.split_last().unwrap();
    assert_eq!(probes.len(), usize::from(KEEPALIVE_PROBES_MAX));
    assert!(probes.iter().all(|probe| probe.1 == OURS && probe.2 == Flags::empty()));
    assert_eq!(last.2, Flags::RST);
    let silence = last.0.since(at(0));
    assert_eq!(silence, Duration::from_secs(7200) + KEEPALIVE_INTERVAL * 9);
}

#[test]
fn a_peer_that_is_asked_late_has_time_to_answer() {
    let mut end = End::new(OURS, PEERS);
    let late = at(0) + Duration::from_secs(100_000);
    end.connection.timeout(late);
    assert_eq!(end.leave(late).len(), 1);
    assert_eq!(end.connection.deadline(), Some(late + KEEPALIVE_INTERVAL));
}

#[test]
fn what_is_never_acknowledged_is_given_up() {
    let mut end = End::new(OURS, PEERS);
    end.connection.send(vec![Bytes::from_static(b"anybody?")], at(0));
    let mut last = at(0);
    while let Some(now) = end.connection.deadline() {
        last = now;
        end.connection.timeout(now);
        end.leave(now);
    }
    assert_eq!(end.connection.over(), Some(Over::TimedOut));
    assert!(last.since(at(0)) <= Duration::from_secs(120));
}

#[test]
fn a_peer_with_a_closed_window_that_answers_is_not_given_up() {
    let mut ends = Ends::new();
    ends.b.connection.pause(true, ends.now, &mut |_| ());
    ends.a.connection.send(vec![Bytes::from(vec![3; 200_000])], ends.now);
    ends.pass(Duration::from_secs(3600));
    assert_eq!(ends.a.connection.over(), None);
    let Ends { b, now, .. } = &mut ends;
    let news = b.connection.pause(false, *now, &mut |bytes| b.received.extend_from_slice(bytes));
    b.hear(news);
    ends.pass(Duration::from_secs(1));
    assert_eq!((ends.b.received.len(), ends.a.sent_bytes), (200_000, 200_000));
}

/// One that says something nobody answers, until it is carried elsewhere at `at_ms`.
fn unanswered_until(at_ms: u64, is_window_closed: bool) -> End {
    let mut end = End::new(OURS, PEERS);
    if is_window_closed {
        let closed = Segment { window: 0, ..nothing(&end, at(0)) };
        end.arrive(&closed, at(0));
    }
    end.connection.send(vec![Bytes::from_static(b"anybody?")], at(0));
    end.leave(at(0));
    while let Some(now) = end.connection.deadline().filter(|&now| now <= at(at_ms)) {
        end.connection.timeout(now);
        end.leave(now);
    }
    end
}

#[test]
fn who_was_elsewhere_for_long_asks_before_it_gives_up() {
    let mut end = unanswered_until(119_000, false);
    let late = at(1_000_000);
    end.connection.timeout(late);
    assert_eq!((end.one(late).payload_bytes, end.connection.over()), (8, None));
    let mut last = late;
    while let Some(now) = end.connection.deadline() {
        last = now;
        end.connection.timeout(now);
        end.leave(now);
    }
    assert_eq!((end.connection.over(), last.since(late)), (Some(Over::TimedOut), LAST_CHANCE));
}

proptest! {
    #[test]
    fn nobody_is_given_up_unasked(
        at_ms in 0..120_000_u64, slept_ms in 1..1_u64 << 40, is_window_closed in any::<bool>(),
    ) {
        let mut end = unanswered_until(at_ms, is_window_closed);
        let Some(deadline) = end.connection.deadline() else { return Ok(()) };
        let late = at(at_ms).max(deadline) + Duration::from_millis(10_000 + slept_ms);
        end.connection.timeout(late);
        assert_eq!((end.connection.over(), end.leave(late).len()), (None, 1));
        // A window that opens lets the bytes go; then they are acknowledged.
        for seconds in 1..3 {
            let now = late + Duration::from_secs(seconds);
            let answer = nothing(&end, now);
            end.arrive(&answer, now);
            end.leave(now);
        }
        assert_eq!((end.connection.over(), end.sent_bytes), (None, 8));
    }
}
