//! How far each phase has come, on a terminal only.

use ffscheck::fsck::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};

const TEMPLATE: &str = "{prefix:>8}  {msg:<18} {bar:40} {percent}%";

/// A bar on standard error, or nothing.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar, if anybody would see it.
    pub fn new() -> Self {
        if !stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(1);
        match ProgressStyle::with_template(TEMPLATE) {
            Ok(style) => Self(bar.with_style(style)),
            Err(_) => Self(bar),
        }
    }

    /// Shows the current phase.
    pub fn show(&self, progress: &Progress) {
        if self.0.is_hidden() {
            return;
        }
        self.0.set_prefix(format!("phase {}", progress.phase.number()));
        self.0.set_message(progress.phase.title());
        self.0.set_length(progress.total.max(1));
        self.0.set_position(progress.done);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
