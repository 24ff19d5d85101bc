//! Starting the program and reading what it says.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

/// The program, with nothing to read.
pub fn vnfsd<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vnfsd"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn output<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    vnfsd(arguments).output().expect("the program can be started")
}

/// What it said on standard output.
pub fn text<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = output(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// What it said on standard error before it ended with `code`.
pub fn complaint<'a>(code: i32, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "errors are not output: {output:?}");
    String::from_utf8(output.stderr).expect("it prints text")
}

/// A server, from its ready line on.
pub struct Server {
    child: Child,
    /// The ready line.
    pub ready: String,
}

impl Server {
    /// Starts `vnfsd serve` and waits for its ready line.
    pub fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::ready(vnfsd(["serve"].into_iter().chain(arguments)))
    }

    /// Starts `vnfsd run` and waits for its ready line.
    pub fn run(file: &str) -> Self {
        Self::with(["run", file])
    }

    /// Starts what prints a ready line, and waits for that.
    pub fn with<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::ready(vnfsd(arguments))
    }

    fn ready(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut ready = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut ready).expect("the pipe can be read");
        Self { child, ready: ready.trim_end().to_owned() }
    }

    /// The port in its ready line.
    pub fn port(&self) -> u16 {
        let (_, rest) = self.ready.split_once("?nfsport=").expect("an address");
        let digits = rest.split('&').next().expect("a port");
        digits.parse().expect("a number")
    }

    /// Sends a signal that does not end it.
    pub fn tell(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Sends a signal; returns the exit code, if it was no signal that ended it, and what it said
    /// on standard error.
    pub fn end(self, signal: Signal) -> (Option<i32>, String) {
        self.tell(signal);
        self.ended()
    }

    /// The same of one that ends by itself.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        let mut said = String::new();
        let errors = self.child.stderr.as_mut().expect("a pipe");
        errors.read_to_string(&mut said).expect("the pipe can be read");
        (status.code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
