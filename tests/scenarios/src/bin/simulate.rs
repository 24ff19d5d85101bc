//! Runs scenarios and sequences on all processors, shows how far they have come, and names the one
//! that fails: `cargo xtask sim`.

#![forbid(unsafe_code)]

use indicatif::{ProgressBar, ProgressStyle};
use scenarios::job::{Job, Player};
use scenarios::scenario::Tally;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const USAGE: &str =
    "usage: cargo xtask sim [--long | --cuts N] [--from N] [--seed N | --sequence N | --network N]
  --long        scenarios of the network with 20,000 seeds, every sequence of up to three operations,
                then scenarios until there were at least 100,000 power cuts in those
  --cuts N      scenarios and some sequences, until there were at least so many cuts (default 3000)
  --from N      begin with this job: another number, other scenarios
  --seed N      only this scenario, exactly as it was
  --sequence N  only this sequence, exactly as it was
  --network N   only this scenario of the network, exactly as it was";

const CUTS: u64 = 3_000;
const LONG_CUTS: u64 = 100_000;

/// Seeds of scenarios of the network, each played as every kind.
const NETWORK_SEEDS: u64 = 200;
const LONG_NETWORK_SEEDS: u64 = 20_000;

/// What the command line asks for.
struct Request {
    is_long: bool,
    cuts: u64,
    first: u64,
    only: Option<Job>,
}

impl Request {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut request = Self { is_long: false, cuts: CUTS, first: 0, only: None };
        while let Some(flag) = arguments.next() {
            let mut number = || arguments.next()?.parse::<u64>().ok();
            match flag.as_str() {
                "--long" => (request.is_long, request.cuts) = (true, LONG_CUTS),
                "--cuts" => request.cuts = number()?,
                "--from" => request.first = number()?,
                "--seed" => request.only = Some(Job::Scenario(number()?)),
                "--sequence" => request.only = Some(Job::Sequence(number()?)),
                "--network" => request.only = Some(Job::Network(number()?)),
                _ => return None,
            }
        }
        Some(request)
    }
}

/// What all workers share.
#[derive(Default)]
struct Shared {
    cuts: AtomicU64,
    calls: AtomicU64,
    flushes: AtomicU64,
    has_failed: AtomicBool,
    failure: Mutex<Option<(Job, String)>>,
}

fn main() -> ExitCode {
    let Some(request) = Request::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let shared = Shared::default();
    match request.only {
        Some(job) => shared.play(&mut Player::default(), job, &ProgressBar::hidden()),
        None if request.is_long => {
            shared.play_every(&Job::all_network(LONG_NETWORK_SEEDS), "scenarios of the network");
            shared.play_every(&Job::all_sequences(), "sequences");
            shared.play_many(&request, Job::Scenario);
        }
        None => {
            shared.play_every(&Job::all_network(NETWORK_SEEDS), "scenarios of the network");
            let sequences = Job::all_sequences();
            shared.play_many(&request, |number| Job::numbered(number, &sequences));
        }
    }
    shared.finish()
}

/// Runs `work` on every processor.
fn on_all_processors(work: impl Fn() + Sync) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(&work))));
}

fn bar(length: u64, of_what: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {{pos}}/{{len}} {of_what}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Shared {
    /// Plays each of these.
    fn play_every(&self, jobs: &[Job], of_what: &str) {
        let (bar, next) = (bar(jobs.len() as u64, of_what), AtomicU64::new(0));
        on_all_processors(|| {
            let mut player = Player::default();
            while let Some(&job) = jobs.get(next.fetch_add(1, Ordering::Relaxed) as usize)
                && !self.has_failed.load(Ordering::Relaxed)
            {
                self.play(&mut player, job, &ProgressBar::hidden());
                bar.inc(1);
            }
        });
        bar.finish_and_clear();
        if !self.has_failed.load(Ordering::Relaxed) {
            let cuts = self.cuts.load(Ordering::Relaxed);
            println!("{} {of_what}, {cuts} power cuts so far", jobs.len());
        }
    }

    /// Plays jobs in order until there were as many cuts as are wanted.
    fn play_many(&self, request: &Request, job: impl Fn(u64) -> Job + Sync) {
        let (bar, next) = (bar(request.cuts, "power cuts"), AtomicU64::new(request.first));
        on_all_processors(|| {
            let mut player = Player::default();
            while bar.position() < request.cuts && !self.has_failed.load(Ordering::Relaxed) {
                self.play(&mut player, job(next.fetch_add(1, Ordering::Relaxed)), &bar);
            }
        });
        bar.finish_and_clear();
    }

    fn play(&self, player: &mut Player, job: Job, bar: &ProgressBar) {
        let on_cut = &mut |cuts| {
            self.cuts.fetch_add(cuts, Ordering::Relaxed);
            bar.inc(cuts);
        };
        let played = catch_unwind(AssertUnwindSafe(|| player.play(job, on_cut)));
        match played {
            Ok(Ok(tally)) => self.add(&tally),
            Ok(Err(why)) => self.fail(job, why),
            Err(_) => self.fail(job, "a panic: see above".to_owned()),
        }
    }

    fn add(&self, tally: &Tally) {
        self.calls.fetch_add(tally.calls, Ordering::Relaxed);
        self.flushes.fetch_add(tally.flushes, Ordering::Relaxed);
    }

    fn fail(&self, job: Job, why: String) {
        self.has_failed.store(true, Ordering::Relaxed);
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert((job, why));
        }
    }

    fn finish(self) -> ExitCode {
        println!(
            "{} power cuts, {} calls, {} flushes",
            self.cuts.into_inner(),
            self.calls.into_inner(),
            self.flushes.into_inner()
        );
        let failure = self.failure.into_inner().ok().flatten();
        let Some((job, why)) = failure else { return ExitCode::SUCCESS };
        println!("{why}\nto have it again: {}", job.command());
        ExitCode::FAILURE
    }
}
