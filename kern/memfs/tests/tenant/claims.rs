//! Judges whether VFS keeps its side of the contract: a file that is being changed is nobody
//! else's, and one that is being looked at does not change.

use abi::FileId;
use std::cell::RefCell;
use std::collections::BTreeMap;

const CHANGING: i32 = -1;

/// How many methods look at a file at the moment, or that one changes it.
#[derive(Default)]
pub struct Claims(RefCell<BTreeMap<FileId, i32>>);

/// Until it is dropped, a method is at work on these files.
pub struct Claim<'a> {
    claims: &'a Claims,
    files: Vec<FileId>,
}

impl Claims {
    pub fn look(&self, file: FileId) -> Claim<'_> {
        let mut claims = self.0.borrow_mut();
        let count = claims.entry(file).or_insert(0);
        assert_ne!(*count, CHANGING, "{file:?} is looked at while it changes");
        *count += 1;
        Claim { claims: self, files: vec![file] }
    }

    pub fn change(&self, files: &[FileId]) -> Claim<'_> {
        let mut files = files.to_vec();
        files.sort();
        files.dedup();
        for &file in &files {
            let before = self.0.borrow_mut().insert(file, CHANGING);
            assert_eq!(before, None, "{file:?} changes while others are at work on it");
        }
        Claim { claims: self, files }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claims = self.claims.0.borrow_mut();
        for file in &self.files {
            match claims.get_mut(file) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(claims.remove(file)),
            }
        }
    }
}
