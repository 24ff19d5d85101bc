//! Those who mean ill, or do not know what they do.

use crate::harness::{Place, SHORT, asking, heard, status};
use control::made_up::MadeUp;
use control::model::{
    Changes, Clients, Code, Fleet, LogLevel, LogLevels, Outcome, Procedures, Service, Services,
    Slowest, Trace,
};
use control::operator::{Answer, Verb};
use control::selection::Selection;
use control::{Operator, Patience};
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex};

#[test]
fn whoever_says_nothing_is_sent_away() {
    let place = Place::impatient(Arc::new(MadeUp::new(1)));
    assert_eq!(heard(place.connect()), "");
    let mut half = place.connect();
    half.write_all(b"GET /v1/fleet HTTP/1.1\r\nHost: v").expect("a socket");
    let answer = heard(half);
    assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    let mut slow = place.connect();
    let head = b"POST /v1/services HTTP/1.1\r\nHost: v\r\nContent-Length: 100\r\n\r\nhalf";
    slow.write_all(head).expect("a socket");
    assert_eq!(heard(slow), "", "a body that does not come is waited for");
}

#[test]
fn a_thousand_connections_keep_nobody_out() {
    let place = Place::impatient(Arc::new(MadeUp::new(1)));
    let silent: Vec<_> = (0..400).map(|_| place.connect()).collect();
    let by_tcp = || std::net::TcpStream::connect(place.reading).expect("somebody listens");
    let others: Vec<_> = (0..600).map(|_| by_tcp()).collect();
    assert_eq!(place.client().fleet().expect("an answer").services.total(), 1);
    assert_eq!(status(&place.say_by_tcp(&asking("GET", "/healthz"))), 200);
    drop((silent, others));
}

#[test]
fn one_door_does_not_crowd_the_other() {
    let place = Place::new(1);
    // More than there are places, and no more than the kernel's queue takes beside.
    let silent: Vec<_> = (0..150)
        .map(|_| std::net::TcpStream::connect(place.reading).expect("somebody listens"))
        .collect();
    assert_eq!(place.client().fleet().expect("an answer").services.total(), 1);
    drop(silent);
}

#[test]
fn nonsense_is_refused() {
    let place = Place::impatient(Arc::new(MadeUp::new(1)));
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/fleet HTTP/1.1\r\nHost: v\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/reload HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/fleet HTTP/1.1\r\nHost: v\r\nContent-Length: -1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: v\r\n\r\n",
        b"\r\n\r\n\r\n\r\n\xff\xff",
    ] {
        let answer = place.say(nonsense);
        assert!(answer.is_empty() || status(&answer) >= 400, "{nonsense:?}: {answer}");
    }
    assert!(place.client().fleet().is_ok());
}

#[test]
fn what_is_too_much_is_not_read() {
    let place = Place::new(1);
    let long = format!("GET /{} HTTP/1.1\r\nHost: v\r\n\r\n", "a".repeat(100_000));
    let answer = place.say(long.as_bytes());
    assert!(answer.is_empty() || [414, 431].contains(&status(&answer)), "{answer}");
    let many = "X-Header: 1\r\n".repeat(500);
    let answer = place.say(format!("GET /v1/fleet HTTP/1.1\r\n{many}\r\n").as_bytes());
    assert!(answer.is_empty() || status(&answer) == 431, "{answer}");
    let announced =
        b"POST /v1/services HTTP/1.1\r\nHost: v\r\nContent-Length: 18446744073709551615\r\n\r\n";
    let answer = place.say(announced);
    assert!(answer.is_empty() || status(&answer) >= 400, "{answer}");
    let mut chunked =
        b"POST /v1/services HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..40 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend(std::iter::repeat_n(b'a', 0x10000));
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = place.say(&chunked);
    assert!(answer.is_empty() || status(&answer) == 413, "{answer}");
    assert!(place.client().fleet().is_ok());
}

#[test]
fn conditions_that_mean_ill_cost_nothing() {
    let place = Place::new(10_000);
    let stars = "*a".repeat(100);
    let answer = place.say(&asking("GET", &format!("/v1/services?name={stars}")));
    assert_eq!(status(&answer), 200, "{answer}");
    for query in [
        "limit=99999999999999999999",
        "limit=-1",
        "after=a&order=calls",
        "state=%ff",
        "name=%5B",
        "colour=red",
        &"label=a&".repeat(100),
    ] {
        let answer = place.say(&asking("GET", &format!("/v1/services?{query}")));
        assert_eq!(status(&answer), 400, "{query}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

/// Answers nothing before it is let go on, or breaks.
struct Stuck {
    may_go_on: Mutex<bool>,
    told: Condvar,
    breaks: bool,
}

impl Stuck {
    fn new(breaks: bool) -> Arc<Self> {
        Arc::new(Self { may_go_on: Mutex::new(false), told: Condvar::new(), breaks })
    }

    fn go_on(&self) {
        *self.may_go_on.lock().expect("nobody broke") = true;
        self.told.notify_all();
    }

    fn answer<T>(&self) -> Answer<T> {
        assert!(!self.breaks, "made to break");
        let may_go_on = self.may_go_on.lock().expect("nobody broke");
        drop(self.told.wait_while(may_go_on, |may_go_on| !*may_go_on).expect("nobody broke"));
        Err(control::model::Failure::new(Code::Unavailable, "too late"))
    }
}

impl Operator for Stuck {
    fn fleet(&self) -> Answer<Fleet> {
        self.answer()
    }
    fn services(&self, _: &Selection) -> Answer<Services> {
        self.answer()
    }
    fn service(&self, _: &str) -> Answer<Service> {
        self.answer()
    }
    fn clients(&self, _: &str) -> Answer<Clients> {
        self.answer()
    }
    fn procedures(&self, _: Option<&str>) -> Answer<Procedures> {
        self.answer()
    }
    fn slowest(&self, _: Option<&str>) -> Answer<Slowest> {
        self.answer()
    }
    fn act(&self, _: &str, _: Verb) -> Answer<Outcome> {
        self.answer()
    }
    fn reload(&self) -> Answer<Changes> {
        self.answer()
    }
    fn add(&self, _: &str) -> Answer<Changes> {
        self.answer()
    }
    fn remove(&self, _: &str) -> Answer<Outcome> {
        self.answer()
    }
    fn log_level(&self) -> Answer<LogLevels> {
        self.answer()
    }
    fn set_log_level(&self, _: LogLevel) -> Answer<LogLevels> {
        self.answer()
    }
    fn trace(&self, _: &str, _: Option<&str>) -> Answer<Trace> {
        self.answer()
    }
    fn end(&self) -> Answer<Fleet> {
        self.answer()
    }
}

#[test]
fn an_operator_that_hangs_is_not_waited_for() {
    let operator = Stuck::new(false);
    let patience = Patience { answer: SHORT, end: SHORT, ..Patience::default() };
    let mut place = Place::with(operator.clone(), patience);
    for _ in 0..6 {
        let answer = place.say(&asking("GET", "/v1/fleet"));
        assert_eq!(status(&answer), 503, "{answer}");
    }
    assert_eq!(status(&place.say(&asking("GET", "/nothing"))), 404, "that needs no operator");
    place.end();
    operator.go_on();
}

#[test]
fn an_operator_that_breaks_is_told_of() {
    let place = Place::impatient(Stuck::new(true));
    for target in ["/v1/fleet", "/healthz"] {
        let answer = place.say(&asking("GET", target));
        assert_eq!(status(&answer), 500, "{answer}");
    }
}
