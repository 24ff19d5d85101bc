//! A program whose system calls are written down.

use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use suite::process;
use suite::server::Server;
use tempfile::TempDir;

/// Where the calls are written.
pub struct Traced {
    folder: TempDir,
}

impl Traced {
    /// Nothing is written yet.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    /// A command that runs `program` and writes down its calls.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = process::command("strace");
        command.args(self.arguments()).arg(program);
        command
    }

    /// Arguments of strace(1), before the program: every call of every thread.
    pub fn arguments(&self) -> Vec<OsString> {
        let words = ["-f", "-o"];
        words.into_iter().map(Into::into).chain([self.file().into_os_string()]).collect()
    }

    /// Stops the program as an administrator would; the tracer ends with it.
    pub fn end(&self, server: Server) {
        let calls = self.calls();
        let first = calls.split_whitespace().next().and_then(|number| number.parse().ok());
        let process = first.and_then(Pid::from_raw).expect("each line begins with a process");
        kill_process(process, Signal::TERM).expect("it runs");
        let ended = server.refusal();
        assert_eq!(ended.code, Some(0), "{}", ended.errors);
    }

    fn calls(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.file()).expect("a file of calls")).into_owned()
    }

    /// Fails if the program asked for anything that it was refused.
    ///
    /// # Panics
    /// If it did, or was not confined.
    pub fn assert_nothing_refused(&self) {
        let calls = self.calls();
        let is_filter = |line: &&str| line.contains("seccomp(SECCOMP_SET_MODE_FILTER");
        let filters = calls.lines().filter(is_filter).count();
        assert_eq!(filters, 3, "two filters at its beginning, and one when the workers are there");
        let begin = calls.find("SECCOMP_SET_MODE_FILTER").expect("it was just counted");
        let is_refused = |line: &&str| line.contains(" EPERM ") || line.contains(" EACCES ");
        let refused: Vec<_> = calls[begin..].lines().filter(is_refused).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }
}
