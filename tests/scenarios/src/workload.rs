//! What clients do: operations drawn by luck, in proportions that make things happen.

use crate::model::{File, Model};
use crate::operation::{Change, FileNo, How, New, Operation, Place};
use abi::{DeviceNumber, FileType};
use sim::Luck;
use vfs::Stability;

/// What a workload has a liking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Of everything something.
    Mixed,
    /// Names: made, moved, linked and removed in a few directories.
    Names,
    /// Data: overlapping writes, truncation, commits.
    Data,
    /// Large files, until nothing fits any more, and their removal.
    Full,
    /// One directory with very many names.
    Crowd,
}

impl Style {
    /// All styles.
    pub const ALL: [Self; 5] = [Self::Mixed, Self::Names, Self::Data, Self::Full, Self::Crowd];
}

/// A source of operations.
pub struct Workload {
    luck: Luck,
    style: Style,
    /// How many users and groups there are.
    owners: u64,
    next_file: u32,
    next_version: u32,
}

/// Tries to find an operation that those under way leave free.
const TRIES: usize = 20;

/// Most files, so that a check stays short.
const FILES_MAX: usize = 60;
/// The same for a crowd.
const CROWD_MAX: usize = 400;

impl Workload {
    /// A workload of this style.
    pub fn new(style: Style, luck: Luck) -> Self {
        Self { luck, style, owners: 1000, next_file: 1, next_version: 1 }
    }

    /// The same with so many users and groups.
    pub fn with_owners(self, owners: u64) -> Self {
        Self { owners, ..self }
    }

    /// The next operation, if there is one whose outcome can be foreseen.
    pub fn next(&mut self, model: &Model) -> Option<Operation> {
        for _ in 0..TRIES {
            let drawn = self.draw(model);
            if let Some(operation) = drawn.filter(|operation| model.is_free(operation)) {
                return Some(operation);
            }
        }
        None
    }

    /// Proportions: make, link, remove, remove directory, rename, write, commit, set attributes.
    fn proportions(&self) -> [u64; 8] {
        match self.style {
            Style::Mixed => [20, 5, 10, 5, 15, 25, 6, 14],
            Style::Names => [35, 10, 15, 10, 30, 4, 0, 4],
            Style::Data => [8, 1, 3, 0, 2, 55, 12, 19],
            Style::Full => [15, 1, 12, 1, 3, 60, 4, 6],
            Style::Crowd => [60, 5, 20, 1, 10, 3, 0, 2],
        }
    }

    fn draw(&mut self, model: &Model) -> Option<Operation> {
        let proportions = self.proportions();
        let mut at = self.luck.below(proportions.iter().sum());
        let kind = proportions.iter().position(|&share| {
            let hit = at < share;
            at = at.saturating_sub(share);
            hit
        })?;
        match kind {
            0 => self.make(model),
            1 => Some(Operation::Link {
                file: self.some_file(model, |file| !file.is_directory() || file.names > 1)?,
                place: self.place(model),
            }),
            2 => Some(Operation::Remove(self.taken_place(model)?)),
            3 => Some(Operation::RemoveDirectory(self.taken_place(model)?)),
            4 => Some(Operation::Rename(self.taken_place(model)?, self.target(model)?)),
            5 => self.write(model),
            6 => self.commit(model),
            _ => self.set_attributes(model),
        }
    }

    fn some_file(&self, model: &Model, wanted: impl Fn(&File) -> bool) -> Option<FileNo> {
        let files = model.files().filter(|(_, file)| file.id.is_some() && wanted(file));
        let files: Vec<_> = files.map(|(number, _)| number).collect();
        (!files.is_empty()).then(|| *self.luck.pick(&files))
    }

    fn directory(&self, model: &Model) -> FileNo {
        let prefers_root = self.style == Style::Crowd && !self.luck.one_in(8);
        let found = self.some_file(model, File::is_directory).filter(|_| !prefers_root);
        found.unwrap_or(crate::operation::ROOT)
    }

    fn name(&self) -> String {
        match self.style {
            Style::Crowd => format!("one-of-very-many-names-{:04}", self.luck.below(900)),
            _ if self.luck.one_in(12) => {
                "long".repeat(1 + self.luck.index(60)) + &self.luck.below(3).to_string()
            }
            _ => char::from(b'a' + self.luck.below(9) as u8).to_string(),
        }
    }

    fn place(&self, model: &Model) -> Place {
        (self.directory(model), self.name())
    }

    /// A name that is there.
    fn taken_place(&self, model: &Model) -> Option<Place> {
        let directory = self.some_file(model, |file| !file.entries.is_empty())?;
        let names: Vec<_> = model.file(directory)?.entries.keys().collect();
        Some((directory, (*self.luck.pick(&names)).clone()))
    }

    /// Where a rename goes: often over something.
    fn target(&self, model: &Model) -> Option<Place> {
        if self.luck.one_in(3) { self.taken_place(model) } else { Some(self.place(model)) }
    }

    fn make(&mut self, model: &Model) -> Option<Operation> {
        let files_max = if self.style == Style::Crowd { CROWD_MAX } else { FILES_MAX };
        if model.files().count() + model.under_way_count() > files_max {
            return None;
        }
        let place = self.place(model);
        let new = self.new_thing();
        let mode = *self.luck.pick(&[0o644, 0o600, 0o755, 0o4711, 0o1777, 0]);
        let file = FileNo(self.next_file);
        self.next_file += 1;
        Some(Operation::Make { place, new, mode, file })
    }

    fn new_thing(&self) -> New {
        let device = DeviceNumber { major: 5, minor: self.luck.below(200) as u32 };
        match self.luck.below(24) {
            0..=4 => New::Regular(How::Guarded),
            5..=8 => New::Regular(How::Unchecked(None)),
            9 => New::Regular(How::Unchecked(Some(0))),
            10 => New::Regular(How::Unchecked(Some(self.luck.below(20_000)))),
            11..=13 => New::Regular(How::Exclusive(self.luck.number().to_be_bytes())),
            14..=18 => New::Directory,
            19 => New::SymbolicLink("short".to_owned()),
            20 => New::SymbolicLink("long/".repeat(1 + self.luck.index(200))),
            21 => New::Fifo,
            22 => New::Socket,
            _ if self.luck.one_in(2) => New::CharacterDevice(device),
            _ => New::BlockDevice(device),
        }
    }

    fn regular(&self, model: &Model) -> Option<FileNo> {
        self.some_file(model, |file| file.file_type == FileType::Regular)
    }

    /// Small, near the edge of a block, at the end of the direct blocks, or far out.
    fn offset(&self, size_bytes: u64) -> u64 {
        let luck = &self.luck;
        let edge = |block: u64| (block * 4096).saturating_add(luck.below(1025)).saturating_sub(512);
        match luck.below(20) {
            0..=4 => size_bytes,
            5..=8 => luck.below(size_bytes + 1),
            9..=12 => luck.below(6000),
            13..=16 => edge(luck.between(1, 4)),
            17 => edge(luck.between(11, 14)),
            18 => luck.below(65536),
            _ if luck.one_in(8) => edge(12 + 512 + luck.below(4)),
            _ => 0,
        }
    }

    fn length(&self) -> u64 {
        let luck = &self.luck;
        let large = self.style == Style::Full;
        match luck.below(12) {
            0 => luck.between(1, 20),
            1..=4 => luck.between(1, 2000),
            5..=6 => 512 * luck.between(1, 8),
            7..=8 => 4096 * luck.between(1, 3),
            9 if large => 65536,
            _ if large => luck.between(1, 40_000),
            _ => luck.between(1, 9000),
        }
    }

    fn write(&mut self, model: &Model) -> Option<Operation> {
        let file = self.regular(model)?;
        let offset_bytes = self.offset(model.file(file)?.contents.size_bytes());
        let stability = match self.luck.below(10) {
            0..=5 => Stability::Unstable,
            6..=7 => Stability::Data,
            _ => Stability::File,
        };
        let (version, length_bytes) = (self.next_version, self.length() as u32);
        self.next_version += 1;
        Some(Operation::Write { file, offset_bytes, length_bytes, stability, version })
    }

    fn commit(&self, model: &Model) -> Option<Operation> {
        let file = self.regular(model)?;
        let size = model.file(file)?.contents.size_bytes();
        let whole = self.luck.one_in(2);
        let offset_bytes = if whole { 0 } else { self.luck.below(size + 1) };
        let length_bytes = if whole { 0 } else { self.luck.between(1, 8192) as u32 };
        Some(Operation::Commit { file, offset_bytes, length_bytes })
    }

    fn set_attributes(&self, model: &Model) -> Option<Operation> {
        let luck = &self.luck;
        let truncates = luck.one_in(2);
        let file = match truncates {
            true => self.regular(model)?,
            false => self.some_file(model, |_| true)?,
        };
        let size = model.file(file)?.contents.size_bytes();
        let mut change = Change::default();
        if truncates {
            change.size_bytes = Some(match luck.below(6) {
                0 => 0,
                1..=3 => luck.below(size + 1),
                4 => size + luck.below(10_000),
                _ => self.offset(size),
            });
        }
        if !truncates || luck.one_in(4) {
            // Without set-group-id: what is made in such a directory is not what was asked for.
            change.mode = Some(luck.below(0o10000) as u32 & !0o2000);
            change.uid = luck.one_in(3).then(|| luck.below(self.owners) as u32);
            change.gid = luck.one_in(3).then(|| luck.below(self.owners) as u32);
            change.modified = luck.one_in(3).then(|| (luck.below(1 << 31) as u32, 7000));
        }
        Some(Operation::SetAttributes { file, change })
    }
}
