//! What an operation will do, if nothing that it claims changes.

use super::{File, Model};
use crate::operation::{Change, FileNo, How, New, Operation, Place};
use abi::FileType;

/// One name, before and after.
#[derive(Clone, Debug)]
pub struct EntryChange {
    /// Which name.
    pub place: Place,
    /// What it leads to before.
    pub before: Option<FileNo>,
    /// And after.
    pub after: Option<FileNo>,
}

/// What an operation does to names and attributes.
#[derive(Clone, Debug, Default)]
pub struct Effect {
    /// Names that change, all or none of them.
    pub entries: Vec<EntryChange>,
    /// The file that is made.
    pub made: Option<(FileNo, File)>,
    /// The attributes that change.
    pub change: Option<(FileNo, Change)>,
}

impl Effect {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.change.is_none()
    }

    fn of_entry(place: &Place, before: Option<FileNo>, after: Option<FileNo>) -> Self {
        let entries = vec![EntryChange { place: place.clone(), before, after }];
        Self { entries, ..Self::default() }
    }
}

impl Model {
    /// What `operation` does; `None` if it will be refused.
    pub(super) fn predict(&self, operation: &Operation) -> Option<Effect> {
        match operation {
            Operation::Make { place, new, mode, file } => self.make(place, new, *mode, *file),
            Operation::Link { file, place } => self.link(*file, place),
            Operation::Remove(place) => {
                let file = self.lookup(place)??;
                let leaf = !self.file(file)?.is_directory();
                leaf.then(|| Effect::of_entry(place, Some(file), None))
            }
            Operation::RemoveDirectory(place) => {
                let file = self.lookup(place)??;
                self.is_empty_directory(file).then(|| Effect::of_entry(place, Some(file), None))
            }
            Operation::Rename(from, to) => self.rename(from, to),
            Operation::Write { file, .. } | Operation::Commit { file, .. } => {
                self.is_regular(*file).then(Effect::default)
            }
            Operation::SetAttributes { file, change } => self.set_attributes(*file, change),
        }
    }

    /// What a name leads to, if its directory is one.
    fn lookup(&self, (directory, name): &Place) -> Option<Option<FileNo>> {
        let directory = self.file(*directory).filter(|file| file.is_directory())?;
        Some(directory.entries.get(name).copied())
    }

    fn is_regular(&self, file: FileNo) -> bool {
        self.file(file).is_some_and(|file| file.file_type == FileType::Regular)
    }

    fn is_empty_directory(&self, file: FileNo) -> bool {
        self.file(file).is_some_and(|file| file.is_directory() && file.entries.is_empty())
    }

    fn make(&self, place: &Place, new: &New, mode: u32, number: FileNo) -> Option<Effect> {
        if let Some(file) = self.lookup(place)? {
            return self.use_existing(file, new);
        }
        let mut effect = Effect::of_entry(place, None, Some(number));
        effect.made = Some((number, new_file(new, mode)));
        if let New::Regular(How::Unchecked(Some(size_bytes))) = new
            && *size_bytes > 0
        {
            let change = Change { size_bytes: Some(*size_bytes), ..Change::default() };
            effect.change = Some((number, change));
        }
        Some(effect)
    }

    fn use_existing(&self, number: FileNo, new: &New) -> Option<Effect> {
        let file = self.file(number)?;
        match new {
            New::Regular(How::Exclusive(verifier)) => {
                (file.verifier == Some(*verifier)).then(Effect::default)
            }
            New::Regular(How::Unchecked(size_bytes)) if !file.is_directory() => {
                let Some(size) = *size_bytes else { return Some(Effect::default()) };
                let change = Change { size_bytes: Some(size), ..Change::default() };
                self.set_attributes(number, &change)
            }
            _ => None,
        }
    }

    fn link(&self, file: FileNo, place: &Place) -> Option<Effect> {
        let leaf = !self.file(file)?.is_directory();
        let is_free = self.lookup(place)?.is_none();
        (leaf && is_free).then(|| Effect::of_entry(place, None, Some(file)))
    }

    fn set_attributes(&self, file: FileNo, change: &Change) -> Option<Effect> {
        self.file(file)?;
        let fits = change.size_bytes.is_none() || self.is_regular(file);
        fits.then(|| Effect { change: Some((file, *change)), ..Effect::default() })
    }

    fn rename(&self, from: &Place, to: &Place) -> Option<Effect> {
        let (source, target) = (self.lookup(from)??, self.lookup(to)?);
        if target == Some(source) {
            return Some(Effect::default());
        }
        let own = [from.0, to.0];
        if own.contains(&source) || target.is_some_and(|target| own.contains(&target)) {
            return None;
        }
        let is_directory = self.file(source)?.is_directory();
        if let Some(target) = target {
            let fits = match is_directory {
                true => self.is_empty_directory(target),
                false => !self.file(target)?.is_directory(),
            };
            if !fits {
                return None;
            }
        }
        if is_directory && self.is_below(to.0, source) {
            return None;
        }
        let mut effect = Effect::of_entry(from, Some(source), None);
        effect.entries.extend(Effect::of_entry(to, target, Some(source)).entries);
        Some(effect)
    }
}

fn new_file(new: &New, mode: u32) -> File {
    let file_type = match new {
        New::Regular(_) => FileType::Regular,
        New::Directory => FileType::Directory,
        New::SymbolicLink(_) => FileType::SymbolicLink,
        New::Fifo => FileType::Fifo,
        New::Socket => FileType::Socket,
        New::CharacterDevice(_) => FileType::CharacterDevice,
        New::BlockDevice(_) => FileType::BlockDevice,
    };
    let mut file = File::new(file_type, mode);
    match new {
        New::Regular(How::Exclusive(verifier)) => {
            (file.mode, file.verifier) = (0, Some(*verifier));
        }
        New::SymbolicLink(target) => file.target.clone_from(target),
        New::CharacterDevice(device) | New::BlockDevice(device) => file.device = *device,
        _ => {}
    }
    file
}
