//! One document's commands, in a folder and a network of their own.

use crate::blocks::Block;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use suite::namespace::Namespace;
use suite::require::{find, is_root};
use tempfile::TempDir;

/// How long a server may take to be built and ready.
const PATIENCE: Duration = Duration::from_secs(600);

/// Puts the repository's manifest behind every cargo command, which a reader's working directory
/// would do, so that files the commands make land in the scratch folder.
const PRELUDE: &str = r#"set -euo pipefail
cargo() { local chore=$1; shift; command cargo "$chore" --manifest-path "$VNFSD_MANIFEST" "$@"; }
"#;

/// Where commands are run.
pub struct Session {
    manifest: PathBuf,
    target: PathBuf,
    folder: TempDir,
    /// Without one of its own, the host's network: its ports may be in use.
    network: Option<Namespace>,
    servers: Vec<Child>,
}

impl Session {
    /// An empty folder, and a network if that can be had.
    pub fn new(root: &Path) -> Self {
        let may_make_networks = is_root() && find("ip").is_some();
        let root = root.canonicalize().expect("the repository has a path");
        Self {
            manifest: root.join("Cargo.toml"),
            target: target(),
            folder: tempfile::tempdir().expect("a scratch folder"),
            network: may_make_networks.then(Namespace::new),
            servers: Vec::new(),
        }
    }

    /// Runs a block to its end.
    ///
    /// # Panics
    /// If a command fails.
    pub fn run(&self, block: &Block) {
        let output = self.command(block).output().expect("bash can be started");
        let said = suite::process::describe(&output);
        assert!(output.status.success(), "{}:\n{}\n{said}", block.place, block.commands);
    }

    /// Starts a block and waits for its ready line.
    ///
    /// # Panics
    /// If it ends before that.
    pub fn serve(&mut self, block: &Block) {
        let log = self.folder.path().join(format!("server-{}", self.servers.len()));
        let output = File::create(&log).expect("a log");
        let errors = output.try_clone().expect("a log");
        let mut command = self.command(block);
        command.stdout(output).stderr(errors).process_group(0);
        let mut child = command.spawn().expect("bash can be started");
        let deadline = Instant::now() + PATIENCE;
        let said = || fs::read_to_string(&log).unwrap_or_default();
        // The ready lines of one service and of many.
        while !["nfs://", " services: "].iter().any(|ready| said().contains(ready)) {
            let is_running = child.try_wait().is_ok_and(|status| status.is_none());
            let is_hopeful = is_running && Instant::now() < deadline;
            assert!(is_hopeful, "{}:\n{}\n{}", block.place, block.commands, said());
            sleep(Duration::from_millis(50));
        }
        self.servers.push(child);
    }

    fn command(&self, block: &Block) -> Command {
        let mut command = match &self.network {
            Some(network) => network.command("bash"),
            None => suite::process::command("bash"),
        };
        command.arg("-c").arg(format!("{PRELUDE}{}", block.commands));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("VNFSD_MANIFEST", &self.manifest).env("CARGO_TARGET_DIR", &self.target);
        // What is shown is that the commands work; the optimizer would only take time.
        command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        command.env("CARGO_PROFILE_RELEASE_DEBUG", "none");
        // A network of its own leads nowhere, and all that is built has been downloaded.
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = kill_process_group(Pid::from_child(server), Signal::TERM);
            let _ = server.wait();
        }
    }
}

/// `target/documents`, beside the profile this test was built with.
fn target() -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a path");
    let profile = this.ancestors().find(|path| path.ends_with("deps")).and_then(Path::parent);
    let target = profile.and_then(Path::parent).expect("tests run from cargo's target folder");
    target.join("documents")
}
