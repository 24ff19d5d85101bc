//! Addresses from a DHCP server and a router, which are dnsmasq in a guest: the service says which
//! it has, and is mounted there.

use crate::unix::{guest, image, ready};
use crate::verdict;
use rustix::process::Signal;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use suite::image::{expect_clean, image_folder};
use suite::lan::{Offload, await_said};
use suite::process;
use suite::program::vnfsd;
use suite::server::Server;
use suite::trace::Trace;

const SCRIPT: &str = include_str!("addresses.sh");

/// How long the guest may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is told of each address that is in use.
const TOLD: &str = " is its address: mount -t nfs ";

#[test]
fn addresses_come_from_a_server_and_a_router() {
    if !ready(&["dnsmasq", "tshark"]) {
        return;
    }
    let (shared, folder) = (tempfile::tempdir().expect("a temporary folder"), image_folder());
    let (image, socket) = (image(folder.path()), folder.path().join("link"));
    let mut command = process::command(vnfsd());
    command.arg("serve").arg(&image).args(["--address", "dhcp", "--address", "slaac"]);
    command.args(["--export", "/:no_root_squash", "--link", &format!("unix:{}", socket.display())]);
    let file = folder.path().join("trace.pcap");
    command.arg("--pcap").arg(&file);
    let server = Server::launch(&mut command).expect("it starts");
    assert!(server.ready().contains("addresses by DHCP and SLAAC are told in the log"));

    let guest = guest(shared.path(), &format!("stream:{}", socket.display()));
    let script = format!("SHARED='{}'\n{SCRIPT}", shared.path().display());
    let work = std::thread::spawn(move || guest.run(&script));
    for network in ["10.1.0.", "fd00::"] {
        await_said(&server, network);
    }
    let addresses = addresses(&server.errors());
    fs::write(shared.path().join("addresses"), addresses.join("\n")).expect("written");
    await_file(&shared.path().join("worked"));
    let written = fs::read_to_string(shared.path().join("written")).expect("the guest left it");
    assert_eq!(written.lines().count(), 2, "by IPv4 and by IPv6: {written}");
    server.stop(Signal::TERM);
    fs::write(shared.path().join("stopped"), "").expect("written");
    work.join().expect("the guest has mounted and worked, and the lease is gone");
    expect_clean(&image);
    asked_in_order(&file);
}

/// Waits for what the guest writes.
fn await_file(file: &Path) {
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < PATIENCE, "the guest never came to {}", file.display());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// DHCPDISCOVER, DHCPOFFER, DHCPREQUEST and DHCPACK (RFC 2132 §9.6), the last two again, and
/// DHCPRELEASE; a router solicitation, its advertisement, and the question if somebody else has the
/// address.
fn asked_in_order(file: &Path) {
    verdict::well_formed(file, Offload::Nobody);
    let trace = Trace::new(file);
    let mut steps = trace.values("dhcp", "dhcp.option.dhcp");
    steps.dedup();
    let expected = ["1", "2", "3", "5", "3", "5", "7"].map(str::to_owned);
    assert!(steps.ends_with(&expected), "{steps:?}");
    let kinds = trace.values("icmpv6", "icmpv6.type");
    for kind in ["133", "134", "135"] {
        assert!(kinds.iter().any(|seen| seen == kind), "no {kind} in {kinds:?}");
    }
}

/// The addresses that a log tells of, but for those of the link alone.
fn addresses(log: &str) -> Vec<String> {
    let before = log.lines().filter_map(|line| Some(line.split_once(TOLD)?.0));
    let last = before.filter_map(|text| text.rsplit(' ').next()?.parse().ok());
    let routable = |address: &IpAddr| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    };
    last.filter(routable).map(|address: IpAddr| address.to_string()).collect()
}
