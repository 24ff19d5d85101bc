//! What is wrong with a file, and where.

use serde::Serialize;
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

/// Faults of one file that are told; whoever mended so many asks again.
pub const FAULTS_MAX: usize = 50;

/// Characters of a file's own text that a fault repeats.
const QUOTED_MAX: usize = 60;

/// One thing that is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The key, with the sections that it is in.
    pub key: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, key, expected, found } = self;
        write!(formatter, "{file}:{line}:{column}: ")?;
        if !key.is_empty() {
            write!(formatter, "{key}: ")?;
        }
        write!(formatter, "expected {expected}, found {found}")
    }
}

/// A place of the file: how many bytes are before it, and the key that is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct At {
    pub(crate) offset: usize,
    pub(crate) key: Rc<str>,
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) at: At,
}

/// The faults of a file so far: one for each place, and [`FAULTS_MAX`] at most.
pub(crate) struct Faults<'f> {
    file: &'f str,
    lines: Lines<'f>,
    told: HashSet<At>,
    list: Vec<(usize, Fault)>,
}

impl<'f> Faults<'f> {
    pub(crate) fn new(file: &'f str, text: &'f str) -> Self {
        let (told, list) = <_>::default();
        Self { file, lines: Lines::new(text), told, list }
    }

    /// Adds one, unless the place has one or there are too many.
    pub(crate) fn tell(&mut self, at: &At, expected: impl Into<String>, found: impl Into<String>) {
        if self.list.len() < FAULTS_MAX && self.told.insert(at.clone()) {
            let (line, column) = self.lines.place(at.offset);
            let (file, key) = (self.file.to_owned(), plain(&at.key));
            let (expected, found) = (expected.into(), found.into());
            self.list.push((at.offset, Fault { file, line, column, key, expected, found }));
        }
    }

    /// What a reader made of something, or the fault that it has.
    pub(crate) fn kept<T>(&mut self, at: &At, found: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|expected| self.tell(at, expected, found)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn line(&self, at: &At) -> usize {
        self.lines.place(at.offset).0
    }

    /// All, in the order of the file.
    pub(crate) fn into_list(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|(offset, _)| *offset);
        self.list.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// Where the lines of a text begin.
struct Lines<'f> {
    text: &'f str,
    starts: Vec<usize>,
}

impl<'f> Lines<'f> {
    fn new(text: &'f str) -> Self {
        let after_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_ends).collect() }
    }

    /// Line and column of what begins behind so many bytes, both from 1.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// Text of the file between quotation marks, harmless on a terminal, and not too long.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text))
}

fn plain(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: usize, key: &str) -> At {
        At { offset, key: key.into() }
    }

    #[test]
    fn places_are_counted_as_editors_do() {
        let lines = Lines::new("a = 1\nnaïve = 2\n\n");
        for (offset, place) in [(0, (1, 1)), (4, (1, 5)), (6, (2, 1)), (13, (2, 7)), (17, (3, 1))] {
            assert_eq!(lines.place(offset), place, "{offset}");
        }
        assert_eq!(lines.place(999), (4, 1));
        assert_eq!(Lines::new("").place(0), (1, 1));
    }

    #[test]
    fn a_place_has_one_fault_and_they_stand_in_order() {
        let mut faults = Faults::new("f", "ab\nc");
        faults.tell(&at(3, "y"), "one", "two");
        faults.tell(&at(3, "y"), "more", "less");
        faults.tell(&at(0, "x"), "a", "b");
        let told: Vec<String> = faults.into_list().iter().map(Fault::to_string).collect();
        assert_eq!(told, ["f:1:1: x: expected a, found b", "f:2:1: y: expected one, found two"]);
    }

    #[test]
    fn there_is_an_end_to_faults() {
        let mut faults = Faults::new("f", "");
        (0..1000).for_each(|offset| faults.tell(&at(offset, "x"), "a", "b"));
        assert_eq!(faults.into_list().len(), FAULTS_MAX);
    }

    #[test]
    fn quoted_text_is_harmless() {
        assert_eq!(quoted("a\u{1b}[31m\"\u{202e}"), "\"a\\u{1b}[31m\\\"\\u{202e}\"");
        assert_eq!(quoted(&"x".repeat(100)).len(), 65);
    }
}
