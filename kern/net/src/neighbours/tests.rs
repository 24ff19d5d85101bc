//! The states of a neighbour, question by question (RFC 4861 §7.3).

use super::*;
use alloc::vec;
use hyper::LinkOffload;

const START: Instant = Instant(100_000_000_000);
const ONE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const TWO: [u8; 6] = [2, 0, 0, 0, 0, 2];

struct Trace {
    cache: Neighbours,
    wire: Wire,
    now: Instant,
    of: IpAddr,
}

impl Trace {
    fn new() -> Self {
        let wire = Wire::new([2, 9, 9, 9, 9, 9], 1500, LinkOffload::default());
        Self { cache: Neighbours::default(), wire, now: START, of: [10, 0, 0, 7].into() }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.cache.advance(self.now, &mut |_| {});
    }

    fn send(&mut self, number: u8) {
        let head = vec![number; 34];
        let packet = Packet { head, payload: vec![], checksum: None, cut: None };
        self.cache.send(self.of, packet, self.now, &mut self.wire);
    }

    fn claim(&mut self, station: Option<[u8; 6]>, is_answer: bool, overrides: bool) {
        let claim = Claim { station, is_answer, overrides };
        self.cache.claimed(self.of, claim, self.now, &mut self.wire);
    }

    /// The next packet that left: to whom, and which.
    fn sent(&mut self) -> Option<([u8; 6], u8)> {
        let frame = self.wire.next()?;
        Some((*frame.head.first_chunk().unwrap(), frame.head[33]))
    }

    /// Who is asked: `Some(None)` is everybody.
    fn asked(&mut self) -> Option<Option<[u8; 6]>> {
        self.cache.next_question().map(|question| question.station)
    }
}

#[test]
fn packets_wait_in_order_for_an_answer() {
    let mut trace = Trace::new();
    (1..=3).for_each(|number| trace.send(number));
    assert_eq!((trace.asked(), trace.asked(), trace.sent()), (Some(None), None, None));
    trace.claim(Some(ONE), true, false);
    let sent = [trace.sent(), trace.sent(), trace.sent(), trace.sent()];
    assert_eq!(sent, [Some((ONE, 1)), Some((ONE, 2)), Some((ONE, 3)), None]);
    assert_eq!(trace.cache.count(), (1, 0, 0));
}

#[test]
fn who_does_not_answer_is_asked_three_times_and_given_up() {
    let mut trace = Trace::new();
    trace.send(1);
    for _ in 0..3 {
        assert_eq!((trace.asked(), trace.asked()), (Some(None), None));
        trace.wait(1);
    }
    assert_eq!((trace.asked(), trace.cache.count()), (None, (0, 0, 0)));
}

#[test]
fn an_old_answer_is_used_and_checked() {
    let mut trace = Trace::new();
    trace.send(1);
    trace.claim(Some(ONE), true, true);
    trace.asked();
    trace.sent();
    trace.wait(40);
    trace.send(2);
    assert_eq!((trace.sent(), trace.asked()), (Some((ONE, 2)), None), "first used");
    trace.wait(5);
    assert_eq!(trace.asked(), Some(Some(ONE)), "then checked, with the station itself");
    trace.claim(None, true, false);
    trace.wait(20);
    assert_eq!((trace.asked(), trace.cache.count().0), (None, 1), "it answered");
}

#[test]
fn who_falls_silent_is_forgotten() {
    let mut trace = Trace::new();
    trace.cache.heard(trace.of, ONE, trace.now, &mut trace.wire);
    trace.send(1);
    assert_eq!(trace.sent(), Some((ONE, 1)));
    trace.wait(5);
    for _ in 0..3 {
        assert_eq!((trace.asked(), trace.asked()), (Some(Some(ONE)), None));
        trace.wait(1);
    }
    assert_eq!((trace.cache.count().0, trace.cache.deadline()), (0, None));
}

#[test]
fn a_claim_without_override_is_not_believed_at_once() {
    let mut trace = Trace::new();
    trace.send(1);
    trace.claim(Some(ONE), true, true);
    trace.sent();
    trace.claim(Some(TWO), false, false);
    trace.send(2);
    assert_eq!(trace.sent(), Some((ONE, 2)), "but it makes us check");
    trace.claim(Some(TWO), false, true);
    trace.send(3);
    assert_eq!(trace.sent(), Some((TWO, 3)));
}

#[test]
fn strangers_are_not_remembered_for_a_claim() {
    let mut trace = Trace::new();
    trace.claim(Some(ONE), true, true);
    assert_eq!(trace.cache.count().0, 0);
}

#[test]
fn nobody_is_remembered_for_ever() {
    let mut trace = Trace::new();
    trace.cache.heard(trace.of, ONE, trace.now, &mut trace.wire);
    trace.wait(599);
    assert_eq!(trace.cache.count().0, 1);
    trace.wait(1);
    assert_eq!((trace.cache.count().0, trace.cache.deadline()), (0, None));
}

#[test]
fn who_answers_what_nobody_asked_is_asked_soon() {
    let mut trace = Trace::new();
    trace.send(1);
    trace.claim(Some(ONE), true, true);
    assert_eq!((trace.asked(), trace.sent()), (Some(None), Some((ONE, 1))));
    trace.claim(Some(TWO), true, true);
    trace.send(2);
    assert_eq!((trace.asked(), trace.sent()), (None, Some((TWO, 2))));
    trace.wait(5);
    assert_eq!(trace.asked(), Some(Some(TWO)));
    (0..3).for_each(|_| trace.wait(1));
    while trace.asked().is_some() {}
    trace.send(3);
    assert_eq!((trace.asked(), trace.sent()), (Some(None), None), "it was nobody: all are asked");
}

#[test]
fn a_router_is_asked_for_however_many_are_absent() {
    let mut trace = Trace::new();
    let router = trace.of;
    for number in 0..100 {
        trace.of = [10, 0, 1, number].into();
        trace.send(number);
    }
    trace.of = router;
    while trace.asked().is_some() {}
    trace.send(1);
    assert_eq!(trace.asked(), None, "too many are asked for");
    trace.cache.ask_for_router(router, trace.now);
    trace.cache.ask_for_router(router, trace.now);
    assert_eq!((trace.asked(), trace.asked()), (Some(None), None));
    trace.claim(Some(ONE), true, true);
    trace.send(2);
    assert_eq!(trace.sent(), Some((ONE, 2)));
}
