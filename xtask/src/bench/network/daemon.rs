//! Programs that say `ready` when they are, and end when their standard input does.

use serde::Deserialize;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// One that runs. Dropped, it is killed.
pub struct Daemon {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Daemon {
    /// Starts a program and waits until it is ready.
    ///
    /// # Errors
    /// If it cannot be started, or ends before it is ready.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        let named = || format!("{} {}", program.display(), arguments.join(" "));
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|why| format!("{}: {why}", named()))?;
        let output = child.stdout.take().ok_or("a program without output")?;
        let mut daemon = Self { child, output: BufReader::new(output) };
        let mut line = String::new();
        match daemon.output.read_line(&mut line) {
            Ok(_) if line.contains("ready") => Ok(daemon),
            _ => Err(format!("{} is not ready: it says {line:?}", named())),
        }
    }

    /// Its process.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Lets it end, and returns what it says last.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn end(mut self) -> Result<String, String> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.output.read_to_string(&mut said).map_err(|why| format!("its last words: {why}"))?;
        Ok(said)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `netload` says of a run.
#[derive(Clone, Debug, Deserialize)]
pub struct Measured {
    /// Bytes, or calls.
    pub count: f64,
    /// How long it took.
    pub seconds: f64,
    /// Processor time of the server.
    pub server_seconds: f64,
    /// Processor time of its client.
    pub client_seconds: f64,
}
