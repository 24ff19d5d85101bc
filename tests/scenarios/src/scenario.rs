//! Scenarios: rounds of work, each cut off at many moments and gone on with from one of them.

use crate::judge;
use crate::layouts::{Layout, Limits, Shape};
use crate::model::Model;
use crate::recording::{Discarded, End, Ground, Happening, Recording, Settings, record};
use crate::recovery::{Recovered, recover};
use crate::workload::{Style, Workload};
use abi::{Errno, FileSystemId};
use sim::{Fault, Image, Kind, Luck, Replay, Survivors, When};
use std::fmt;
use std::time::Duration;

/// Users and groups, so that limits are reached.
const FEW_OWNERS: u64 = 4;

/// What a seed stands for.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The image's layout.
    pub layout: Layout,
    /// The image's sizes.
    pub shape: Shape,
    /// What clients like to do.
    pub style: Style,
    /// How each round is made.
    pub settings: Settings,
    /// How many rounds there are.
    pub rounds: u32,
    /// Most moments of a round at which the power is cut; a shorter round is cut at all of them.
    pub moments: usize,
}

impl Plan {
    /// The plan of a seed: layouts take turns, the rest is luck.
    pub fn of_seed(seed: u64) -> Self {
        Self::of_layout(seed, Layout::numbered(seed))
    }

    /// The same with this layout.
    pub fn of_layout(seed: u64, layout: Layout) -> Self {
        let luck = Luck::new(seed);
        let style = *luck.pick(&Style::ALL);
        let settings = Settings {
            calls: if luck.one_in(5) { 800 } else { luck.between(10, 150) } as u32,
            depth: *luck.pick(&[1, 2, 4, 16]),
            disk_time: Duration::from_micros(*luck.pick(&[10, 500, 20_000])),
            cache_bytes: *luck.pick(&[256 << 10, 4 << 20]),
            end: *luck.pick(&[End::Abrupt, End::Idle, End::Stop]),
            fault: luck.one_in(6).then(|| fault(&luck)),
            rest_before: 0,
            discards: luck.one_in(4).then(|| *luck.pick(&[Discarded::Zeros, Discarded::Garbage])),
            rest_after: None,
        };
        let size_bytes = match style {
            Style::Full => luck.between(2, 4) << 19,
            _ if luck.one_in(4) => luck.between(20, 40) << 20,
            _ => luck.between(2, 6) << 20,
        };
        let limits = luck.one_in(4).then(|| limits(&luck));
        let shape = Shape { limits, ..Shape::of_luck(size_bytes, &luck) };
        Self { seed, layout, shape, style, settings, rounds: 3, moments: 40 }
    }
}

/// So little for each that a workload with few owners feels it.
fn limits(luck: &Luck) -> Limits {
    Limits { sectors: luck.between(16, 200), files: luck.between(2, 12) }
}

/// A disk that fails once, from some operation on, or now and then.
fn fault(luck: &Luck) -> Fault {
    let kind = *luck.pick(&[Kind::Read, Kind::Write, Kind::Write, Kind::Flush]);
    let number = luck.between(1, 60);
    let when = *luck.pick(&[When::Nth(number), When::From(number), When::OneIn(20 + number)]);
    let errno =
        if kind == Kind::Write { *luck.pick(&[Errno::Io, Errno::NoSpace]) } else { Errno::Io };
    Fault { kind, when, errno }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, layout, shape, style, settings, .. } = self;
        let Settings { calls, depth, disk_time, cache_bytes, fault, .. } = settings;
        let Shape { size_bytes, block_bytes, fragment_bytes, .. } = shape;
        write!(
            formatter,
            "seed {seed} ({layout}, {} KiB of {block_bytes}/{fragment_bytes}, {style:?}, {calls} \
             calls of which {depth} together, a disk of {disk_time:?}, a cache of {} KiB)",
            size_bytes >> 10,
            cache_bytes >> 10
        )?;
        let Settings { discards, .. } = settings;
        shape.limits.map_or(Ok(()), |limits| write!(formatter, ", {limits:?}"))?;
        discards.map_or(Ok(()), |what| write!(formatter, ", discarding to {what:?}"))?;
        fault.map_or(Ok(()), |fault| write!(formatter, ", {fault:?}"))
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Power cuts.
    pub cuts: u64,
    /// Calls of clients.
    pub calls: u64,
    /// Flushes of disks.
    pub flushes: u64,
    /// How often services that rest opened their images.
    pub openings: u64,
    /// How often they were moved.
    pub moves: u64,
    /// A number that differs if anything else happened.
    pub fingerprint: u64,
}

/// Runs the scenario of a plan; `on_cut` is told of every power cut.
///
/// # Errors
/// The rule that was broken, with all that is needed to find out why.
pub fn run(plan: &Plan, on_cut: &mut dyn FnMut(u64)) -> Result<Tally, String> {
    let luck = Luck::new(plan.seed);
    let id = FileSystemId(luck.number() >> 1);
    let mut image = plan.layout.image(id, plan.shape);
    let mut model = Model::default();
    let mut workload = Workload::new(plan.style, luck.fork());
    if plan.shape.limits.is_some() {
        workload = workload.with_owners(FEW_OWNERS);
    }
    let mut tally = Tally::default();
    for round in 1..=plan.rounds {
        let next = &mut |model: &Model| workload.next(model);
        let recording = record(Ground::Image(image), &model, &plan.settings, &luck, next)
            .map_err(|why| format!("{plan}, round {round}: {why}"))?;
        if plan.settings.end == End::Stop && plan.settings.fault.is_none() {
            stopped(&recording, plan.layout.logged)
                .map_err(|why| format!("{plan}, round {round}, stopped in order: {why}"))?;
        }
        tally.calls += recording.calls.len() as u64 / 2;
        tally.flushes += recording.flushes;
        tally.openings += recording.openings;
        tally.moves += recording.moves;
        tally.fingerprint = tally.fingerprint.rotate_left(1) ^ recording.fingerprint();
        let moments = moments(&recording, plan.moments, &luck);
        let recovered = Cuts::new(&recording, plan.layout.logged, luck.fork())
            .at(&moments, &mut |cuts| {
                tally.cuts += cuts;
                on_cut(cuts);
            })
            .map_err(|why| format!("{plan}, round {round}, {why}"))?;
        (image, model) = (recovered.image, recovered.model);
    }
    Ok(tally)
}

/// After an orderly end everything is there, stable or not, and fsck has nothing to replay.
fn stopped(recording: &Recording, logged: bool) -> Result<(), String> {
    let end = recording.tape.length();
    let mut cuts = Cuts::new(recording, logged, Luck::new(0));
    cuts.reach(end)?;
    let image = cuts.left(Survivors::None);
    judge::after_unmount(&image)?;
    let mut model = cuts.model.clone();
    model.stabilize();
    let recovered = recover(&image, &model, logged, &cuts.luck);
    recovered.map(drop).map_err(|why| format!("{why}\nthe calls before:\n{}", cuts.story()))
}

/// Some moments of a recording, or all if there are few, in order.
fn moments(recording: &Recording, count: usize, luck: &Luck) -> Vec<usize> {
    let length = recording.tape.length() + 1;
    if length <= count {
        return (0..length).collect();
    }
    let mut moments: Vec<_> = (0..count).map(|_| luck.index(length)).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// Calls that a report of a failure tells of.
const STORY_CALLS: usize = 20;

/// Power cuts of one recording, in the order of time.
pub struct Cuts<'a> {
    recording: &'a Recording,
    logged: bool,
    luck: Luck,
    replay: Replay<'a>,
    /// The model at the moment, and how many happenings are in it.
    model: Model,
    told: usize,
}

impl<'a> Cuts<'a> {
    /// At the recording's beginning.
    pub fn new(recording: &'a Recording, logged: bool, luck: Luck) -> Self {
        let (replay, model) = (recording.tape.replay(), recording.first.clone());
        Self { recording, logged, luck, replay, model, told: 0 }
    }

    /// Cuts the power at each of `moments`, which are in order. What came of one of the cuts.
    ///
    /// # Errors
    /// The rule that was broken.
    pub fn at(
        mut self,
        moments: &[usize],
        on_cut: &mut dyn FnMut(u64),
    ) -> Result<Recovered, String> {
        let chosen = self.luck.index(moments.len());
        let mut kept = None;
        for (index, &moment) in moments.iter().enumerate() {
            self.reach(moment)?;
            for survivors in self.policies() {
                let Some(recovered) = self.cut(moment, survivors)? else { continue };
                on_cut(recovered.cuts);
                if index <= chosen || kept.is_none() {
                    kept = Some(recovered);
                }
            }
        }
        kept.ok_or_else(|| "there is no moment to be cut off at".to_owned())
    }

    /// Two ways to lose, if there is anything to lose.
    fn policies(&self) -> Vec<Survivors> {
        match self.replay.at_risk() {
            0 => vec![Survivors::None],
            1 => vec![Survivors::None, Survivors::Any],
            _ => vec![Survivors::Any, *self.luck.pick(&Survivors::ALL)],
        }
    }

    /// Goes on to a later moment.
    ///
    /// # Errors
    /// If a call ended as it should not have.
    pub fn reach(&mut self, moment: usize) -> Result<(), String> {
        self.replay.reach(moment);
        while let Some((_, what)) =
            self.recording.calls.get(self.told).filter(|(at, _)| *at <= moment)
        {
            match what {
                Happening::Started(number, operation) => self.model.start(*number, operation),
                Happening::Ended(number, outcome, excused) => {
                    self.model.end(*number, outcome, *excused)?;
                }
            }
            self.told += 1;
        }
        Ok(())
    }

    /// What must hold at this moment.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What a power cut at this moment leaves.
    pub fn left(&self, survivors: Survivors) -> Image {
        self.replay.cut(survivors, &self.luck)
    }

    fn cut(&self, moment: usize, survivors: Survivors) -> Result<Option<Recovered>, String> {
        let luck = self.luck.fork();
        let image = self.replay.cut(survivors, &luck);
        recover(&image, &self.model, self.logged, &luck).map_err(|why| {
            let at_risk = self.replay.at_risk();
            let length = self.recording.tape.length();
            format!(
                "cut at {moment} of {length}, {survivors:?} of {at_risk} survive: {why}\n\
                 the disk before:\n{}\nthe calls before:\n{}",
                self.recording.tape.describe(moment.saturating_sub(24)..moment),
                self.story()
            )
        })
    }

    /// The last calls before the cut, and those under way.
    fn story(&self) -> String {
        let told = &self.recording.calls[..self.told];
        let last = told.iter().rev().take(STORY_CALLS).rev();
        let last: Vec<_> = last.map(|(at, what)| format!("  {at:6} {what:?}")).collect();
        let under_way: Vec<_> =
            self.model.under_way().map(|call| format!("  {:?}", call.operation)).collect();
        format!("{}\nunder way:\n{}", last.join("\n"), under_way.join("\n"))
    }
}
