//! The host's log: `tracing`, with the service's name and the room on every line.

use core::fmt;
use hyper::{Level, Log};
use std::rc::Rc;

/// The log of one service.
#[derive(Clone, Debug)]
pub struct HostLog {
    service: Rc<str>,
}

impl HostLog {
    /// A log whose lines carry this service's name.
    pub fn new(service: &str) -> Self {
        Self { service: service.into() }
    }
}

impl Log for HostLog {
    fn log(&self, level: Level, room: &'static str, line: fmt::Arguments<'_>) {
        let service = &*self.service;
        match level {
            Level::Error => tracing::error!(service, room, "{line}"),
            Level::Warning => tracing::warn!(service, room, "{line}"),
            Level::Information => tracing::info!(service, room, "{line}"),
            Level::Debug => tracing::debug!(service, room, "{line}"),
        }
    }
}
