//! A peer that means ill: all that it says comes from an honest stack, and is twisted on its way out.
//!
//! It may say what it likes about itself. The host that hears it must not fall, must not hold more than
//! it may, must not be made to shout, and must be rid of it in the end.

use super::forge::{Forged, flags};
use super::plan::Plan;
use super::play::{Played, begin, nothing_is_left};
use super::station::Station;
use super::world::{Middle, World};
use abi::Instant;
use hyper::Clock;
use net::limits::RECEIVED_BYTES_MAX;
use sim::{Delivery, Luck, TcpFrame};
use std::time::Duration;

/// How long it lies.
const LIES: Duration = Duration::from_secs(60);

/// How long until all is over after everybody was told to go.
const END: Duration = Duration::from_secs(400);

/// Frames that its host may be made to send for each that it hears, and those that it sends in any
/// case, to say again what nobody acknowledges.
const ANSWERS_MAX: u64 = 3;
const FRAMES_ANYWAY: u64 = 5000;

/// How many bytes there are at least in segments that it can be made to send.
const TEXT_BYTES_MIN: u64 = 64;

/// Lies that are told about everything, for a whole scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Whatever comes to mind.
    Any,
    /// Everything has arrived already.
    Hasty,
    /// There is no room, or hardly any.
    Narrow,
    /// What arrived out of order.
    Holed,
    /// Other bytes in the same place.
    Contradicts,
    /// Segments as small as they can be said to be.
    Tiny,
}

const HABITS: [Habit; 6] =
    [Habit::Any, Habit::Hasty, Habit::Narrow, Habit::Holed, Habit::Contradicts, Habit::Tiny];

/// Plays the scenario of a seed; station 1 lies.
///
/// # Errors
/// The rule that was broken.
pub fn play_lied_to(seed: u64) -> Result<Played, String> {
    let mut plan = Plan::of_seed(seed);
    plan.way.deliveries = [Delivery::Plain; 2];
    let liar = Liar {
        habit: *plan.luck.pick(&HABITS),
        often: plan.luck.between(1, 20),
        luck: plan.luck.fork(),
    };
    let mut world = World::with_middle(&plan.way, Box::new(liar), &plan.luck);
    begin(&mut world, &plan.conversations);
    world.stations.iter_mut().for_each(Station::doubt);
    let start = world.clock.now();
    let mut held = Ok(());
    world.run(start + LIES, |world| {
        held = is_bounded(world);
        held.is_err()
    })?;
    held?;
    world.stations.iter_mut().for_each(Station::abort_all);
    let end = world.clock.now() + END;
    world.run(end, |_| false)?;
    nothing_is_left(&world)?;
    let frames = world.carried_frames();
    Ok(Played { conversations: plan.conversations.len() as u64, frames, ..Played::default() })
}

fn is_bounded(world: &World) -> Result<(), String> {
    let held = world.stations[0].stack.held();
    let said: u64 = world.stations[0].talks.values().map(|talk| talk.ledger.sent).sum();
    let [sent, heard] = world.sent_frames();
    if sent > ANSWERS_MAX * heard + said.div_ceil(TEXT_BYTES_MIN) + FRAMES_ANYWAY {
        return Err(format!("{sent} frames were sent, {heard} heard"));
    }
    if held.received_bytes > RECEIVED_BYTES_MAX {
        return Err(format!("{held:?}"));
    }
    Ok(())
}

struct Liar {
    habit: Habit,
    often: u64,
    luck: Luck,
}

impl Middle for Liar {
    fn frame(&mut self, to: usize, bytes: Vec<u8>, _: Instant) -> Vec<(usize, Vec<u8>)> {
        let lie = if to == 0 { self.lie(&bytes) } else { Vec::new() };
        if lie.is_empty() {
            vec![(to, bytes)]
        } else {
            lie.into_iter().map(|lie| (to, lie)).collect()
        }
    }
}

impl Liar {
    /// What leaves instead of a frame; nothing, if it is the truth.
    fn lie(&self, frame: &[u8]) -> Vec<Vec<u8>> {
        let Some(told) = Forged::after(frame) else { return Vec::new() };
        if told.flags() & flags::SYN != 0 {
            let is_tiny = self.habit == Habit::Tiny;
            return if is_tiny { vec![self.begin_tiny(told)] } else { Vec::new() };
        }
        if !self.luck.one_in(self.often) {
            return Vec::new();
        }
        let habit = match self.habit {
            Habit::Any => *self.luck.pick(&HABITS[1..5]),
            habit => habit,
        };
        match habit {
            Habit::Hasty => vec![self.hasty(told).done()],
            Habit::Narrow => vec![self.narrow(told).done()],
            Habit::Holed => vec![self.holed(frame, told)],
            Habit::Contradicts => self.contradict(told),
            Habit::Any | Habit::Tiny => Vec::new(),
        }
    }

    /// A SYN whose first option, its largest segment, is a small one.
    fn begin_tiny(&self, told: Forged) -> Vec<u8> {
        let mss = *self.luck.pick(&[0, 1, 8, 47, 100]);
        told.with_mss(mss).done()
    }

    fn hasty(&self, told: Forged) -> Forged {
        let more = self.luck.below(1 << self.luck.between(1, 31)) as u32;
        let ack = told.ack().wrapping_add(more);
        let window = self.luck.number() as u16;
        told.with_ack(ack).with_window(window)
    }

    fn narrow(&self, told: Forged) -> Forged {
        let window = *self.luck.pick(&[0, 0, 0, 1, 2, self.luck.number() as u16]);
        told.with_window(window)
    }

    /// With blocks of anything, near what is acknowledged, in place of all other options but
    /// timestamps.
    fn holed(&self, frame: &[u8], told: Forged) -> Vec<u8> {
        let ack = told.ack();
        let edge = || ack.wrapping_add(self.luck.below(1 << self.luck.between(1, 24)) as u32);
        let blocks: Vec<u8> = (0..6).flat_map(|_| edge().to_be_bytes()).collect();
        let timestamps =
            TcpFrame::of(frame).map_or(&[][..], |tcp| &frame[tcp.start + 20..tcp.text]);
        let kept = timestamps.get(..12).unwrap_or_default();
        told.with_options(&[kept, &[1, 1, 5, 26], &blocks].concat()).done()
    }

    /// The bytes, and others that overlap them.
    fn contradict(&self, told: Forged) -> Vec<Vec<u8>> {
        let shift = self.luck.below(3000) as u32;
        let text = vec![0xcc; self.luck.below(1400) as usize];
        let seq = match self.luck.one_in(2) {
            true => told.seq().wrapping_add(shift),
            false => told.seq().wrapping_sub(shift),
        };
        let more = if self.luck.one_in(10) { flags::FIN } else { 0 };
        let other = told.clone().with_flags(flags::ACK | more).with_text(&text).with_seq(seq);
        let mut both = vec![told.done(), other.done()];
        if self.luck.one_in(2) {
            both.reverse();
        }
        both
    }
}
