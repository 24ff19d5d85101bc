//! Every short sequence of operations over a few names, cut off at every moment.
//!
//! Mohan, Martinez, Ponnapalli, Raju and Chidambaram ("Finding Crash-Consistency Bugs with Bounded
//! Black-Box Crash Testing", OSDI 2018) found that most bugs that lose data need no more than
//! three operations on a small new file system, if each of them is made durable.

use crate::layouts::{Layout, Shape};
use crate::model::{File, Model};
use crate::operation::{Change, FileNo, How, New, Operation, Place, ROOT};
use crate::recording::{End, Ground, Settings, record};
use crate::scenario::Cuts;
use abi::{FileSystemId, FileType};
use sim::{Image, Luck};
use std::time::Duration;
use vfs::Stability;

/// An operation by names, which are looked up when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create(&'static str),
    CreateExclusive(&'static str),
    CreateTruncating(&'static str),
    MakeDirectory(&'static str),
    SymbolicLink(&'static str),
    Link(&'static str, &'static str),
    Remove(&'static str),
    RemoveDirectory(&'static str),
    Rename(&'static str, &'static str),
    Write(&'static str, u64, u32, Stability),
    Commit(&'static str),
    Truncate(&'static str, u64),
    Mode(&'static str),
}

/// What is there at the beginning: a file of some blocks, and a directory with a small one.
const SETUP: &[Step] = &[
    Step::Create("a"),
    Step::Write("a", 0, 9000, Stability::File),
    Step::MakeDirectory("d"),
    Step::Create("d/b"),
    Step::Write("d/b", 0, 700, Stability::File),
];

/// What sequences are made of.
const STEPS: &[Step] = &[
    Step::Create("c"),
    Step::CreateExclusive("d/c"),
    Step::CreateTruncating("a"),
    Step::MakeDirectory("c"),
    Step::MakeDirectory("d/e"),
    Step::SymbolicLink("c"),
    Step::Link("a", "c"),
    Step::Link("d/b", "c"),
    Step::Remove("a"),
    Step::Remove("d/b"),
    Step::RemoveDirectory("d"),
    Step::Rename("a", "c"),
    Step::Rename("a", "d/b"),
    Step::Rename("d/b", "a"),
    Step::Rename("d", "c"),
    Step::Rename("c", "d/c"),
    Step::Write("a", 8700, 6000, Stability::File),
    Step::Write("a", 100, 5000, Stability::Unstable),
    Step::Write("c", 0, 3000, Stability::Data),
    Step::Commit("a"),
    Step::Truncate("a", 0),
    Step::Truncate("a", 4500),
    Step::Truncate("d/b", 20_000),
    Step::Mode("a"),
];

/// How many sequences of this length there are.
pub fn count(length: u32) -> u64 {
    (STEPS.len() as u64).pow(length)
}

/// A file system that sequences begin with.
pub struct Beginning {
    layout: Layout,
    image: Image,
    model: Model,
    next_file: u32,
    next_version: u32,
}

/// Makes operations of steps.
struct Script<'a> {
    steps: &'a [Step],
    next_file: u32,
    next_version: u32,
}

impl Beginning {
    /// Sets one up.
    ///
    /// # Errors
    /// What went wrong, which should not.
    pub fn new(layout: Layout) -> Result<Self, String> {
        let image = layout.image(FileSystemId(77), Shape::small(1 << 20));
        let mut script = Script { steps: SETUP, next_file: 1, next_version: 1 };
        let settings = settings(SETUP.len());
        let luck = Luck::new(1);
        let next = &mut |model: &Model| script.next(model);
        let recording = record(Ground::Image(image), &Model::default(), &settings, &luck, next)?;
        let end = recording.tape.length();
        let cuts = Cuts::new(&recording, layout.logged, luck.fork());
        let recovered = cuts.at(&[end], &mut |_| {})?;
        let Script { next_file, next_version, .. } = script;
        Ok(Self { layout, image: recovered.image, model: recovered.model, next_file, next_version })
    }

    /// Runs the sequence of this number among those of a length, and cuts it off at every moment,
    /// or only at every `stride`-th. The number of cuts.
    ///
    /// # Errors
    /// The rule that was broken.
    pub fn run(&self, length: u32, number: u64, stride: usize) -> Result<u64, String> {
        let steps = steps(length, number);
        let mut script =
            Script { steps: &steps, next_file: self.next_file, next_version: self.next_version };
        let settings = settings(steps.len());
        let luck = Luck::new(number);
        let mut total = 0;
        let named =
            |why| format!("{}, sequence {number} of {length}, {steps:?}: {why}", self.layout);
        let next = &mut |model: &Model| script.next(model);
        let ground = Ground::Image(self.image.clone());
        let recording = record(ground, &self.model, &settings, &luck, next).map_err(named)?;
        let first = number as usize % stride;
        let end = recording.tape.length();
        let moments: Vec<_> = (first..end).step_by(stride).chain([end]).collect();
        let cuts = Cuts::new(&recording, self.layout.logged, luck.fork());
        cuts.at(&moments, &mut |cuts| total += cuts).map_err(named)?;
        Ok(total)
    }
}

fn settings(calls: usize) -> Settings {
    Settings {
        calls: calls as u32,
        depth: 1,
        disk_time: Duration::from_micros(100),
        cache_bytes: 1 << 20,
        end: End::Idle,
        fault: None,
    }
}

fn steps(length: u32, number: u64) -> Vec<Step> {
    let base = STEPS.len() as u64;
    let digit = |place| STEPS[(number / base.pow(place) % base) as usize];
    (0..length).rev().map(digit).collect()
}

impl Script<'_> {
    /// The next step that makes sense, once the one before has ended.
    fn next(&mut self, model: &Model) -> Option<Operation> {
        if model.under_way_count() > 0 {
            return None;
        }
        while let Some((step, rest)) = self.steps.split_first() {
            self.steps = rest;
            if let Some(operation) = self.operation(*step, model) {
                return Some(operation);
            }
        }
        None
    }

    fn operation(&mut self, step: Step, model: &Model) -> Option<Operation> {
        let at = |path| place(model, path);
        let file = |path| lookup(model, path);
        Some(match step {
            Step::Create(path) => self.make(at(path)?, New::Regular(How::Guarded)),
            Step::CreateExclusive(path) => {
                self.make(at(path)?, New::Regular(How::Exclusive(*b"verifier")))
            }
            Step::CreateTruncating(path) => {
                self.make(at(path)?, New::Regular(How::Unchecked(Some(0))))
            }
            Step::MakeDirectory(path) => self.make(at(path)?, New::Directory),
            Step::SymbolicLink(path) => {
                self.make(at(path)?, New::SymbolicLink("somewhere/".repeat(20)))
            }
            Step::Link(from, to) => Operation::Link { file: file(from)?, place: at(to)? },
            Step::Remove(path) => Operation::Remove(at(path)?),
            Step::RemoveDirectory(path) => Operation::RemoveDirectory(at(path)?),
            Step::Rename(from, to) => Operation::Rename(at(from)?, at(to)?),
            Step::Write(path, offset_bytes, length_bytes, stability) => {
                let file = regular(model, path)?;
                self.next_version += 1;
                let version = self.next_version;
                Operation::Write { file, offset_bytes, length_bytes, stability, version }
            }
            Step::Commit(path) => {
                Operation::Commit { file: regular(model, path)?, offset_bytes: 0, length_bytes: 0 }
            }
            Step::Truncate(path, size) => {
                let change = Change { size_bytes: Some(size), ..Change::default() };
                Operation::SetAttributes { file: regular(model, path)?, change }
            }
            Step::Mode(path) => {
                let change = Change { mode: Some(0o751), uid: Some(9), ..Change::default() };
                Operation::SetAttributes { file: file(path)?, change }
            }
        })
    }

    fn make(&mut self, place: Place, new: New) -> Operation {
        let file = FileNo(self.next_file);
        self.next_file += 1;
        Operation::Make { place, new, mode: 0o644, file }
    }
}

/// The directory of a path of at most two names, and the last of them.
fn place(model: &Model, path: &str) -> Option<Place> {
    match path.split_once('/') {
        None => Some((ROOT, path.to_owned())),
        Some((directory, name)) => {
            let directory = lookup(model, directory)?;
            Some((directory, name.to_owned()))
        }
    }
}

fn lookup(model: &Model, path: &str) -> Option<FileNo> {
    let (directory, name) = place(model, path)?;
    model.file(directory).filter(|file| file.is_directory())?.entries.get(&name).copied()
}

fn regular(model: &Model, path: &str) -> Option<FileNo> {
    let is_regular = |file: &File| file.file_type == FileType::Regular;
    lookup(model, path).filter(|&file| model.file(file).is_some_and(is_regular))
}
