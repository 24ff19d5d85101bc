//! One running `vnfsd serve` or `vnfsd run`, from its ready line to its clean end.

use crate::process;
use crate::program::vnfsd;
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long to wait for anything that should take milliseconds: generous, as the machine may be
/// busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Where NFS is expected.
const NFS_PORT: u16 = 2049;

/// How the host's sockets are driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// io_uring.
    Uring,
    /// epoll or kqueue.
    Poll,
}

impl Backend {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Uring, Self::Poll];

    /// The argument of `--backend`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uring => "uring",
            Self::Poll => "poll",
        }
    }
}

/// A server that did not start, or could not go on.
#[derive(Debug)]
pub struct Refusal {
    /// Its exit code; `None` if it was ended by a signal.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub errors: String,
}

/// A running server. Dropping it stops it, and fails if it did not stop cleanly.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    port: u16,
    ready: String,
    folder: TempDir,
}

impl Server {
    /// Serves an image.
    pub fn image(image: &Path, backend: Backend) -> Self {
        Self::start([image.as_os_str()], backend)
    }

    /// Serves an empty memory file system, such as `"64M"`.
    pub fn memory(size: &str, backend: Backend) -> Self {
        Self::start(["--memory", size], backend)
    }

    /// Starts `vnfsd serve` with these arguments on a free port of the loopback and waits until
    /// it is ready.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        backend: Backend,
    ) -> Self {
        let started = Self::try_start(arguments, backend);
        started.unwrap_or_else(|refusal| panic!("vnfsd did not start: {refusal:?}"))
    }

    /// As [`Server::start`], for arguments or images that may be refused.
    ///
    /// # Errors
    /// If it ends before it is ready.
    pub fn try_start<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        backend: Backend,
    ) -> Result<Self, Refusal> {
        let mut command = process::command(vnfsd());
        command.arg("serve").args(arguments);
        command.args(["--listen", "127.0.0.1:0", "--backend", backend.name()]);
        Self::launch(&mut command)
    }

    /// As [`Server::start`], on a port that a server before it had.
    ///
    /// # Panics
    /// If it does not become ready.
    pub fn start_on<A: AsRef<OsStr>>(
        port: u16,
        arguments: impl IntoIterator<Item = A>,
        backend: Backend,
    ) -> Self {
        let mut command = process::command(vnfsd());
        command.arg("serve").args(arguments);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--backend", backend.name()]);
        let started = Self::launch(&mut command);
        started.unwrap_or_else(|refusal| panic!("vnfsd did not start: {refusal:?}"))
    }

    /// Ends it at once, without a chance to write anything.
    ///
    /// # Panics
    /// If it has ended before.
    pub fn kill(mut self) {
        let mut child = self.child.take().expect("it has not been stopped");
        process::signal(&child, Signal::KILL);
        let status = child.wait().expect("a child can be waited for");
        assert!(status.code().is_none(), "it ended before: {status}\n{}", self.errors());
    }

    /// Starts a server by a command of the caller's.
    ///
    /// # Errors
    /// If it ends before it is ready.
    pub fn launch(command: &mut Command) -> Result<Self, Refusal> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let errors = File::create(folder.path().join("errors")).expect("and written");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let ready = await_ready(&lines(&mut child));
        let mut server = Self { child: Some(child), port: 0, ready: String::new(), folder };
        match ready {
            Some(line) => {
                (server.port, server.ready) = (port(&line).unwrap_or(NFS_PORT), line);
                Ok(server)
            }
            None => Err(server.refusal()),
        }
    }

    /// What it says when it ends by itself, for which it is waited.
    ///
    /// # Panics
    /// If it has been stopped.
    pub fn refusal(mut self) -> Refusal {
        let mut child = self.child.take().expect("it has not been stopped");
        let status = process::wait(&mut child, PATIENCE);
        if status.is_none() {
            process::signal(&child, Signal::KILL);
            let _ = child.wait();
        }
        Refusal { code: status.and_then(|status| status.code()), errors: self.errors() }
    }

    /// The port that NFS answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens, if it has no link of its own.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The ready line.
    pub fn ready(&self) -> &str {
        &self.ready
    }

    /// The address libnfs takes for a file: the one of the ready line, with a path. It mounts what
    /// is before the last slash, so that a file of the root has two of them.
    ///
    /// # Panics
    /// If the ready line has none.
    pub fn url(&self, path: &str) -> String {
        let address = self.ready.split_whitespace().find(|word| word.starts_with("nfs://"));
        let (host, query) = split(address.expect("it names a URL"));
        format!("{host}{path}{query}")
    }

    /// The options of the mount command in the ready line.
    ///
    /// # Panics
    /// If the ready line has none.
    pub fn mount_options(&self) -> &str {
        let command = self.ready.split_once("mount -t nfs -o ").map(|(_, command)| command);
        let (options, _) = command.and_then(|it| it.split_once(' ')).expect("it names a command");
        options
    }

    /// What it said on standard error so far.
    pub fn errors(&self) -> String {
        let bytes = fs::read(self.folder.path().join("errors")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Resident memory in KiB.
    ///
    /// # Panics
    /// If it has died.
    pub fn resident_kib(&self) -> u64 {
        let child = self.child.as_ref().expect("it has not been stopped");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
        let status = status.expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let line = line.unwrap_or_else(|| panic!("vnfsd died:\n{}", self.errors()));
        line.trim().trim_end_matches(" kB").parse().expect("VmRSS is a number")
    }

    /// Open descriptors.
    ///
    /// # Panics
    /// If it has died.
    pub fn descriptor_count(&self) -> usize {
        let child = self.child.as_ref().expect("it has not been stopped");
        let descriptors = fs::read_dir(format!("/proc/{}/fd", child.id()));
        descriptors.unwrap_or_else(|_| panic!("vnfsd died:\n{}", self.errors())).count()
    }

    /// Ends it with a signal and checks that it ends cleanly.
    ///
    /// # Panics
    /// If it does not end, ends in an error, or panicked before.
    pub fn stop(mut self, signal: Signal) {
        self.end(signal).unwrap_or_else(|fault| panic!("{fault}"));
    }

    /// As [`Server::stop`]; returns what it said on standard error, to its last line.
    ///
    /// # Panics
    /// As [`Server::stop`].
    pub fn last_words(mut self, signal: Signal) -> String {
        self.end(signal).unwrap_or_else(|fault| panic!("{fault}"));
        self.errors()
    }

    /// Sends a signal without waiting for what comes of it.
    pub fn signal(&self, signal: Signal) {
        process::signal(self.child.as_ref().expect("it has not been stopped"), signal);
    }

    fn end(&mut self, signal: Signal) -> Result<(), String> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if child.try_wait().is_ok_and(|status| status.is_none()) {
            process::signal(&child, signal);
        }
        let Some(status) = process::wait(&mut child, PATIENCE) else {
            process::signal(&child, Signal::KILL);
            let _ = child.wait();
            return Err(format!("vnfsd does not stop:\n{}", self.errors()));
        };
        let errors = self.errors();
        if !status.success() || errors.contains("panicked at") {
            return Err(format!("vnfsd ended with {status}:\n{errors}"));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.end(Signal::TERM);
        match ended {
            Err(fault) if thread::panicking() => eprintln!("{fault}"),
            Err(fault) => panic!("{fault}"),
            Ok(()) if thread::panicking() => eprintln!("vnfsd said:\n{}", self.errors()),
            Ok(()) => {}
        }
    }
}

/// Standard output by lines, read to its end so that the server never waits for us.
fn lines(child: &mut Child) -> Receiver<String> {
    let output = child.stdout.take().expect("standard output is a pipe");
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// All lines until the one that tells what is served; `None` if the process ended before.
fn await_ready(lines: &Receiver<String>) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut ready = String::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                ready.push_str(&line);
                ready.push('\n');
                if is_ready(&line) {
                    return Some(ready);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("vnfsd is not ready; it said {ready:?}"),
        }
    }
}

/// One service is served, or many have been tried.
fn is_ready(line: &str) -> bool {
    line.starts_with("vnfsd: serving ")
        || line.starts_with("vnfsd: ") && line.contains(" services: ")
}

/// An nfs:// address of a root: all before its path, and all behind it.
fn split(url: &str) -> (&str, &str) {
    match url.find("/?") {
        Some(at) => (&url[..at], &url[at + 1..]),
        None => (url.trim_end_matches('/'), ""),
    }
}

/// The port in an nfs:// address, if it names one.
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("port=")?;
    let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Arguments of mixed kinds, for [`Server::start`].
pub fn arguments(image: &Path, more: impl IntoIterator<Item = &'static str>) -> Vec<OsString> {
    let more = more.into_iter().map(OsString::from);
    [image.as_os_str().to_owned()].into_iter().chain(more).collect()
}
