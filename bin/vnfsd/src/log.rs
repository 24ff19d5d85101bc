//! Log lines on standard error.

use crate::cli::LogLevel;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;

/// Whether lines tell when they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Those of a service do.
    Shown,
    /// Those of a command that somebody waits for need not.
    Hidden,
}

/// The least important lines that are told, which can be changed.
#[derive(Clone)]
pub struct Level(Handle<LevelFilter, Registry>);

impl Level {
    /// What it is.
    pub fn get(&self) -> LogLevel {
        let level = self.0.clone_current().unwrap_or(LevelFilter::OFF);
        let known = LEVELS.into_iter().find(|known| filter(*known) == level);
        known.unwrap_or(LogLevel::Off)
    }

    /// Changes it, from the next line on.
    pub fn set(&self, level: LogLevel) {
        // The log lives as long as the process.
        let _ = self.0.reload(filter(level));
    }
}

const LEVELS: [LogLevel; 5] =
    [LogLevel::Off, LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];

/// Sends every line of `level` and above to standard error.
pub fn start(level: LogLevel, times: Times) -> Level {
    let (filter, handle) = reload::Layer::new(filter(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    match times {
        Times::Shown => registry.with(lines).init(),
        Times::Hidden => registry.with(lines.without_time()).init(),
    }
    Level(handle)
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
