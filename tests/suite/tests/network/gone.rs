//! Taps that are deleted under a service: without its last way to the world it ends at once, says so,
//! and leaves its image in order.

use crate::unix::image;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use suite::image::{expect_clean, image_folder};
use suite::lan::{Lan, NEIGHBOUR, SERVICE, SERVICE_ADDRESSES, await_said};
use suite::nfs::Client;
use suite::require;
use suite::server::{Backend, Server};

const GONE: &str = "the tap is gone";

fn serve(lan: &Lan, image: &Path, backend: Backend, link: &[&str]) -> Server {
    let image = image.to_str().expect("a plain path");
    let more = ["--export", "/:no_root_squash", "--backend", backend.name()];
    let arguments = [&[image], &more[..], &SERVICE_ADDRESSES].concat();
    lan.serve_on(link, arguments)
}

/// A client with a file, who stays connected.
fn client(lan: &Lan) -> (Client, TcpStream) {
    let server = SocketAddr::new(SERVICE[0].parse().expect("an address"), 2049);
    lan.network().inside(|| {
        let (mut client, root) = Client::mount(server);
        client.create(&root, b"file").expect("a file");
        client.remove(&root, b"file").expect("removed");
        (client, TcpStream::connect(server).expect("it is let in"))
    })
}

/// It ends by itself, as what a service manager starts again.
fn ends(server: Server, image: &Path) {
    let end = server.refusal();
    assert_eq!(end.code, Some(1), "{}", end.errors);
    assert!(end.errors.contains(GONE) && end.errors.contains("make it again"), "{}", end.errors);
    assert!(!end.errors.contains("too long"), "nobody is waited for: {}", end.errors);
    expect_clean(image);
}

#[test]
fn a_service_ends_with_its_tap() {
    if !require::tools(&["ip"]) || !require::root() {
        return;
    }
    for backend in Backend::ALL {
        let (lan, folder) = (Lan::new(1500), image_folder());
        let image = image(folder.path());
        let server = serve(&lan, &image, backend, &["--link", "tap:vnfs0"]);
        let clients = client(&lan);
        lan.network().ip("link del dev vnfs0");
        ends(server, &image);
        drop(clients);
    }
}

#[test]
fn a_switch_goes_on_with_its_other_uplink() {
    if !require::tools(&["ip"]) || !require::root() {
        return;
    }
    let uplinks = ["--uplink", "tap:vnfs0", "--uplink", "tap:vnfs1"];
    for backend in Backend::ALL {
        let (lan, folder) = (Lan::new(1500), image_folder());
        let image = image(folder.path());
        let link = [&["--link", "switch:lan"][..], &uplinks].concat();
        let server = serve(&lan, &image, backend, &link);
        lan.network().ip("link del dev vnfs0");
        await_said(&server, GONE);
        lan.network().ip(&format!("addr add {} dev vnfs1", NEIGHBOUR[0]));
        let clients = client(&lan);
        lan.network().ip("link del dev vnfs1");
        ends(server, &image);
        drop(clients);
    }
}
