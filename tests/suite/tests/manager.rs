//! Under a service manager that keeps descriptors, as systemd does: the tap of a service outlives a
//! restart, with the addresses of this machine's end.

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use rustix::process::Signal;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use suite::namespace::Namespace;
use suite::process::text;
use suite::program::vnfsd;
use suite::require::{self, find};
use suite::server::{PATIENCE, Server};
use tempfile::TempDir;

/// The manager: where it is told, and the network that it starts the service in.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
    network: Namespace,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        Self { folder, socket, network: Namespace::new() }
    }

    /// Starts the service by a line of shell, whose process it becomes.
    fn start(&self, prelude: &str) -> Server {
        let mut command = self.network.command("sh");
        let serve = "serve --memory 16M --link tap:vnfs0 --address 10.1.0.2/24";
        let program = vnfsd().to_str().expect("a plain path");
        command.arg("-c").arg(format!("{prelude} exec {program} {serve}"));
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        Server::launch(&mut command).expect("it starts")
    }

    /// The next thing that it is told, and the descriptor that comes with it.
    fn told(&self) -> (String, Option<OwnedFd>) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; 512];
        let into = &mut [IoSliceMut::new(&mut bytes)];
        let received = recvmsg(&self.socket, into, &mut ancillary, RecvFlags::CMSG_CLOEXEC);
        let received = received.expect("it is told something");
        assert!(!received.flags.contains(ReturnFlags::CTRUNC), "one descriptor at most");
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut all) => all.next(),
            _ => None,
        });
        (String::from_utf8_lossy(&bytes[..received.bytes]).into_owned(), descriptor)
    }

    fn list(&self) -> String {
        let tool = find("nfs-ls").expect("the scenario asked for it");
        text(self.network.command(tool).args(["-R", "nfs://10.1.0.2/"]))
    }
}

#[test]
fn it_is_told_again_and_again_that_all_is_well() {
    if !require::tools(&["ip"]) || !require::root() {
        return;
    }
    let manager = Manager::new();
    let server = manager.start("WATCHDOG_USEC=300000");
    let told: Vec<String> = (0..6).map(|_| manager.told().0).collect();
    let beats = told.iter().filter(|words| words.as_str() == "WATCHDOG=1\n").count();
    // The others are its tap, given into keeping, and that it is ready.
    assert_eq!(beats, 4, "{told:?}");
    server.stop(Signal::TERM);
}

#[test]
fn a_tap_is_kept_over_a_restart() {
    if !require::tools(&["ip", "nfs-ls"]) || !require::root() {
        return;
    }
    let manager = Manager::new();
    let server = manager.start("");
    let (stored, tap) = manager.told();
    assert_eq!(stored, "FDSTORE=1\nFDNAME=tap-vnfs0\n");
    assert_eq!(manager.told().0, "READY=1\n");
    manager.network.ip("addr add 10.1.0.1/24 dev vnfs0");
    manager.list();
    server.stop(Signal::TERM);
    assert_eq!(manager.told().0, "STOPPING=1\n");

    let tap = tap.expect("its tap");
    fcntl_setfd(&tap, FdFlags::empty()).expect("it may be inherited");
    let hand_over = format!("exec 3<&{}; ", tap.as_raw_fd());
    let environment = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=tap-vnfs0";
    let server = manager.start(&format!("{hand_over}{environment}"));
    assert_eq!(manager.told().0, "READY=1\n", "it has it, and need not give it again");
    manager.list();
    server.stop(Signal::TERM);
    assert_eq!(manager.told().0, "STOPPING=1\n");

    manager.network.ip("link del dev vnfs0");
    let server = manager.start(&format!("{hand_over}{environment}"));
    assert_eq!(manager.told().0, "FDSTOREREMOVE=1\nFDNAME=tap-vnfs0\n", "its interface is gone");
    let (stored, another) = manager.told();
    assert_eq!(stored, "FDSTORE=1\nFDNAME=tap-vnfs0\n");
    assert_eq!(manager.told().0, "READY=1\n");
    drop((server, tap, another));
    let ip = find("ip").expect("the scenario asked for it");
    let left = text(manager.network.command(ip).args(["-o", "link"]));
    assert!(!left.contains("vnfs0"), "nobody keeps it: {left}");
}
