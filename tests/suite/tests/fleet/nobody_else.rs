//! A thousand services in a hundred VLANs, with the same ten addresses in each: whoever asks reaches
//! the service of his own VLAN, and finds in it what he put there and nothing else.
//!
//! ```text
//!  1000 services ── switch ── trunk, all frames tagged ── switch ── a tap for a VLAN ── a client
//!       one process of vnfsd                        another process        namespaces
//! ```

use nfs3_types::nfs3::{nfs_fh3, nfsstat3};
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr};
use suite::fleet::{Fleet, await_that};
use suite::image::expect_clean;
use suite::namespace::Namespace;
use suite::nfs::Client;
use suite::program::vnfsd;
use suite::require;
use suite::server::Server;

const VLANS: u16 = 100;

/// Services in each.
const SERVICES: u8 = 10;

/// VLANs that have a client: from the first to the last.
const SAMPLE: [u16; 8] = [1, 2, 3, 10, 11, 50, 99, 100];

/// Where handles of everybody else are tried, too.
const TRIED: [u16; 3] = [1, 2, 100];

/// The first service's address; each of the others has the next.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// A client's.
const CLIENT: &str = "10.0.0.1/24";

/// A service that was found.
struct Found {
    vlan: u16,
    place: u8,
    root: nfs_fh3,
    file: nfs_fh3,
}

fn name(vlan: u16, place: u8) -> String {
    format!("v{vlan:03}-{place}")
}

fn address(place: u8) -> SocketAddr {
    let [a, b, c, first] = FIRST.octets();
    (Ipv4Addr::new(a, b, c, first + place), 2049).into()
}

fn services(trunk: &str) -> String {
    let head = format!(
        "[switch.lan]\nuplinks = ['unix:{trunk}']\n[defaults]\nexports = ['/:no_root_squash']\n\
         link = 'switch:lan'\nimage = '{{name}}.img'\ncreate = '1M'\naddress = '{FIRST}/24'\n"
    );
    let group = |vlan| {
        format!("[[services]]\ncount = {SERVICES}\nname = 'v{vlan:03}-{{index}}'\nvlan = {vlan}\n")
    };
    (1..=VLANS).map(group).fold(head, |text, group| text + &group)
}

/// The other end of the trunk: a switch, and no service that is ever started.
fn edge(trunk: &str) -> String {
    let tap = |vlan| format!("{{ link = 'tap:v{vlan}', vlan = {vlan} }}");
    let taps: Vec<_> = SAMPLE.into_iter().map(tap).collect();
    format!(
        "[switch.edge]\nuplinks = ['unix-connect:{trunk}', {}]\n[[service]]\nname = 'none'\n\
         memory = '1M'\nexports = ['/']\nlink = 'switch:edge'\nstart = false\n",
        taps.join(", ")
    )
}

/// A switch with a tap for each VLAN, and where its clients are.
fn clients(fleet: &Fleet) -> (Server, Vec<(u16, Namespace)>) {
    let home = Namespace::new();
    SAMPLE.into_iter().for_each(|vlan| home.ip(&format!("tuntap add dev v{vlan} mode tap")));
    let edge = fleet.start_by(home.command(vnfsd()));
    let client = |vlan| {
        let (client, device) = (Namespace::new(), format!("v{vlan}"));
        home.give(&device, &client);
        client.ip(&format!("link set dev {device} up"));
        client.ip(&format!("addr add {CLIENT} dev {device}"));
        (vlan, client)
    };
    (edge, SAMPLE.into_iter().map(client).collect())
}

/// Connects once the service has its address.
fn reach(place: u8) -> Client {
    let mut client = None;
    await_that("a service answers at its address", || {
        client = Client::try_open(address(place));
        client.is_some()
    });
    client.expect("it has been waited for")
}

/// Puts a file of the service's name into each service of a VLAN, in which there must be nothing.
fn put_names(vlan: u16) -> Vec<Found> {
    let put = |place| {
        let (mut client, name) = (reach(place), name(vlan, place));
        let root = client.mount_path(b"/").expect("it is exported");
        assert_eq!(names(&mut client, &root), [".", ".."], "{name}: nobody was here before");
        let file = client.put(&root, name.as_bytes(), name.as_bytes()).expect("it is put");
        Found { vlan, place, root, file }
    };
    (0..SERVICES).map(put).collect()
}

fn names(client: &mut Client, root: &nfs_fh3) -> Vec<String> {
    let entries = client.read_directory(root, 4096).expect("a directory");
    let text = |(name, _): (Vec<u8>, u64)| String::from_utf8(name).expect("plain names");
    let mut names: Vec<_> = entries.into_iter().map(text).collect();
    names.sort();
    names
}

/// Each service of a VLAN has its own file and nothing else.
fn find_names(found: &[Found]) {
    for Found { vlan, place, root, file } in found {
        let (mut client, name) = (reach(*place), name(*vlan, *place));
        assert_eq!(names(&mut client, root), [".", "..", &name]);
        assert_eq!(client.read_all(file, 4096).expect("it is read"), name.as_bytes());
    }
}

/// A service knows its own handles, and nobody else's.
fn try_handles(own: &Found, all: &[Found]) {
    let mut client = reach(own.place);
    for other in all {
        let is_own = (other.vlan, other.place) == (own.vlan, own.place);
        for handle in [&other.root, &other.file] {
            match client.attributes(handle) {
                Ok(_) => assert!(is_own, "{} at {}", label(other), label(own)),
                Err(nfsstat3::NFS3ERR_STALE | nfsstat3::NFS3ERR_BADHANDLE) => {
                    assert!(!is_own, "{}", label(own));
                }
                Err(why) => panic!("{} at {}: {why:?}", label(other), label(own)),
            }
        }
    }
}

fn label(found: &Found) -> String {
    name(found.vlan, found.place)
}

#[test]
fn a_thousand_services_at_ten_addresses_are_told_apart() {
    if !require::tools(&["ip"]) || !require::root() {
        return;
    }
    let fleet = Fleet::new("");
    let trunk = fleet.path("trunk");
    let trunk = trunk.to_str().expect("a plain path");
    fleet.write(&services(trunk));
    let server = fleet.start();
    let count = u64::from(VLANS) * u64::from(SERVICES);
    assert_eq!(fleet.count("resting") + fleet.count("serving"), count, "{}", server.errors());

    let outside = Fleet::new(&edge(trunk));
    let (edge, clients) = clients(&outside);
    let put = clients.iter().flat_map(|(vlan, at)| at.inside(|| put_names(*vlan)));
    let found: Vec<Found> = put.collect();
    for (vlan, at) in &clients {
        let own: Vec<_> = found.iter().filter(|found| found.vlan == *vlan).collect();
        at.inside(|| own.iter().for_each(|own| find_names(std::slice::from_ref(*own))));
        if TRIED.contains(vlan) {
            at.inside(|| own.iter().for_each(|own| try_handles(own, &found)));
        }
    }
    assert_eq!(fleet.count("serving"), found.len() as u64, "nobody else was woken");

    edge.stop(Signal::TERM);
    server.stop(Signal::TERM);
    let image = |found: &Found| fleet.path(&format!("{}.img", label(found)));
    found.iter().for_each(|found| expect_clean(&image(found)));
}
