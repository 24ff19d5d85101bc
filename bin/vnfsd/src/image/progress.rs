//! How far a copy has come, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};

const TEMPLATE: &str = "{bar:40} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, \
                        {eta} left";

/// A bar on standard error, or nothing.
pub struct Progress(ProgressBar);

impl Progress {
    /// Whether anybody would see a bar.
    pub fn wanted() -> bool {
        stderr().is_terminal()
    }

    /// A bar that ends at `total_bytes`; without one, nothing.
    pub fn new(total_bytes: Option<u64>) -> Self {
        let Some(total_bytes) = total_bytes else { return Self(ProgressBar::hidden()) };
        let bar = ProgressBar::new(total_bytes);
        match ProgressStyle::with_template(TEMPLATE) {
            Ok(style) => Self(bar.with_style(style)),
            Err(_) => Self(bar),
        }
    }

    /// So much more is done.
    pub fn add_bytes(&self, count_bytes: u64) {
        self.0.inc(count_bytes);
    }

    /// Takes the bar away while something else is printed.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
