//! Our own client, and what it finds.

use crate::harness::{Place, asking, heard, status};
use control::client::Error;
use control::model::{
    Changes, Clients, Code, LogLevel, LogLevels, Outcome, Problem, Procedures, Service, Services,
    Slowest, State, Trace,
};
use control::operator::Verb;
use control::request::Request;
use control::selection::{Order, PAGE_MAX, Selection};
use std::collections::BTreeSet;

fn refused(error: Error) -> Problem {
    match error {
        Error::Refused(problem) => problem,
        other => panic!("not refused: {other}"),
    }
}

#[test]
fn the_fleet_and_its_parts_are_told() {
    let place = Place::new(20);
    let client = place.client();
    let fleet = client.fleet().expect("an answer");
    assert_eq!(fleet.services.total(), 20);
    let service: Service = client.get(&Request::service("s00013")).expect("an answer");
    assert_eq!(service.state, State::Failed);
    assert!(service.reason.is_some_and(|reason| reason.contains("no such file")));
    let clients: Clients = client.get(&Request::clients("s00003")).expect("an answer");
    assert_eq!(clients.items.len(), 3);
    for name in [None, Some("s00003")] {
        let procedures: Procedures = client.get(&Request::procedures(name)).expect("an answer");
        let busiest = procedures.items.last().expect("some");
        assert_eq!(busiest.latency.calls(), busiest.calls);
        let slowest: Slowest = client.get(&Request::slowest(name)).expect("an answer");
        assert!(slowest.items.is_sorted_by(|slow, less| slow.microseconds >= less.microseconds));
    }
}

#[test]
fn ten_thousand_services_come_in_pages() {
    let place = Place::new(10_000);
    let client = place.client();
    let mut selection = Selection { limit: Some(PAGE_MAX), ..Selection::default() };
    let (mut names, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page: Services = client.services(&selection).expect("a page");
        assert!(page.items.len() <= PAGE_MAX && page.total == 10_000);
        names.extend(page.items.into_iter().map(|service| service.name));
        pages += 1;
        match page.next {
            Some(next) => selection.after = Some(next),
            None => break,
        }
    }
    assert_eq!((names.len(), pages), (10_000, 10));
    let top = Selection { order: Order::Calls, limit: Some(3), ..Selection::default() };
    let top = client.services(&top).expect("a page");
    assert_eq!((top.items.len(), top.next), (3, None));
    assert!(top.items.iter().all(|service| service.load.calls_per_second == 990.0));
}

#[test]
fn wishes_are_fulfilled_once() {
    let place = Place::new(5);
    let client = place.client();
    for (verb, state, changed) in [
        (Verb::Stop, State::Stopped, true),
        (Verb::Stop, State::Stopped, false),
        (Verb::Start, State::Serving, true),
        (Verb::Pause, State::Paused, true),
        (Verb::Pause, State::Paused, false),
        (Verb::Resume, State::Serving, true),
    ] {
        let outcome: Outcome = client.get(&Request::act("s00001", verb)).expect("an outcome");
        assert_eq!((outcome.state, outcome.changed), (Some(state), changed), "{verb:?}");
    }
    let changes: Changes = client.get(&Request::reload()).expect("changes");
    assert_eq!((changes.items.len(), changes.unchanged), (2, 3));
    let changes: Changes = client.get(&Request::add("name = \"a/b c\"\n")).expect("changes");
    assert_eq!(changes.unchanged, 5);
    let gone: Outcome = client.get(&Request::remove("a/b c")).expect("an outcome");
    assert_eq!((gone.name.as_str(), gone.state), ("a/b c", None));
    let level: LogLevels = client.get(&Request::set_log_level(LogLevel::Debug)).expect("a level");
    assert_eq!(level, client.get(&Request::log_level()).expect("a level"));
    let trace: Trace = client.get(&Request::trace("s00001", Some("/tmp/a.pcap"))).expect("a trace");
    assert_eq!((trace.file.as_deref(), trace.changed), (Some("/tmp/a.pcap"), true));
    let trace: Trace = client.get(&Request::trace("s00001", None)).expect("a trace");
    assert_eq!((trace.file, trace.changed), (None, true));
    client.ask(&Request::end()).expect("the end");
    assert!(client.fleet().expect("an answer").is_ending);
}

#[test]
fn what_is_refused_says_why() {
    let place = Place::new(8);
    let client = place.client();
    let problem = refused(client.ask(&Request::service("nobody")).expect_err("no such service"));
    assert_eq!((problem.status, problem.code), (404, Code::NoSuchService));
    assert!(problem.detail.starts_with("nobody"), "{problem}");
    assert_eq!(problem.kind, "urn:vnfsd:problem:no-such-service");
    let pause = Request::act("s00006", Verb::Pause);
    assert_eq!(refused(client.ask(&pause).expect_err("it has failed")).code, Code::NotPossible);
    let problem = refused(client.ask(&Request::add("nonsense")).expect_err("a fault"));
    assert_eq!((problem.status, problem.faults.len()), (422, 1));
    assert!(problem.to_string().contains("the request:1:1: services: expected"), "{problem}");
    let problem = refused(client.ask(&Request::get("/v1/nothing")).expect_err("no such path"));
    assert_eq!(problem.code, Code::NoSuchPath);
    let problem = refused(client.ask(&Request::get("/v1/services?limit=0")).expect_err("a fault"));
    assert_eq!(problem.code, Code::BadRequest);
}

#[test]
fn who_is_not_there_is_named() {
    let mut place = Place::new(1);
    let client = place.client();
    client.fleet().expect("an answer");
    place.end();
    assert!(!place.path.exists(), "the socket's file is left");
    let error = client.fleet().expect_err("nobody is there");
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(error.to_string().contains("control.sock"), "{error}");
}

#[test]
fn over_tcp_it_only_tells() {
    let place = Place::new(3);
    for target in ["/healthz", "/v1/fleet", "/v1/services?limit=1", "/v1/openapi.json"] {
        let answer = place.say_by_tcp(&asking("GET", target));
        assert_eq!(status(&answer), 200, "{target}: {answer}");
    }
    for (method, target, expected) in [
        ("POST", "/v1/services/s00001/stop", 404),
        ("POST", "/v1/reload", 404),
        ("POST", "/v1/end", 404),
        ("DELETE", "/v1/services/s00001", 405),
        ("PUT", "/v1/log-level", 405),
        ("POST", "/v1/services", 405),
        ("CONNECT", "127.0.0.1:1", 404),
    ] {
        let answer = place.say_by_tcp(&asking(method, target));
        assert_eq!(status(&answer), expected, "{method} {target}: {answer}");
    }
    let service: Service =
        place.client().get(&Request::service("s00001")).expect("it is still there");
    assert_eq!(service.state, State::Serving);
}

#[test]
fn a_head_is_told_without_its_body() {
    let place = Place::new(3);
    let answer = place.say(&asking("HEAD", "/v1/fleet"));
    assert_eq!(status(&answer), 200);
    assert!(answer.ends_with("\r\n\r\n") && !answer.contains('{'), "{answer}");
}

#[test]
fn an_exchange_that_has_begun_is_finished() {
    let mut place = Place::new(2);
    let stream = place.connect();
    std::io::Write::write_all(&mut &stream, &asking("GET", "/v1/fleet")).expect("a request");
    let mut first = [0];
    std::io::Read::read_exact(&mut &stream, &mut first).expect("the first byte");
    place.end();
    assert!(heard(stream).ends_with('}'), "the answer is not whole");
}
