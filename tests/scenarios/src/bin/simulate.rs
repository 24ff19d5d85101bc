//! Runs scenarios on all processors, shows how far they have come, and names the one that fails:
//! `cargo xtask sim`.

#![forbid(unsafe_code)]

use indicatif::{ProgressBar, ProgressStyle};
use scenarios::job::Job;
use scenarios::scenario::Tally;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const USAGE: &str =
    "usage: cargo xtask sim [--long | --cuts N] [--from N] [--seed N | --sequence N]
  --long        at least 100,000 power cuts
  --cuts N      at least so many (default 3000)
  --from N      begin with this job: another number, other scenarios
  --seed N      only this scenario, exactly as it was
  --sequence N  only this sequence, exactly as it was";

const CUTS: u64 = 3_000;
const LONG_CUTS: u64 = 100_000;

/// What the command line asks for.
struct Request {
    cuts: u64,
    first: u64,
    only: Option<Job>,
}

impl Request {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut request = Self { cuts: CUTS, first: 0, only: None };
        while let Some(flag) = arguments.next() {
            let mut number = || arguments.next()?.parse::<u64>().ok();
            match flag.as_str() {
                "--long" => request.cuts = LONG_CUTS,
                "--cuts" => request.cuts = number()?,
                "--from" => request.first = number()?,
                "--seed" => request.only = Some(Job::Scenario(number()?)),
                "--sequence" => request.only = Some(Job::Sequence(number()?)),
                _ => return None,
            }
        }
        Some(request)
    }
}

/// What all workers share.
struct Shared {
    cuts_wanted: u64,
    next: AtomicU64,
    cuts: AtomicU64,
    calls: AtomicU64,
    flushes: AtomicU64,
    has_failed: AtomicBool,
    failure: Mutex<Option<(Job, String)>>,
    bar: ProgressBar,
}

fn main() -> ExitCode {
    let Some(request) = Request::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let shared = Shared::new(&request);
    match request.only {
        Some(job) => shared.play(job),
        None => shared.play_all(),
    }
    shared.finish()
}

impl Shared {
    fn new(request: &Request) -> Self {
        let bar = ProgressBar::new(request.cuts);
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} power cuts, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            cuts_wanted: request.cuts,
            next: AtomicU64::new(request.first),
            cuts: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            has_failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            bar,
        }
    }

    fn play_all(&self) {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        while self.cuts.load(Ordering::Relaxed) < self.cuts_wanted
            && !self.has_failed.load(Ordering::Relaxed)
        {
            self.play(Job::numbered(self.next.fetch_add(1, Ordering::Relaxed)));
        }
    }

    fn play(&self, job: Job) {
        let on_cut = &mut |cuts| {
            self.cuts.fetch_add(cuts, Ordering::Relaxed);
            self.bar.inc(cuts);
        };
        let played = catch_unwind(AssertUnwindSafe(|| job.run(on_cut)));
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
        self.bar.finish_and_clear();
        let failure = self.failure.into_inner().ok().flatten();
        println!(
            "{} power cuts, {} calls, {} flushes",
            self.cuts.into_inner(),
            self.calls.into_inner(),
            self.flushes.into_inner()
        );
        let Some((job, why)) = failure else { return ExitCode::SUCCESS };
        println!("{why}\nto have it again: {}", job.command());
        ExitCode::FAILURE
    }
}
