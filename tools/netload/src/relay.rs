//! Frames from one end to the other and back, as a long, narrow or lossy path would carry them.
//!
//! One thread, whose time is the kernel's: with a timer slack of a nanosecond a wait is right to a
//! few microseconds. What is due within [`EARLY_NS`] leaves with what is due, so that a fast path
//! does not take a processor of its own. It ends when its standard input does, and says then what
//! became of frames.

mod end;
mod path;
mod tap;

pub use path::Terms;
pub use tap::hand_over;

use end::End;
use path::{Counts, Path};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::num::NonZeroU64;
use std::time::Instant;

/// How much earlier than its time a frame may arrive.
const EARLY_NS: u64 = 20_000;

/// Both directions of a path between two ends.
struct Relay {
    ends: [End; 2],
    /// Each from the end of the same number to the other one.
    paths: [Path; 2],
    started: Instant,
}

/// Carries frames until standard input ends.
///
/// # Errors
/// What could not be opened, or broke.
pub fn run(ends: [&str; 2], terms: Terms) -> Result<(), String> {
    let ends = [End::open(ends[0])?, End::open(ends[1])?];
    // The way back loses others.
    let back = Terms { seed: !terms.seed, ..terms };
    let paths = [Path::new(terms), Path::new(back)];
    let mut relay = Relay { ends, paths, started: Instant::now() };
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1))
        .map_err(|why| format!("timer slack: {why}"))?;
    println!("ready");
    let ended = relay.carry();
    let [forth, back] = relay.paths.each_ref().map(|path| said(path.counts()));
    println!("{{\"forth\":{forth},\"back\":{back}}}");
    ended.map_err(|why| format!("an end is over: {why}"))
}

fn said(counts: Counts) -> String {
    let Counts { frames, lost, overflowed } = counts;
    format!("{{\"frames\":{frames},\"lost\":{lost},\"overflowed\":{overflowed}}}")
}

impl Relay {
    fn carry(&mut self) -> io::Result<()> {
        loop {
            let [first, second, input] = self.wait()?;
            for (index, events) in [first, second].into_iter().enumerate() {
                if !events.is_empty() {
                    let (now_ns, path) = (self.now_ns(), &mut self.paths[index]);
                    self.ends[index].receive(|frame| path.send(frame, now_ns))?;
                }
            }
            self.deliver()?;
            if !input.is_empty() {
                return Ok(());
            }
        }
    }

    /// Until something arrives at an end, or is due at one.
    fn wait(&self) -> io::Result<[PollFlags; 3]> {
        let stdin = rustix::stdio::stdin();
        let wanted = |end: &End| {
            if end.is_behind() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN }
        };
        let [first, second] = &self.ends;
        let mut waits = [
            PollFd::from_borrowed_fd(first.descriptor(), wanted(first)),
            PollFd::from_borrowed_fd(second.descriptor(), wanted(second)),
            PollFd::from_borrowed_fd(stdin, PollFlags::IN),
        ];
        let timeout = self.paths.iter().filter_map(Path::next_at_ns).min().map(|at_ns| {
            let ns = at_ns.saturating_sub(self.now_ns());
            Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 }
        });
        poll(&mut waits, timeout.as_ref())?;
        Ok(waits.each_ref().map(PollFd::revents))
    }

    fn deliver(&mut self) -> io::Result<()> {
        let now_ns = self.now_ns() + EARLY_NS;
        for (index, path) in self.paths.iter_mut().enumerate() {
            let end = &mut self.ends[1 - index];
            while let Some(frame) = path.arrived(now_ns) {
                end.send(&frame)?;
            }
            end.flush()?;
        }
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }
}
