//! A service that is a network host of its own, on a tap, with Linux as its neighbour: found, asked
//! and read at well-known ports, by IPv4 and IPv6.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketType, connect, ipproto, recv, send, socket, sockopt,
};
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use suite::namespace::Namespace;
use suite::nfs::Client;
use suite::process::{run, text};
use suite::program::vnfsd;
use suite::require::{self, find};
use suite::server::{Backend, PATIENCE, Server};
use tempfile::TempDir;

const ADDRESSES: [&str; 2] = ["10.1.0.2", "fd00::2"];

/// How long a ping may take before another is sent.
const PING: Duration = Duration::from_millis(500);

/// A network of two: this machine's kernel, and a service.
struct Lan {
    // In the order in which they end.
    server: Server,
    network: Namespace,
    folder: TempDir,
}

impl Lan {
    /// Serves memory on a tap that somebody else made, or on what that is an uplink of.
    fn new(backend: Backend, link: &[&str]) -> Self {
        let network = Namespace::new();
        network.ip("tuntap add dev vnfs0 mode tap");
        network.ip("addr add 10.1.0.1/24 dev vnfs0");
        network.ip("addr add fd00::1/64 dev vnfs0 nodad");
        network.ip("link set dev vnfs0 up");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = network.command(vnfsd());
        command.args(["serve", "--memory", "64M"]).args(link);
        command.args(["--address", "10.1.0.2/24", "--address", "fd00::2/64"]);
        command.args(["--export", "/:no_root_squash", "--backend", backend.name(), "--pcap"]);
        command.arg(folder.path().join("trace.pcap"));
        let server = Server::launch(&mut command).expect("it starts");
        Self { server, network, folder }
    }

    fn tool(&self, name: &str) -> Command {
        self.network.command(find(name).expect("the scenario asked for it"))
    }

    /// Pings until it is there: an IPv6 address is asked for, for a second, before it is used.
    fn await_answer(&self, address: &str) {
        let address: IpAddr = address.parse().expect("an address");
        self.network.inside(|| {
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
        let lan = Lan::new(backend, &["--link", "tap:vnfs0"]);
        for address in ADDRESSES {
            lan.await_answer(address);
            programs_are_told(&lan, address);
            files_are_kept(&lan, address);
        }
        let trace = lan.path("trace.pcap");
        let silent = lan.network.inside(|| TcpStream::connect((ADDRESSES[0], 2049)));
        let silent = silent.expect("it is let in");
        let said = lan.server.last_words(rustix::process::Signal::TERM);
        assert!(said.contains("10.1.0.2 is its address: mount -t nfs 10.1.0.2:/ /mnt"), "{said}");
        assert!(!said.contains("too long"), "a client that says nothing is given up: {said}");
        drop(silent);
        let malformed = text(
            Command::new(find("tshark").expect("asked for"))
                .arg("-r")
                .arg(trace)
                .args(["-Y", "_ws.malformed || _ws.short"]),
        );
        assert_eq!(malformed, "");
    }
}

#[test]
fn on_a_switch_it_is_reached_by_an_uplink() {
    let programs = ["ip", "nfs-cp", "nfs-ls", "rpcinfo", "showmount"];
    if !require::tools(&programs) || !require::root() {
        return;
    }
    for backend in Backend::ALL {
        let lan = Lan::new(backend, &["--link", "switch:lan", "--uplink", "tap:vnfs0"]);
        for address in ADDRESSES {
            lan.await_answer(address);
            programs_are_told(&lan, address);
            files_are_kept(&lan, address);
        }
    }
}

fn programs_are_told(lan: &Lan, address: &str) {
    let programs = text(lan.tool("rpcinfo").args(["-p", address]));
    for row in ["100000    2   tcp    111", "100003    3   tcp   2049", "100005    3   udp   2049"]
    {
        assert!(programs.contains(row), "{row} in\n{programs}");
    }
    let exports = text(lan.tool("showmount").args(["-e", address]));
    assert!(exports.lines().nth(1).is_some_and(|line| line.starts_with("/ ")), "{exports}");
    for transport in ["tcp", "udp"] {
        let transport =
            if address.contains(':') { format!("{transport}6") } else { transport.into() };
        let answer = text(lan.tool("rpcinfo").args(["-T", &transport, address, "nfs", "3"]));
        assert!(answer.contains("ready and waiting"), "{transport}: {answer}");
    }
}

/// In by libnfs, out by another client and by libnfs.
fn files_are_kept(lan: &Lan, address: &str) {
    let mut contents = vec![0; 10_000_001];
    fastrand::Rng::with_seed(1).fill(&mut contents);
    let [original, copy] = ["original", "copy"].map(|name| lan.path(name));
    fs::write(&original, &contents).expect("written");
    let url = format!("nfs://{address}//file");
    run(lan.tool("nfs-cp").arg(&original).arg(&url));
    run(lan.tool("nfs-cp").arg(&url).arg(&copy));
    assert!(fs::read(&copy).expect("the copy") == contents);
    fs::remove_file(&copy).expect("it is there");
    let listed = text(lan.tool("nfs-ls").arg(format!("nfs://{address}/")));
    assert!(listed.contains("10000001 file"), "{listed}");
    let server = SocketAddr::new(address.parse().expect("an address"), lan.server.port());
    lan.network.inside(|| {
        let (mut client, root) = Client::mount(server);
        let file = client.find(&root, b"file").expect("a file");
        assert!(client.read_all(&file, 1 << 20).expect("data") == contents);
        client.remove(&root, b"file").expect("removed");
    });
}
