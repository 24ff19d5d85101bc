//! A service that is a network host of its own, on a tap, with Linux as its neighbour: found, asked
//! and read at well-known ports, by IPv4 and IPv6.

use crate::verdict;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketType, connect, ipproto, recv, send, socket, sockopt,
};
use rustix::process::Signal;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use suite::lan::{Lan, Offload, SERVICE, SERVICE_ADDRESSES};
use suite::nfs::Client;
use suite::process::{run, text};
use suite::require::{self, find};
use suite::server::{Backend, PATIENCE, Server};
use tempfile::TempDir;

/// How long a ping may take before another is sent.
const PING: Duration = Duration::from_millis(500);

/// A service of memory, on a network of two.
struct Place {
    // In the order in which they end.
    server: Server,
    lan: Lan,
    folder: TempDir,
}

impl Place {
    /// Serves on a tap that somebody else made, or on what that is an uplink of.
    fn new(backend: Backend, link: &[&str]) -> Self {
        let (lan, folder) = (Lan::new(1500), tempfile::tempdir().expect("a temporary folder"));
        let file = folder.path().join("trace.pcap");
        let more = ["--memory", "64M", "--export", "/:no_root_squash", "--backend", backend.name()];
        let trace = ["--pcap", file.to_str().expect("a plain path")];
        let server = lan.serve_on(link, [&more[..], &SERVICE_ADDRESSES, &trace].concat());
        Self { server, lan, folder }
    }

    fn tool(&self, name: &str) -> Command {
        self.lan.network().command(find(name).expect("the scenario asked for it"))
    }

    /// Pings until it is there: an IPv6 address is asked for, for a second, before it is used.
    fn await_answer(&self, address: &str) {
        let address: IpAddr = address.parse().expect("an address");
        self.lan.network().inside(|| {
            fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("root may");
            let deadline = Instant::now() + PATIENCE;
            while !is_there(address) {
                assert!(Instant::now() < deadline, "{address} does not answer");
            }
        });
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// By whoever asks it for programs and exports, and by whoever writes and reads files.
    fn is_found(&self) {
        for address in SERVICE {
            self.await_answer(address);
            programs_are_told(self, address);
            files_are_kept(self, address);
        }
    }
}

/// One ping of many packets' length, by a socket that Linux makes of ICMP.
fn is_there(address: IpAddr) -> bool {
    let (family, protocol, [question, answer]) = match address {
        IpAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, [8, 0]),
        IpAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, [128, 129]),
    };
    let socket = socket(family, SocketType::DGRAM, Some(protocol)).expect("a socket for pings");
    let patience = Some(PING);
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, patience).expect("a time-out");
    let mut packet = vec![7; 5000];
    packet[..8].copy_from_slice(&[question, 0, 0, 0, 0, 0, 0, 1]);
    let mut back = vec![0; 6000];
    let exchange = connect(&socket, &SocketAddr::new(address, 0))
        .and_then(|()| send(&socket, &packet, SendFlags::empty()))
        .and_then(|_| recv(&socket, &mut back[..], RecvFlags::empty()));
    exchange.is_ok_and(|(count, _)| {
        count == packet.len() && back[0] == answer && back[8..count] == packet[8..]
    })
}

#[test]
fn it_is_found_asked_and_read_without_naming_a_port() {
    let programs = ["ip", "nfs-cp", "nfs-ls", "rpcinfo", "showmount", "tshark"];
    if !require::tools(&programs) || !require::root() {
        return;
    }
    for backend in Backend::ALL {
        let place = Place::new(backend, &["--link", "tap:vnfs0"]);
        place.is_found();
        let trace = place.path("trace.pcap");
        let silent = place.lan.network().inside(|| TcpStream::connect((SERVICE[0], 2049)));
        let silent = silent.expect("it is let in");
        let said = place.server.last_words(Signal::TERM);
        assert!(said.contains("10.1.0.2 is its address: mount -t nfs 10.1.0.2:/ /mnt"), "{said}");
        assert!(!said.contains("too long"), "a client that says nothing is given up: {said}");
        drop(silent);
        let seen = verdict::well_formed(&trace, Offload::Kernel);
        [100_000, 100_003, 100_005].into_iter().for_each(|program| seen.has_program(program));
    }
}

#[test]
fn on_a_switch_it_is_reached_by_an_uplink() {
    let programs = ["ip", "nfs-cp", "nfs-ls", "rpcinfo", "showmount"];
    if !require::tools(&programs) || !require::root() {
        return;
    }
    for backend in Backend::ALL {
        Place::new(backend, &["--link", "switch:lan", "--uplink", "tap:vnfs0"]).is_found();
    }
}

fn programs_are_told(place: &Place, address: &str) {
    let programs = text(place.tool("rpcinfo").args(["-p", address]));
    for row in ["100000    2   tcp    111", "100003    3   tcp   2049", "100005    3   udp   2049"]
    {
        assert!(programs.contains(row), "{row} in\n{programs}");
    }
    let exports = text(place.tool("showmount").args(["-e", address]));
    assert!(exports.lines().nth(1).is_some_and(|line| line.starts_with("/ ")), "{exports}");
    for transport in ["tcp", "udp"] {
        let transport =
            if address.contains(':') { format!("{transport}6") } else { transport.into() };
        let answer = text(place.tool("rpcinfo").args(["-T", &transport, address, "nfs", "3"]));
        assert!(answer.contains("ready and waiting"), "{transport}: {answer}");
    }
}

/// In by libnfs, out by another client and by libnfs.
fn files_are_kept(place: &Place, address: &str) {
    let mut contents = vec![0; 10_000_001];
    fastrand::Rng::with_seed(1).fill(&mut contents);
    let [original, copy] = ["original", "copy"].map(|name| place.path(name));
    fs::write(&original, &contents).expect("written");
    let url = format!("nfs://{address}//file");
    run(place.tool("nfs-cp").arg(&original).arg(&url));
    run(place.tool("nfs-cp").arg(&url).arg(&copy));
    assert!(fs::read(&copy).expect("the copy") == contents);
    fs::remove_file(&copy).expect("it is there");
    let listed = text(place.tool("nfs-ls").arg(format!("nfs://{address}/")));
    assert!(listed.contains("10000001 file"), "{listed}");
    let server = SocketAddr::new(address.parse().expect("an address"), place.server.port());
    place.lan.network().inside(|| {
        let (mut client, root) = Client::mount(server);
        let file = client.find(&root, b"file").expect("a file");
        assert!(client.read_all(&file, 1 << 20).expect("data") == contents);
        client.remove(&root, b"file").expect("removed");
    });
}
