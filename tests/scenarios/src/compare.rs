//! What was found after a power cut, held against what must be there.

use crate::model::{Effect, EntryChange, File, Model};
use crate::observe::{Found, Tree};
use crate::operation::{Change, FileNo, Operation, Place, ROOT};
use abi::{FileId, FileType};
use std::collections::BTreeMap;

/// Where fsck puts what has lost its name. No workload uses this one.
const LOST_FOUND: &str = "lost+found";

/// How strictly operations under way are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rigour {
    /// Each has happened wholly or not at all.
    Atomic,
    /// Without a log a rename under way may leave both names, as fsck -p does.
    Ordered,
}

/// Whether `tree` is what may be found if the power is cut while things are as in `model`. The
/// model of what was found, everything of it durable and nothing under way.
///
/// # Errors
/// Which rule is broken, and where.
pub fn judge(model: &Model, tree: &Tree, rigour: Rigour) -> Result<Model, String> {
    let mut settled = model.clone();
    for call in model.under_way() {
        if let Some(effect) = &call.effect {
            settle(model, &mut settled, tree, &call.operation, effect, rigour)
                .map_err(|why| format!("{:?}, under way, {why}", call.operation))?;
        }
    }
    settled.forget_calls();
    let ids = Walk { model: &settled, tree, ids: BTreeMap::new() }.compare()?;
    for (file, id) in ids {
        let found = &tree.files[&id];
        let is_regular = found.attributes.file_type == FileType::Regular;
        settled.adopt(file, id, is_regular.then_some(&found.bytes));
    }
    Ok(settled)
}

/// Finds out whether an operation under way has happened, and if so lets it.
fn settle(
    model: &Model,
    settled: &mut Model,
    tree: &Tree,
    operation: &Operation,
    effect: &Effect,
    rigour: Rigour,
) -> Result<(), String> {
    settled.admit_data(operation, effect, rigour == Rigour::Atomic);
    let mut done = effect.entries.iter().map(|change| {
        let found = found_at(model, tree, &change.place);
        let is = |file: Option<FileNo>| match (file.map(|file| model.file(file)), found) {
            (None, found) => found.is_none(),
            // A file that the operation makes: anything that was not there before.
            (Some(None), found) => found.is_some(),
            (Some(Some(file)), found) => found.is_some() && found == file.id,
        };
        (is(change.before), is(change.after))
    });
    let names: Vec<(bool, bool)> = done.by_ref().collect();
    if names.iter().all(|(_, after)| *after) && !names.is_empty() {
        settled.apply(&Effect { change: None, ..effect.clone() });
        return settle_attributes(settled, tree, effect, true);
    }
    if names.iter().all(|(before, _)| *before) {
        return if names.is_empty() {
            settle_attributes(settled, tree, effect, false)
        } else {
            Ok(())
        };
    }
    if rigour == Rigour::Ordered && matches!(operation, Operation::Rename(..)) {
        return settle_rename(model, settled, tree, effect);
    }
    let described = effect.entries.iter().map(|change| {
        let id = |file: Option<FileNo>| file.and_then(|file| model.file(file)?.id);
        let found = found_at(model, tree, &change.place);
        format!("{found:?}, from {:?} to {:?}", id(change.before), id(change.after))
    });
    Err(format!("is half done: {:?}", described.collect::<Vec<_>>()))
}

/// Without a log a rename under way may leave both names, or of a directory one of the two, which
/// fsck chooses; then what the new one led to before is gone.
fn settle_rename(
    model: &Model,
    settled: &mut Model,
    tree: &Tree,
    effect: &Effect,
) -> Result<(), String> {
    let [from, to] = &effect.entries[..] else { return Err("has no two names".to_owned()) };
    let moved = from.before.and_then(|file| model.file(file));
    let id = moved.and_then(|file| file.id);
    let is_directory = moved.is_some_and(File::is_directory);
    let after = match [from, to].map(|change| found_at(model, tree, &change.place)) {
        [old, new] if old == id && new == id => to.after,
        [old, None] if old == id && is_directory => None,
        found => {
            return Err(format!("is half done: {found:?}, where {id:?} should be once or twice"));
        }
    };
    let entries = vec![EntryChange { after, ..to.clone() }];
    settled.apply(&Effect { entries, ..Effect::default() });
    Ok(())
}

/// The file that a name leads to.
fn found_at(model: &Model, tree: &Tree, (directory, name): &Place) -> Option<FileId> {
    let id = model.file(*directory)?.id?;
    tree.files.get(&id)?.entries.get(name).copied()
}

/// A change of attributes has happened if the file looks like after it.
fn settle_attributes(
    settled: &mut Model,
    tree: &Tree,
    effect: &Effect,
    is_new: bool,
) -> Result<(), String> {
    let Some((file, change)) = &effect.change else { return Ok(()) };
    let id = match is_new {
        true => effect.entries.first().and_then(|entry| found_at(settled, tree, &entry.place)),
        false => settled.file(*file).and_then(|file| file.id),
    };
    let found = id.and_then(|id| tree.files.get(&id));
    if found.is_some_and(|found| looks_like(found, change)) {
        settled.apply(&Effect { change: effect.change, ..Effect::default() });
    }
    Ok(())
}

fn looks_like(found: &Found, change: &Change) -> bool {
    let attributes = &found.attributes;
    change.mode.is_none_or(|mode| mode == attributes.mode)
        && change.uid.is_none_or(|uid| uid == attributes.uid)
        && change.gid.is_none_or(|gid| gid == attributes.gid)
        && change.size_bytes.is_none_or(|size| size == attributes.size_bytes)
        && change.modified.is_none_or(|time| time == modified(found))
}

fn modified(found: &Found) -> (u32, u32) {
    let time = found.attributes.modified;
    (time.seconds as u32, time.nanoseconds)
}

/// A walk through both trees at once.
struct Walk<'a> {
    model: &'a Model,
    tree: &'a Tree,
    /// What each file turned out to be.
    ids: BTreeMap<FileNo, FileId>,
}

impl Walk<'_> {
    fn compare(mut self) -> Result<BTreeMap<FileNo, FileId>, String> {
        let mut open = vec![(ROOT, self.tree.root, "/".to_owned())];
        while let Some((file, id, path)) = open.pop() {
            if self.ids.insert(file, id).is_some_and(|before| before != id) {
                return Err(format!("{path}: two names of {file} lead to different inodes"));
            }
            let below = self.compare_file(file, id).map_err(|why| format!("{path}: {why}"))?;
            open.extend(below.into_iter().map(|(file, id, name)| (file, id, path.clone() + &name)));
        }
        Ok(self.ids)
    }

    fn compare_file(
        &self,
        number: FileNo,
        id: FileId,
    ) -> Result<Vec<(FileNo, FileId, String)>, String> {
        let file = self.model.file(number).ok_or("a file that does not exist")?;
        let found = self.tree.files.get(&id).ok_or("a name that leads nowhere")?;
        if file.id.is_some_and(|known| known != id) {
            return Err(format!("{number} was {:?} and is {id:?}", file.id));
        }
        compare_attributes(file, found).map_err(|why| format!("{why}{}", self.names_of(id)))?;
        match file.file_type {
            FileType::Directory => return self.compare_names(file, found),
            FileType::Regular => {
                file.contents.check(&found.bytes).map_err(|why| format!("{number}: {why}"))?;
            }
            FileType::SymbolicLink if found.bytes != file.target.as_bytes() => {
                return Err(format!("it points to {:?}", String::from_utf8_lossy(&found.bytes)));
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Every name that leads to a file, for a complaint.
    fn names_of(&self, id: FileId) -> String {
        let all = self.tree.files.iter().flat_map(|(directory, found)| {
            let here = found.entries.iter().filter(move |(_, leads_to)| **leads_to == id);
            here.map(move |(name, _)| format!("; {name} in inode {}", directory.inode.0))
        });
        all.collect()
    }

    fn compare_names(
        &self,
        file: &File,
        found: &Found,
    ) -> Result<Vec<(FileNo, FileId, String)>, String> {
        let is_strange = |name: &&String| !file.entries.contains_key(*name) && *name != LOST_FOUND;
        if let Some(name) = found.entries.keys().find(is_strange) {
            return Err(format!("{name} is there and must not be"));
        }
        let child = |(name, number): (&String, &FileNo)| {
            let id = found.entries.get(name).ok_or(format!("{name} ({number}) is gone"))?;
            Ok((*number, *id, format!("/{name}")))
        };
        file.entries.iter().map(child).collect()
    }
}

fn compare_attributes(file: &File, found: &Found) -> Result<(), String> {
    let attributes = &found.attributes;
    let seen = (attributes.file_type, attributes.mode, attributes.uid, attributes.gid);
    let expected = (file.file_type, file.mode, file.uid, file.gid);
    if seen != expected {
        return Err(format!("type, mode, uid, gid are {seen:?}, not {expected:?}"));
    }
    if attributes.device != file.device {
        return Err(format!("its device is {:?}, not {:?}", attributes.device, file.device));
    }
    if !file.is_directory() && attributes.links != file.names {
        return Err(format!("it counts {} names, not {}", attributes.links, file.names));
    }
    if let Some(expected) = file.modified.filter(|&time| time != modified(found)) {
        return Err(format!("its time is {:?}, not {expected:?}", modified(found)));
    }
    Ok(())
}
