//! What must hold: the tree as its clients have been told it is, and the calls that have not ended.
//!
//! A call that has ended with success is durable, but for the data of unstable writes. A call under
//! way has happened or has not; its [`Claim`]s keep the others away from what it touches.

mod claims;
mod contents;
mod predict;

pub use contents::{Contents, SECTOR};
pub use predict::{Effect, EntryChange};

use crate::operation::{Change, Claim, FileNo, Operation, ROOT};
use crate::pattern::Origin;
use abi::{DeviceNumber, FileId, FileType};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use vfs::Stability;

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// What kind.
    pub file_type: FileType,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time in seconds and nanoseconds, where it is known.
    pub modified: Option<(u32, u32)>,
    /// The target of a symbolic link.
    pub target: String,
    /// The number of a device node.
    pub device: DeviceNumber,
    /// The verifier it was made with, as long as nothing has changed its times.
    pub verifier: Option<[u8; 8]>,
    /// What the server calls it, once that is known.
    pub id: Option<FileId>,
    /// How many names lead to it.
    pub names: u32,
    /// The names in a directory.
    pub entries: BTreeMap<String, FileNo>,
    /// What is in a regular file.
    pub contents: Contents,
}

impl File {
    /// A new file of the superuser's.
    pub fn new(file_type: FileType, mode: u32) -> Self {
        Self {
            file_type,
            mode,
            uid: 0,
            gid: 0,
            modified: None,
            target: String::new(),
            device: DeviceNumber::default(),
            verifier: None,
            id: None,
            names: 0,
            entries: BTreeMap::new(),
            contents: Contents::default(),
        }
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.file_type == FileType::Directory
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The file that the reply names.
    pub file: Option<FileId>,
    /// Bytes written.
    pub count_bytes: u32,
    /// How safely they were.
    pub stability: Stability,
    /// Whether nobody can know if it happened: the disk failed on the way.
    pub is_doubtful: bool,
}

/// A call under way.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// What was asked.
    pub operation: Operation,
    /// What it does, unless it is to be refused.
    pub effect: Option<Effect>,
    claims: Vec<Claim>,
    /// The size, when it began, of the file that it writes or commits.
    size_bytes: u64,
}

/// The tree, and what is being done to it.
#[derive(Clone, Debug)]
pub struct Model {
    files: BTreeMap<FileNo, Rc<File>>,
    under_way: BTreeMap<u32, UnderWay>,
}

impl Default for Model {
    /// A new file system.
    fn default() -> Self {
        let root = File { names: 1, ..File::new(FileType::Directory, 0o755) };
        let files = BTreeMap::from([(ROOT, Rc::new(root))]);
        Self { files, under_way: BTreeMap::new() }
    }
}

impl Model {
    /// A file, if it exists.
    pub fn file(&self, file: FileNo) -> Option<&File> {
        self.files.get(&file).map(|file| &**file)
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = (FileNo, &File)> {
        self.files.iter().map(|(&number, file)| (number, &**file))
    }

    /// A file that is known to exist, to be changed.
    fn change_file(&mut self, file: FileNo) -> Option<&mut File> {
        self.files.get_mut(&file).map(Rc::make_mut)
    }

    /// The calls under way.
    pub fn under_way(&self) -> impl Iterator<Item = &UnderWay> {
        self.under_way.values()
    }

    /// Whether a call under way should succeed.
    pub fn foresees_success(&self, number: u32) -> bool {
        self.under_way.get(&number).is_some_and(|call| call.effect.is_some())
    }

    /// Whether a reader of any file could tell `other` from this one.
    pub fn reads_like(&self, other: &Self) -> bool {
        let same = |(number, file): (FileNo, &File)| {
            let other = other.file(number);
            other.is_none_or(|other| other.contents.reads_like(&file.contents))
        };
        self.files().all(same)
    }

    /// How many calls are under way.
    pub fn under_way_count(&self) -> usize {
        self.under_way.len()
    }

    /// Whether a call's outcome could be foreseen if it were made now.
    pub fn is_free(&self, operation: &Operation) -> bool {
        let claims = self.claims(operation);
        let held = self.under_way.values().flat_map(|call| &call.claims);
        !held.into_iter().any(|held| claims.iter().any(|claim| claim.excludes(held)))
    }

    /// Does `operation` as it will be done by itself, files without the server's names for them.
    /// Whether it changes anything.
    pub fn imagine(&mut self, operation: &Operation) -> bool {
        let Some(effect) = self.predict(operation) else { return false };
        let changes = match operation {
            Operation::Write { .. } => true,
            Operation::Commit { file, .. } => {
                self.file(*file).is_some_and(|file| !file.contents.is_stable())
            }
            _ => !effect.is_empty(),
        };
        let (count_bytes, stability) = match operation {
            Operation::Write { length_bytes, stability, .. } => (*length_bytes, *stability),
            _ => (0, Stability::Unstable),
        };
        let outcome =
            Outcome { succeeded: true, file: None, count_bytes, stability, is_doubtful: false };
        self.start(0, operation);
        self.end(0, &outcome, false).is_ok() && changes
    }

    /// A call is made.
    pub fn start(&mut self, number: u32, operation: &Operation) {
        let effect = self.predict(operation);
        let claims = self.claims(operation);
        let size_bytes = match operation {
            Operation::Write { file, .. } | Operation::Commit { file, .. } => {
                self.file(*file).map_or(0, |it| it.contents.size_bytes())
            }
            _ => 0,
        };
        let call = UnderWay { operation: operation.clone(), effect, claims, size_bytes };
        self.under_way.insert(number, call);
    }

    /// A call has ended.
    ///
    /// # Errors
    /// If it should not have ended like this. Want of space is always an excuse for a refusal,
    /// and that a refused call changes nothing shows later.
    pub fn end(&mut self, number: u32, outcome: &Outcome, is_excused: bool) -> Result<(), String> {
        if outcome.is_doubtful {
            return Ok(());
        }
        let Some(call) = self.under_way.remove(&number) else {
            return Err(format!("call {number} has ended twice"));
        };
        match (outcome.succeeded, &call.effect) {
            (true, Some(effect)) => self.take_effect(&call, effect, outcome),
            (true, None) => Err(format!("{:?} succeeded, and should be refused", call.operation)),
            (false, Some(_)) if !is_excused => {
                Err(format!("{:?} was refused, and should succeed", call.operation))
            }
            (false, _) => Ok(()),
        }
    }

    fn take_effect(
        &mut self,
        call: &UnderWay,
        effect: &Effect,
        outcome: &Outcome,
    ) -> Result<(), String> {
        self.apply(effect);
        match &call.operation {
            Operation::Make { place, .. } => {
                let named = self.file(place.0).and_then(|it| it.entries.get(&place.1)).copied();
                named.map_or(Ok(()), |file| self.learn(file, outcome.file))?;
            }
            Operation::Write { file, .. } => self.end_write(*file, call, outcome)?,
            Operation::Commit { file, offset_bytes, length_bytes } => {
                let end = match *length_bytes {
                    0 => u64::MAX,
                    length => offset_bytes + u64::from(length),
                };
                let Some(it) = self.change_file(*file) else { return Ok(()) };
                it.contents.commit(*offset_bytes..end);
                it.contents.settle_size(call.size_bytes.min(end));
            }
            _ => {}
        }
        Ok(())
    }

    /// The server's name for a file never changes.
    fn learn(&mut self, file: FileNo, id: Option<FileId>) -> Result<(), String> {
        let Some(it) = self.change_file(file) else { return Ok(()) };
        if it.id.is_some() && id.is_some() && it.id != id {
            return Err(format!("{file} was {:?} and is {id:?}", it.id));
        }
        it.id = id.or(it.id);
        Ok(())
    }

    fn end_write(
        &mut self,
        file: FileNo,
        call: &UnderWay,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let operation = &call.operation;
        let Operation::Write { offset_bytes, length_bytes, stability, version, .. } = operation
        else {
            return Ok(());
        };
        let count = outcome.count_bytes;
        if count > *length_bytes || count == 0 || outcome.stability < *stability {
            return Err(format!("{operation:?} ended as {outcome:?}"));
        }
        let data = Origin { file: file.0, version: *version }.bytes(*offset_bytes, count as usize);
        let Some(it) = self.change_file(file) else { return Ok(()) };
        (it.modified, it.verifier) = (None, None);
        it.contents.write(*offset_bytes, &data, outcome.stability > Stability::Unstable);
        if outcome.stability == Stability::File {
            it.contents.settle_size(call.size_bytes);
        }
        Ok(())
    }

    /// What an operation does to names and attributes, done.
    pub fn apply(&mut self, effect: &Effect) {
        if let Some((number, made)) = &effect.made {
            self.files.insert(*number, Rc::new(made.clone()));
        }
        for change in &effect.entries {
            self.change_entry(change);
        }
        for gone in effect.entries.iter().filter_map(|change| change.before) {
            if self.file(gone).is_some_and(|file| file.names == 0) {
                self.files.remove(&gone);
            }
        }
        if let Some((file, change)) = &effect.change {
            self.change_attributes(*file, change);
        }
    }

    /// Makes one entry what it is after a change; counts of names follow.
    fn change_entry(&mut self, change: &EntryChange) {
        let (directory, name) = &change.place;
        let Some(it) = self.change_file(*directory) else { return };
        let before = match change.after {
            Some(after) => it.entries.insert(name.clone(), after),
            None => it.entries.remove(name),
        };
        for file in change.after.into_iter() {
            self.change_file(file).into_iter().for_each(|file| file.names += 1);
        }
        for file in before.into_iter() {
            self.change_file(file).into_iter().for_each(|file| file.names -= 1);
        }
    }

    fn change_attributes(&mut self, file: FileNo, change: &Change) {
        let Some(it) = self.change_file(file) else { return };
        it.mode = change.mode.unwrap_or(it.mode);
        it.uid = change.uid.unwrap_or(it.uid);
        it.gid = change.gid.unwrap_or(it.gid);
        if let Some(size_bytes) = change.size_bytes {
            (it.modified, it.verifier) = (None, None);
            it.contents.resize(size_bytes);
        }
        // A directory's time changes with its names.
        if change.modified.is_some() && !it.is_directory() {
            (it.modified, it.verifier) = (change.modified, None);
        }
    }

    /// What an operation under way does to data may be there already; without a log, the ends of
    /// files come off in steps.
    pub fn admit_data(&mut self, operation: &Operation, effect: &Effect, logged: bool) {
        if let Operation::Write { file, offset_bytes, length_bytes, version, .. } = operation {
            let origin = Origin { file: file.0, version: *version };
            let data = origin.bytes(*offset_bytes, *length_bytes as usize);
            let Some(it) = self.change_file(*file) else { return };
            (it.modified, it.verifier) = (None, None);
            it.contents.maybe_write(*offset_bytes, &data);
        }
        if let Some((file, Change { size_bytes: Some(size_bytes), .. })) = effect.change {
            let Some(it) = self.change_file(file) else { return };
            it.contents.maybe_resize(size_bytes, !logged);
        }
    }

    /// A file turned out to be called this and to hold exactly these bytes, all durable.
    pub fn adopt(&mut self, file: FileNo, id: FileId, bytes: Option<&[u8]>) {
        let Some(it) = self.change_file(file) else { return };
        it.id = Some(id);
        if let Some(bytes) = bytes {
            it.contents = Contents::exactly(bytes);
        }
    }

    /// Every byte is durable now.
    pub fn stabilize(&mut self) {
        for file in self.files.values_mut() {
            let contents = &mut Rc::make_mut(file).contents;
            contents.commit(0..u64::MAX);
            contents.settle_size(u64::MAX);
        }
    }

    /// Calls under way are forgotten: what became of them is known.
    pub fn forget_calls(&mut self) {
        self.under_way.clear();
    }

    /// Whether `directory` is `above` or lies somewhere below it.
    fn is_below(&self, directory: FileNo, above: FileNo) -> bool {
        let mut open = vec![above];
        while let Some(next) = open.pop() {
            if next == directory {
                return true;
            }
            let below = self.file(next).into_iter().flat_map(|file| file.entries.values());
            open.extend(below.filter(|&&file| self.file(file).is_some_and(File::is_directory)));
        }
        false
    }
}

/// The bytes that a range of a write or commit touches, to whole sectors.
fn whole_sectors(offset_bytes: u64, length_bytes: u64) -> Range<u64> {
    let end = offset_bytes.saturating_add(length_bytes);
    offset_bytes / SECTOR * SECTOR..end.checked_next_multiple_of(SECTOR).unwrap_or(u64::MAX)
}
