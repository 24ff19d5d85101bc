//! What each operation relies on nobody else to change.

use super::{Model, whole_sectors};
use crate::operation::{Claim, FileNo, How, New, Operation, Place};

impl Model {
    /// What `operation` claims, if it is made now.
    pub(super) fn claims(&self, operation: &Operation) -> Vec<Claim> {
        match operation {
            Operation::Make { place, new, .. } => self.claims_to_make(place, new),
            Operation::Link { file, place } => {
                let mut claims = self.entry(place, false);
                claims.push(Claim::File(*file, true));
                claims
            }
            Operation::Remove(place) | Operation::RemoveDirectory(place) => self.entry(place, true),
            Operation::Rename(from, to) => self.claims_to_rename(from, to),
            Operation::Write { file, offset_bytes, length_bytes, .. } => {
                let range = whole_sectors(*offset_bytes, u64::from(*length_bytes));
                vec![Claim::Range(*file, range.start, range.end)]
            }
            Operation::Commit { file, offset_bytes, length_bytes } => {
                let length = if *length_bytes == 0 { u64::MAX } else { u64::from(*length_bytes) };
                let range = whole_sectors(*offset_bytes, length);
                vec![Claim::Range(*file, range.start, range.end)]
            }
            Operation::SetAttributes { file, .. } => vec![Claim::File(*file, true)],
        }
    }

    fn at(&self, (directory, name): &Place) -> Option<FileNo> {
        self.file(*directory)?.entries.get(name).copied()
    }

    /// A name, the directory it is in as such, and what it leads to.
    fn entry(&self, place: &Place, with_file: bool) -> Vec<Claim> {
        let mut claims = vec![Claim::Entry(place.0, place.1.clone()), Claim::File(place.0, false)];
        let file = self.at(place).filter(|_| with_file);
        claims.extend(file.map(|file| Claim::File(file, true)));
        claims
    }

    fn claims_to_make(&self, place: &Place, new: &New) -> Vec<Claim> {
        let uses_it = matches!(new, New::Regular(How::Unchecked(_) | How::Exclusive(_)));
        self.entry(place, uses_it)
    }

    fn claims_to_rename(&self, from: &Place, to: &Place) -> Vec<Claim> {
        let mut claims = self.entry(from, true);
        claims.extend(self.entry(to, true));
        let moved = self.at(from).and_then(|file| self.file(file));
        if moved.is_none_or(super::File::is_directory) {
            claims.push(Claim::Tree);
        }
        // A directory may be named as its own new home: it excludes only others.
        claims.dedup();
        claims
    }
}
