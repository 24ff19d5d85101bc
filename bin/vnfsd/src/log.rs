//! Log lines on standard error.

use crate::cli::LogLevel;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::filter::LevelFilter;

/// Sends every line of `level` and above to standard error.
pub fn start(level: LogLevel) {
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_max_level(filter(level))
        .with_target(false)
        .init();
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
