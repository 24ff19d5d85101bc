//! `vnfsd serve --link`: what it says, and what it refuses. Who mounts it is for `tests/suite`.

use crate::process::{Server, complaint};
use rustix::process::Signal;
use std::os::unix::net::UnixStream;
use tempfile::TempDir;

/// A folder with a place for a link.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a plain path").to_owned()
    }

    fn link(&self) -> String {
        format!("unix:{}", self.path("link"))
    }

    /// Serves memory on this link.
    fn serve(&self, arguments: &[&str]) -> Server {
        let link = self.link();
        let own = ["--memory", "16M", "--link", &link];
        Server::start(own.into_iter().chain(arguments.iter().copied()))
    }

    /// What is said of flags that make no sense together.
    fn refusal(&self, arguments: &[&str]) -> String {
        let (image, link) = (self.path("new.img"), self.link());
        let own = ["serve", &image, "--create", "1M", "--link", &link];
        let said = complaint(1, own.into_iter().chain(arguments.iter().copied()));
        assert_eq!(std::fs::read_dir(self.0.path()).expect("a folder").count(), 0, "{said}");
        said
    }
}

#[test]
fn the_ready_line_needs_no_ports() {
    let place = Place::new();
    let mac = "02:00:00:00:00:02";
    let server =
        place.serve(&["--address", "10.1.0.2/24", "--address", "fd00::2/64", "--mac", mac]);
    let link = place.link();
    assert_eq!(
        server.ready,
        format!(
            "vnfsd: serving memory (memory, 16 MiB, read-write) export / (root_squash,alldirs) on {link} as \
             {mac} also at fd00::2 | mount -t nfs 10.1.0.2:/ /mnt | nfs://10.1.0.2/"
        )
    );
    UnixStream::connect(place.path("link")).expect("a machine may plug in");
    let (code, said) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("10.1.0.2 is its address: mount -t nfs 10.1.0.2:/ /mnt"), "{said}");
    assert!(!std::path::Path::new(&place.path("link")).exists(), "the socket is gone");
}

#[test]
fn a_switch_leads_somewhere() {
    let place = Place::new();
    let said = complaint(1, ["serve", "--memory", "1M", "--link", "switch:lan"]);
    assert!(said.contains("add --uplink tap:NAME"), "{said}");
    let uplink = place.link();
    let arguments = ["--memory", "1M", "--link", "switch:lan.10", "--address", "10.1.0.2/24"];
    let server = Server::start(arguments.into_iter().chain(["--uplink", &uplink]));
    let on = format!(" on switch:lan.10 through {uplink} as ");
    assert!(server.ready.contains(&on), "{}", server.ready);
    let (code, said) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(!std::path::Path::new(&place.path("link")).exists(), "the uplink has ended, too");
}

#[test]
fn who_says_no_address_asks_the_network_and_stays_the_same() {
    let place = Place::new();
    let ready = |arguments: &[&str]| {
        let server = place.serve(arguments);
        let line = server.ready.clone();
        assert_eq!(server.end(Signal::TERM).0, Some(0));
        line
    };
    let first = ready(&[]);
    assert!(first.ends_with(", addresses by DHCP and SLAAC are told in the log"), "{first}");
    assert_eq!(first, ready(&[]), "the same Ethernet address again");
    assert_ne!(first, ready(&["--name", "other"]), "another service has another");
}

#[test]
fn root_is_believed_only_if_that_is_said() {
    let place = Place::new();
    let server = place.serve(&["--export", "/:no_root_squash"]);
    assert!(server.ready.contains("export / (no_root_squash) on unix:"), "{}", server.ready);
}

#[test]
fn what_crosses_the_link_is_written_down() {
    let place = Place::new();
    let trace = place.path("trace.pcap");
    let server = place.serve(&["--pcap", &trace]);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    let written = std::fs::read(trace).expect("a trace");
    assert_eq!(written[..4], 0xa1b2_3c4d_u32.to_ne_bytes());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_made() {
    let place = Place::new();
    for (arguments, hint) in [
        (
            &["--address", "10.1.0.2/24", "--gateway", "10.2.0.1"][..],
            "is in no network of its addresses",
        ),
        (&["--address", "10.1.0.2/24", "--address", "10.1.0.2/16"], "it is given twice"),
        (&["--address", "fd00::2/64", "--mtu", "1279"], "IPv6 needs an MTU of 1280 bytes"),
        (&["--mtu", "17"], "use 68 to 65521"),
        (&["--uplink", "unix:other"], "--uplink is of a switch"),
        (&["--export", "/a", "--export", "/a:ro"], "expected each path once"),
        (&["--pcap", "/nowhere/trace.pcap"], "no trace can be written"),
    ] {
        let said = place.refusal(arguments);
        assert!(said.starts_with("vnfsd: ") && said.contains(hint), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
