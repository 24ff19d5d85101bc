//! Every short sequence of operations over a few names, cut off at every moment.
//!
//! Mohan, Martinez, Ponnapalli, Raju and Chidambaram ("Finding Crash-Consistency Bugs with Bounded
//! Black-Box Crash Testing", OSDI 2018) found that most bugs that lose data need no more than
//! three operations on a small new file system, if each of them is made durable.

mod alphabet;
mod catalogue;
mod script;

pub use catalogue::{all, is_one};

use crate::layouts::{Layout, Shape};
use crate::model::Model;
use crate::recording::{End, Ground, Happening, Recording, Settings, record};
use crate::scenario::Cuts;
use abi::FileSystemId;
use alphabet::SETUP;
use catalogue::steps;
use script::Script;
use sim::{Image, Luck};
use std::collections::BTreeSet;
use std::time::Duration;

/// A file system that sequences begin with.
pub struct Beginning {
    layout: Layout,
    image: Image,
    model: Model,
    script: Script<'static>,
}

impl Beginning {
    /// Sets one up.
    ///
    /// # Errors
    /// What went wrong, which should not.
    pub fn new(layout: Layout) -> Result<Self, String> {
        let image = layout.image(FileSystemId(77), Shape::small(1 << 20));
        let mut script = Script::new(SETUP);
        let settings = settings(SETUP.len());
        let luck = Luck::new(1);
        let next = &mut |model: &Model| script.next(model);
        let recording = record(Ground::Image(image), &Model::default(), &settings, &luck, next)?;
        let end = recording.tape.length();
        let cuts = Cuts::new(&recording, layout.logged, luck.fork());
        let recovered = cuts.at(&[end], &mut |_| {})?;
        Ok(Self { layout, image: recovered.image, model: recovered.model, script })
    }

    /// Runs the sequence of this number among those of a length, and cuts it off at every moment of
    /// its last step, or only at every `stride`-th. The number of cuts.
    ///
    /// # Errors
    /// The rule that was broken.
    pub fn run(&self, length: u32, number: u64, stride: usize) -> Result<u64, String> {
        let steps = steps(length, number);
        let named =
            |why| format!("{}, sequence {number} of {length}, {steps:?}: {why}", self.layout);
        let mut script = self.script.followed_by(&steps);
        // Every other time what came before the last step has reached its place on the disk.
        let rest_before = if number.is_multiple_of(2) { length } else { 0 };
        let settings = Settings { rest_before, ..settings(steps.len()) };
        let luck = Luck::new(number);
        let next = &mut |model: &Model| script.next(model);
        let ground = Ground::Image(self.image.clone());
        let recording = record(ground, &self.model, &settings, &luck, next).map_err(named)?;
        let moments = moments(&recording, length);
        let first = number as usize % stride;
        let last = moments.last().copied();
        let some = moments.into_iter().skip(first).step_by(stride).chain(last);
        let cuts = Cuts::new(&recording, self.layout.logged, luck.fork());
        let mut total = 0;
        cuts.at(&some.collect::<Vec<_>>(), &mut |cuts| total += cuts).map_err(named)?;
        Ok(total)
    }
}

/// The moments of the last of so many calls, and of all after it, at which a power cut may leave
/// something new. What is before is the end of shorter sequences.
fn moments(recording: &Recording, length: u32) -> Vec<usize> {
    let starts = |(_, what): &&(usize, Happening)| matches!(what, Happening::Started(number, _) if *number == length);
    let begin = recording.calls.iter().find(starts).filter(|_| length > 1);
    let begin = begin.map_or(0, |(position, _)| *position);
    let told: BTreeSet<_> = recording.calls.iter().map(|(position, _)| *position).collect();
    let end = recording.tape.length();
    let is_new = |&moment: &usize| {
        moment == end || told.contains(&moment) || !recording.tape.is_completion_before(moment)
    };
    (begin..=end).filter(is_new).collect()
}

fn settings(calls: usize) -> Settings {
    Settings {
        calls: calls as u32,
        depth: 1,
        disk_time: Duration::from_micros(100),
        cache_bytes: 1 << 20,
        end: End::Idle,
        fault: None,
        rest_before: 0,
        discards: None,
        rest_after: None,
    }
}
