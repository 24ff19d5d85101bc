//! A service that dies or ends and is started again: its address answers as before, also from another
//! station; who was connected is refused, connects anew, and goes on.

use crate::unix::{guest, image, ready, serve};
use rustix::process::Signal;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};
use suite::image::{expect_clean, image_folder};
use suite::lan::{Lan, Offload, SERVICE, SERVICE_ADDRESSES, await_addresses, told};
use suite::nfs::{Client, NFS};
use suite::require;
use suite::server::{PATIENCE, Server};
use suite::trace::Trace;
use suite::untar::Archive;

/// Stations that the service has in its lives.
const STATIONS: [&str; 3] = ["02:00:00:00:00:01", "02:00:00:00:00:01", "02:00:00:00:00:02"];

#[test]
fn a_client_outlives_the_lives_of_a_network_host() {
    if !ready(&["tshark"]) {
        return;
    }
    let (archive, folder) = (Archive::new(), image_folder());
    let (image, socket) = (image(folder.path()), folder.path().join("link"));
    let link = format!("unix-connect:{}", socket.display());
    let trace = |life: usize| folder.path().join(format!("trace-{life}.pcap"));
    let start = |life: usize| {
        let file = trace(life);
        let file = file.to_str().expect("plain");
        serve(&image, &link, &["--mac", STATIONS[life], "--pcap", file])
    };

    let first = start(0);
    let guest = guest(archive.shared(), &format!("listen:{}", socket.display()));
    let work = archive.unpack(guest, "10.1.0.2:/", "nolock");
    assert!(work.goes_on(), "it is done before the first service dies");
    first.kill();
    let second = start(1);
    assert!(work.goes_on(), "it is done before the second service ends");
    second.stop(Signal::TERM);
    let third = start(2);
    work.finish();
    third.stop(Signal::TERM);
    expect_clean(&image);
    seen(&trace(1), STATIONS[1], &[ANNOUNCED[0], REFUSED]);
    seen(&trace(2), STATIONS[2], &ANNOUNCED);
}

/// How a service says where its addresses are now: by IPv4, and by IPv6 a second later.
const ANNOUNCED: [&str; 2] = [
    "arp.isgratuitous == 1",
    "icmpv6.type == 136 && icmpv6.nd.na.flag.s == 0 && icmpv6.nd.na.flag.o == 1",
];

/// What it says to who was connected to one that died.
const REFUSED: &str = "tcp.flags.reset == 1 && tcp.srcport == 2049";

/// A station has sent all of this.
fn seen(file: &Path, station: &str, filters: &[&str]) {
    for filter in filters {
        let found =
            Trace::new(file).values(&format!("eth.src == {station} && {filter}"), "frame.number");
        assert!(!found.is_empty(), "{station} sent no {filter}");
    }
}

#[test]
fn neighbours_learn_of_another_station() {
    if !require::tools(&["ip", "python3"]) || !require::root() {
        return;
    }
    let lan = Lan::kept_up(1500);
    let server = station(&lan, STATIONS[0]);
    let mut clients = lan.network().inside(|| SERVICE.map(client));
    SERVICE.into_iter().for_each(|address| learned(&lan, address, STATIONS[0]));
    server.kill();
    // Nobody asks for the addresses: it tells by itself where they are now.
    let server = station(&lan, STATIONS[2]);
    SERVICE.into_iter().for_each(|address| learned(&lan, address, STATIONS[2]));
    for client in &mut clients {
        let call = client.message(NFS, 0, &[]);
        client.connection().send(&call);
        assert_eq!(client.connection().try_receive(), None, "nobody knows this connection");
    }
    lan.network().inside(|| SERVICE.map(client));
    server.stop(Signal::TERM);
}

fn station(lan: &Lan, mac: &str) -> Server {
    let arguments = [&["--memory", "16M", "--mac", mac], &SERVICE_ADDRESSES[..]].concat();
    let server = lan.serve(Offload::Kernel, arguments);
    await_addresses(&server);
    server
}

fn client(address: &str) -> Client {
    let address: IpAddr = address.parse().expect("an address");
    Client::mount(SocketAddr::new(address, 2049)).0
}

/// Waits until the kernel believes that an address is at this station.
fn learned(lan: &Lan, address: &str, mac: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let known = told(lan, "ip", &["neighbour", "show", address]);
        if known.contains(mac) {
            return;
        }
        assert!(Instant::now() < deadline, "{address} is not at {mac}: {known}");
        sleep(Duration::from_millis(20));
    }
}
