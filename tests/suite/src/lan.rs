//! A network of two on a tap: a service that is a host of its own, and this machine's kernel, in a
//! namespace of the test's own.

use crate::namespace::Namespace;
use crate::process;
use crate::program::vnfsd;
use crate::server::{PATIENCE, Server};
use std::ffi::OsStr;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The service's addresses, of both families.
pub const SERVICE: [&str; 2] = ["10.1.0.2", "fd00::2"];

/// The arguments that give it these.
pub const SERVICE_ADDRESSES: [&str; 4] = ["--address", "10.1.0.2/24", "--address", "fd00::2/64"];

/// The kernel's addresses, as ip(8) and a guest are told.
pub const NEIGHBOUR: [&str; 2] = ["10.1.0.1/24", "fd00::1/64"];

const TAP: &str = "vnfs0";

/// What waits for the service, in frames: more than any window, so that nothing is ever lost.
const QUEUE_FRAMES: u32 = 20_000;

/// Attaches to a tap as somebody does who wants no virtio header, and starts a program with it.
const ATTACH: &str = include_str!("attach_tap.py");

/// Keeps a tap's link up, whoever attaches to it.
const KEEP: &str = include_str!("keep_tap.py");

/// Who sums up, cuts segments and puts them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offload {
    /// The kernel: the tap's frames have virtio headers.
    Kernel,
    /// Each side by itself.
    Nobody,
}

impl Offload {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Kernel, Self::Nobody];
}

/// The kernel's end of the tap. Dropped, it is gone.
#[derive(Debug)]
pub struct Lan {
    /// Ends when its standard input does.
    keeper: Option<Child>,
    network: Namespace,
}

impl Lan {
    /// Makes the tap, with the kernel's addresses.
    ///
    /// # Panics
    /// If ip(8) refuses.
    pub fn new(mtu_bytes: u32) -> Self {
        Self { keeper: None, network: network(mtu_bytes, "") }
    }

    /// As [`Lan::new`], with a link that stays up when the service goes: the kernel then remembers
    /// where its neighbours are.
    ///
    /// # Panics
    /// As [`Lan::new`].
    pub fn kept_up(mtu_bytes: u32) -> Self {
        let network = network(mtu_bytes, " multi_queue");
        let mut keeper = network.command("python3");
        keeper.args(["-c", KEEP, TAP]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().expect("the scenario asked for python3");
        let mut said = [0; 5];
        let output = keeper.stdout.as_mut().expect("piped");
        output.read_exact(&mut said).expect("it attaches");
        Self { keeper: Some(keeper), network }
    }

    /// The namespace.
    pub fn network(&self) -> &Namespace {
        &self.network
    }

    /// A service on the tap, once it is ready.
    ///
    /// # Panics
    /// If it does not start.
    pub fn serve<A: AsRef<OsStr>>(
        &self,
        offload: Offload,
        arguments: impl IntoIterator<Item = A>,
    ) -> Server {
        match offload {
            Offload::Kernel => self.serve_on(&["--link", &format!("tap:{TAP}")], arguments),
            Offload::Nobody => launched(self.with_plain_tap().args(arguments)),
        }
    }

    /// As [`Lan::serve`], with the arguments that say how the service gets at the tap, `vnfs0`.
    ///
    /// # Panics
    /// As [`Lan::serve`].
    pub fn serve_on<A: AsRef<OsStr>>(
        &self,
        link: &[&str],
        arguments: impl IntoIterator<Item = A>,
    ) -> Server {
        launched(self.network.command(vnfsd()).arg("serve").args(link).args(arguments))
    }

    fn with_plain_tap(&self) -> Command {
        let mut command = self.network.command("python3");
        command.args(["-c", ATTACH, TAP]).arg(vnfsd()).args(["serve", "--link", "tap-fd:9"]);
        command
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

fn launched(command: &mut Command) -> Server {
    let started = Server::launch(command);
    started.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"))
}

/// A namespace with a tap made in this way.
fn network(mtu_bytes: u32, how: &str) -> Namespace {
    let network = Namespace::new();
    network.ip(&format!("tuntap add dev {TAP} mode tap{how}"));
    network.ip(&format!("link set dev {TAP} mtu {mtu_bytes} txqueuelen {QUEUE_FRAMES} up"));
    let [four, six] = NEIGHBOUR;
    network.ip(&format!("addr add {four} dev {TAP}"));
    network.ip(&format!("addr add {six} dev {TAP} nodad"));
    network
}

/// Waits until a service has said this: an address is asked for before it is used.
///
/// # Panics
/// If it does not.
pub fn await_said(server: &Server, what: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !server.errors().contains(what) {
        assert!(Instant::now() < deadline, "no {what:?} in\n{}", server.errors());
        sleep(Duration::from_millis(10));
    }
}

/// Waits until a service has both of its addresses.
///
/// # Panics
/// If it does not get them.
pub fn await_addresses(server: &Server) {
    SERVICE.iter().for_each(|address| await_said(server, &format!("{address} is its address")));
}

/// Runs a program that the scenario asked for where `lan` is, and returns what it printed.
///
/// # Panics
/// If it fails.
pub fn told(lan: &Lan, program: &str, arguments: &[&str]) -> String {
    let program = crate::require::find(program).expect("the scenario asked for it");
    process::text(lan.network.command(program).args(arguments))
}
