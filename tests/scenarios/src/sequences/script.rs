//! Sequences of steps as calls of a client.

use super::alphabet::Step;
use crate::model::{File, Model};
use crate::operation::{Change, FileNo, How, New, Operation, Place, ROOT};
use abi::FileType;

/// Makes operations of steps.
#[derive(Clone)]
pub struct Script<'a> {
    steps: &'a [Step],
    next_file: u32,
    next_version: u32,
}

impl Script<'_> {
    /// These steps, in a new world.
    pub fn new(steps: &[Step]) -> Script<'_> {
        Script { steps, next_file: 1, next_version: 1 }
    }

    /// Other steps, in the world as it is after these.
    pub fn followed_by<'b>(&self, steps: &'b [Step]) -> Script<'b> {
        Script { steps, ..*self }
    }

    /// The next step that makes sense, once the one before has ended.
    pub fn next(&mut self, model: &Model) -> Option<Operation> {
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

    /// What a step is at this moment, if what it names is there.
    pub fn operation(&mut self, step: Step, model: &Model) -> Option<Operation> {
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
            Step::Fifo(path) => self.make(at(path)?, New::Fifo),
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
