//! The wire, dissected by another hand: tshark knows every call and reply of a client's session,
//! and finds none malformed.

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::Duration;
use suite::process::{command, run, signal, wait};
use suite::require::{self, find};
use suite::server::{Backend, PATIENCE, Server};
use suite::trace::{FLAWS, Trace};
use tempfile::TempDir;

fn tool(name: &str) -> Command {
    Command::new(find(name).expect("the scenario asked for it"))
}

/// What the kernel may hold for tshark, so that nothing of a session is lost.
const BUFFER_MIB: &str = "64";

/// How long nothing is written once all has been.
const SETTLED: Duration = Duration::from_millis(1500);

/// A capture of one port of the loopback.
struct Capture {
    child: Child,
    file: PathBuf,
    port: u16,
}

impl Capture {
    /// Returns once packets are captured.
    fn start(folder: &TempDir, port: u16) -> Self {
        let file = folder.path().join("capture");
        let mut tshark = command(find("tshark").expect("the scenario asked for it"));
        tshark.args(["-i", "lo", "-B", BUFFER_MIB, "-f", &format!("port {port}"), "-w"]).arg(&file);
        let mut child = tshark.stderr(Stdio::piped()).spawn().expect("tshark starts");
        let mut said = BufReader::new(child.stderr.take().expect("piped")).lines();
        let started = said.any(|line| line.is_ok_and(|line| line.contains("Capture started")));
        assert!(started, "tshark may not capture here");
        spawn(move || said.for_each(drop));
        Self { child, file, port }
    }

    /// Ends it once nothing more is written: packets reach the file late, and in batches.
    fn stop(&mut self) {
        let size = || std::fs::metadata(&self.file).map_or(0, |file| file.len());
        let mut before = u64::MAX;
        while size() != before {
            before = size();
            sleep(SETTLED);
        }
        signal(&self.child, Signal::INT);
        assert!(wait(&mut self.child, PATIENCE).is_some_and(|status| status.success()));
    }

    fn trace(&self) -> Trace<'_> {
        Trace::new(&self.file).on_port(self.port)
    }
}

#[test]
fn every_reply_is_well_formed() {
    if !require::tools(&["tshark", "nfs-cp", "nfs-ls"]) || !require::root() {
        return;
    }
    for backend in Backend::ALL {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Server::memory("64M", backend);
        let original = folder.path().join("original");
        std::fs::write(&original, vec![7; 300_001]).expect("written");
        let mut capture = Capture::start(&folder, server.port());
        run(tool("nfs-cp").arg(&original).arg(server.url("//file")));
        run(tool("nfs-cp").arg(server.url("//file")).arg(folder.path().join("copy")));
        run(tool("nfs-ls").args(["-R", &server.url("/")]));
        capture.stop();
        let trace = capture.trace();
        for flaw in FLAWS {
            assert_eq!(trace.values(flaw, "frame.number"), [""; 0], "{flaw}");
        }
        let replies = trace.values("rpc.msgtyp == 1 && nfs", "nfs.procedure_v3");
        let seen: BTreeSet<&str> = replies.iter().map(String::as_str).collect();
        for procedure in ["3", "6", "7", "8", "17", "19"] {
            assert!(seen.contains(procedure), "procedure {procedure} among {seen:?}");
        }
        let mounted = trace.values("rpc.msgtyp == 1 && mount", "mount.procedure_v3");
        assert!(mounted.contains(&"1".to_owned()), "{mounted:?}");
    }
}
