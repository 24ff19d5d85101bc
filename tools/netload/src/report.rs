//! What is measured, and how it is said: one line of JSON.

use crate::processor;
use std::time::{Duration, Instant};

/// A stretch of time, with what everybody had taken when it began.
#[derive(Debug)]
pub struct Window {
    process: String,
    begun: Instant,
    server_ns: u64,
    client_ns: u64,
    machine_ticks: u64,
}

/// What was done in a window, and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Bytes, or calls.
    pub count: u64,
    /// How long the window was.
    pub seconds: f64,
    /// Processor time of the server.
    pub server_seconds: f64,
    /// Our own.
    pub client_seconds: f64,
    /// Of the whole machine, whoever it was for.
    pub machine_seconds: f64,
}

impl Window {
    /// Begins to measure; `process` is the server's number.
    pub fn begin(process: &str) -> Self {
        Self {
            process: process.to_owned(),
            begun: Instant::now(),
            server_ns: processor::time_ns(process),
            client_ns: processor::time_ns("self"),
            machine_ticks: processor::machine_ticks(),
        }
    }

    /// How long it has been.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Ends it.
    pub fn end(&self, count: u64) -> Measured {
        let seconds = |now_ns: u64, then_ns: u64| now_ns.saturating_sub(then_ns) as f64 / 1e9;
        Measured {
            count,
            seconds: self.elapsed().as_secs_f64(),
            server_seconds: seconds(processor::time_ns(&self.process), self.server_ns),
            client_seconds: seconds(processor::time_ns("self"), self.client_ns),
            machine_seconds: (processor::machine_ticks() - self.machine_ticks) as f64 / 100.0,
        }
    }
}

impl Measured {
    /// The line.
    pub fn to_json(&self) -> String {
        let Self { count, seconds, server_seconds, client_seconds, machine_seconds } = self;
        format!(
            "{{\"count\":{count},\"seconds\":{seconds},\"server_seconds\":{server_seconds},\
             \"client_seconds\":{client_seconds},\"machine_seconds\":{machine_seconds}}}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_all() {
        let measured = Window::begin("self").end(7);
        let line = measured.to_json();
        assert!(line.starts_with("{\"count\":7,\"seconds\":") && line.ends_with('}'), "{line}");
        assert!(measured.server_seconds >= 0.0 && measured.machine_seconds >= 0.0);
    }
}
