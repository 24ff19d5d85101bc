//! Luck of all kinds for as long as one likes: services are stopped, started, paused, taken out of the
//! file and put back, and the process is killed, while clients write and read what they know. Nothing
//! that was acknowledged may be lost, and in the end the process must be as it was.
//!
//! | file | what it does |
//! |---|---|
//! | `disorder` | what is done to services and to the process |
//! | `client` | who works meanwhile, and knows what has to be in each file |
//!
//! `VNFSD_SOAK_SECONDS` says how long, `VNFSD_SOAK_SEED` with which luck.

mod client;
mod disorder;

use crate::many;
use client::Work;
use disorder::Disorder;
use rustix::process::Signal;
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use suite::fleet::{Fleet, address, await_that, images};
use suite::image::expect_clean;
use suite::server::Server;

const SERVICES: u16 = 24;

const FIRST: u16 = 800;

/// Clients, each of all services that are its own.
const CLIENTS: u16 = 4;

/// Without a word in the environment.
const SECONDS: u64 = 20;

/// What a process may hold more than before after the same work.
const GROWTH_KIB_MAX: u64 = 16 << 10;

fn said(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {value}")))
}

/// The fleet's file; the other one has fewer services, and other exports and limits.
fn text(is_other: bool) -> String {
    let text = many(if is_other { SERVICES - 4 } else { SERVICES }, FIRST, "32M");
    match is_other {
        false => text,
        true => text
            .replace("no_root_squash", "no_root_squash,rw,client=127.0.0.0/8")
            .replace("[defaults]\n", "[defaults]\nlimits = { calls = 100, cache = '8M' }\n"),
    }
}

/// Clients work while this is done, and then find all that they know of.
fn beside<T>(work: &mut [Work], disturb: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    scope(|scope| {
        let is_over = &is_over;
        let work: Vec<_> =
            work.iter_mut().map(|work| scope.spawn(move || work.go_on(is_over))).collect();
        let end = OnDrop(is_over);
        let done = disturb();
        drop(end);
        work.into_iter().for_each(|work| work.join().expect("all is as it has to be"));
        done
    })
}

/// Ends the clients' work, however the disorder ends.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a process holds at rest.
#[derive(Clone, Copy, Debug)]
struct Held {
    resident_kib: u64,
    descriptors: usize,
}

/// Once connections have been seen to be closed.
fn at_rest(fleet: &Fleet, server: &Server) -> Held {
    for number in 0..SERVICES {
        let name = format!("many{number}");
        await_that("all clients are gone", || fleet.status(&name)["counters"]["connections"] == 0);
    }
    sleep(Duration::from_secs(1));
    Held { resident_kib: server.resident_kib(), descriptors: server.descriptor_count() }
}

#[test]
fn disorder_leaves_nothing_behind() {
    let seconds = said("VNFSD_SOAK_SECONDS").unwrap_or(SECONDS);
    let seed = said("VNFSD_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("VNFSD_SOAK_SECONDS={seconds} VNFSD_SOAK_SEED={seed}");
    let began = Instant::now();
    let until = |share: u32| began + Duration::from_secs(seconds) * share / 10;

    let fleet = Fleet::new(&text(false));
    let mut disorder = Disorder::new(&fleet, fleet.start(), seed);
    let own = |client| (client..SERVICES).step_by(usize::from(CLIENTS));
    let prepare = |client| Work::new(seed, own(client).map(|number| address(FIRST + number)));
    let mut work: Vec<_> = (0..CLIENTS).map(prepare).collect();
    beside(&mut work, || disorder.with_deaths(until(4)));
    beside(&mut work, || disorder.without_deaths(until(6)));
    let before = at_rest(&fleet, disorder.server());
    beside(&mut work, || disorder.without_deaths(until(10)));
    let after = at_rest(&fleet, disorder.server());

    let written: u64 = work.iter().map(Work::acknowledged).sum();
    eprintln!("{}; {written} writes; {before:?}, {after:?}", disorder.told());
    assert!(after.resident_kib < before.resident_kib + GROWTH_KIB_MAX, "{before:?}, {after:?}");
    assert!(after.descriptors <= before.descriptors, "{before:?}, {after:?}");
    disorder.end().stop(Signal::TERM);
    let images = images(&fleet.path(""));
    assert_eq!(images.len(), usize::from(SERVICES));
    images.iter().for_each(|image| expect_clean(image));
}
