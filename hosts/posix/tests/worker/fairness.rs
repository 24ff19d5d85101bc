//! One tenant that takes all it can get, and others that must not notice.

use crate::harness::{Actor, connect, eventually, spec, with_every_backend};
use hyper::Clock;
use posix::{HostClock, Progress, ServiceSpec, WEIGHT_USUAL};
use service::Next;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Uses the processor for so long.
fn work(time: Duration) {
    let end = HostClock.now() + time;
    while HostClock.now() < end {}
}

/// A tenant that always has work, and does so much of it in each turn. Counts turns.
fn busy(turn: Duration) -> (ServiceSpec, Arc<AtomicUsize>) {
    let turns = Arc::new(AtomicUsize::new(0));
    let count = turns.clone();
    let spec = spec("127.0.0.1:0", move |site| {
        Actor::new(site, |_, _| {}).turning(move |_| {
            work(turn);
            count.fetch_add(1, SeqCst);
            Next::Again
        })
    });
    (spec, turns)
}

/// Somebody else's work on the processor makes whoever it interrupts pay for time that he did not
/// use: it can disturb a window, and not make an unfair one look fair. So one that is fair is enough.
fn in_some_window(look: impl Fn() -> Result<(), String>) {
    const WINDOWS: usize = 20;
    let disturbed: Vec<String> = (0..WINDOWS).map_while(|_| look().err()).collect();
    assert!(disturbed.len() < WINDOWS, "{disturbed:#?}");
}

const LONG: Duration = Duration::from_millis(2);
const SHORT: Duration = Duration::from_micros(100);

#[test]
fn long_turns_are_paid_for_with_fewer_of_them() {
    with_every_backend(|home| {
        let (greedy, greedy_turns) = busy(LONG);
        let modest: Vec<_> = (0..9).map(|_| busy(SHORT)).collect();
        let modest_turns: Vec<_> = modest.iter().map(|(_, turns)| turns.clone()).collect();
        for spec in modest.into_iter().map(|(spec, _)| spec).chain([greedy]) {
            home.add(spec);
            assert!(matches!(home.report().progress, Progress::Serving { .. }));
        }
        in_some_window(|| {
            let before: Vec<_> = modest_turns.iter().map(|turns| turns.load(SeqCst)).collect();
            let greedy_before = greedy_turns.load(SeqCst);
            eventually("some turns", || greedy_turns.load(SeqCst) >= greedy_before + 20);
            let long = greedy_turns.load(SeqCst) - greedy_before;
            let after = modest_turns.iter().map(|turns| turns.load(SeqCst));
            let shorts: Vec<_> = after.zip(before).map(|(after, before)| after - before).collect();
            // Twenty of the short ones are as long as a long one.
            let is_fair = shorts.iter().all(|short| (10 * long..=40 * long).contains(short));
            is_fair.then_some(()).ok_or(format!("{shorts:?} short, {long} long"))
        });
    });
}

#[test]
fn weights_decide_who_gets_more() {
    with_every_backend(|home| {
        let specs = [3, 1].map(|weight| {
            let (spec, turns) = busy(SHORT);
            (ServiceSpec { weight: weight * WEIGHT_USUAL, ..spec }, turns)
        });
        let [heavy, light] = specs.map(|(spec, turns)| {
            home.add(spec);
            home.report();
            turns
        });
        in_some_window(|| {
            let (heavy_before, light_before) = (heavy.load(SeqCst), light.load(SeqCst));
            eventually("some turns", || light.load(SeqCst) >= light_before + 200);
            let light = light.load(SeqCst) - light_before;
            let heavy = heavy.load(SeqCst) - heavy_before;
            let is_fair = (2 * light..=4 * light).contains(&heavy);
            is_fair.then_some(()).ok_or(format!("{heavy} to {light}"))
        });
    });
}

#[test]
fn who_asks_little_waits_for_one_turn_of_a_greedy_neighbour_at_most() {
    with_every_backend(|home| {
        let (greedy, greedy_turns) = busy(LONG);
        home.add(greedy);
        home.report();
        let modest = home.serve(Actor::echo);
        let mut client = connect(modest);
        let before = greedy_turns.load(SeqCst);
        const ASKED: usize = 50;
        for _ in 0..ASKED {
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
        }
        let turns = greedy_turns.load(SeqCst) - before;
        assert!(turns <= 3 * ASKED, "{turns} turns of the other for {ASKED} answers");
    });
}

#[test]
fn a_flood_of_one_service_is_held_back_and_none_of_it_lost() {
    with_every_backend(|home| {
        let flooded = home.serve(|site| {
            Actor::new(site, |host, event| {
                if let hyper::StreamEvent::Received { .. } = event {
                    work(Duration::from_micros(300));
                }
                crate::harness::echo(host, event);
            })
        });
        let (other, other_turns) = busy(SHORT);
        home.add(other);
        home.report();
        let before = other_turns.load(SeqCst);
        let data = crate::harness::pattern(4 << 20);
        let mut client = connect(flooded);
        let mut receiver = client.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| client.write_all(&data).unwrap());
            let mut received = vec![0; data.len()];
            receiver.read_exact(&mut received).unwrap();
            assert!(received == data);
        });
        assert!(other_turns.load(SeqCst) > before + 20, "the other has its turns meanwhile");
    });
}
