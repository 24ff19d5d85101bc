//! A log that is kept in memory.

use hyper::{Level, Log};
use std::cell::RefCell;
use std::fmt;

/// Collects every line, so that a test can ask what was said.
#[derive(Debug, Default)]
pub struct LogBook(RefCell<Vec<(Level, String)>>);

impl LogBook {
    /// Every line so far with its level, the room that said it in front.
    pub fn lines(&self) -> Vec<(Level, String)> {
        self.0.borrow().clone()
    }

    /// The lines of this level, or of a worse one, one below the other.
    pub fn at_least(&self, level: Level) -> String {
        let lines = self.0.borrow();
        let lines = lines.iter().filter(|(of, _)| *of <= level).map(|(_, line)| line.as_str());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Log for LogBook {
    fn log(&self, level: Level, room: &'static str, line: fmt::Arguments<'_>) {
        self.0.borrow_mut().push((level, format!("{room}: {line}")));
    }
}
