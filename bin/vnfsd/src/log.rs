//! Log lines on standard error.

use crate::cli::LogLevel;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::filter::LevelFilter;

/// Whether lines tell when they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Those of a service do.
    Shown,
    /// Those of a command that somebody waits for need not.
    Hidden,
}

/// Sends every line of `level` and above to standard error.
pub fn start(level: LogLevel, times: Times) {
    let lines = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_max_level(filter(level))
        .with_target(false);
    match times {
        Times::Shown => lines.init(),
        Times::Hidden => lines.without_time().init(),
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}
