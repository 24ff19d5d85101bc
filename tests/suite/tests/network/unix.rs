//! A guest's kernel as neighbour, over a unix socket that QEMU speaks: it mounts without naming a
//! port, and works as it does over host sockets.

use crate::verdict;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use suite::guest::{self, Guest};
use suite::image::{expect_clean, image_folder};
use suite::lan::{NEIGHBOUR, Offload, SERVICE_ADDRESSES};
use suite::process::{self, run};
use suite::program::vnfsd;
use suite::require;
use suite::server::Server;
use suite::work::{self, FILES, LIST, WORK};

const MOUNT: &str = include_str!("mount.sh");

/// A guest that takes longer than this has hung.
pub const SECONDS_MAX: u32 = 400;

/// Whether there can be guests, and what else a scenario needs.
pub fn ready(more: &[&str]) -> bool {
    require::tools(&[guest::TOOLS, more].concat()) && require::root()
}

/// An empty image.
pub fn image(folder: &Path) -> PathBuf {
    let image = folder.join("image");
    run(process::command(vnfsd()).arg("newfs").arg(&image).args(["--size", "192M"]));
    image
}

/// A service of an image on a link, with more arguments.
pub fn serve(image: &Path, link: &str, more: &[&str]) -> Server {
    let mut command = process::command(vnfsd());
    command.arg("serve").arg(image).args(["--export", "/:no_root_squash", "--link", link]);
    let started = Server::launch(command.args(SERVICE_ADDRESSES).args(more));
    started.unwrap_or_else(|refusal| panic!("{link}: {refusal:?}"))
}

/// A guest on a link, with the neighbour's addresses.
pub fn guest(shared: &Path, link: &str) -> Guest {
    Guest::new(shared, SECONDS_MAX).on(link, &NEIGHBOUR.join(","))
}

#[test]
fn a_guest_names_no_port_and_works() {
    if !ready(&["git", "make", "rpcinfo", "showmount", "sqlite3", "tshark"]) {
        return;
    }
    let (shared, folder) = (work::shared_folder(0), image_folder());
    fs::copy(env!("CARGO_BIN_EXE_random-io"), shared.path().join("random-io")).expect("copied");
    let (image, socket) = (image(folder.path()), folder.path().join("link"));
    let file = folder.path().join("trace.pcap");
    let trace = ["--pcap", file.to_str().expect("plain")];
    let server = serve(&image, &format!("unix:{}", socket.display()), &trace);

    let common = [
        ("SHARED", shared.path().to_str().expect("plain")),
        ("OPTIONS", "nolock"),
        ("SEED", "3"),
        ("OPERATIONS", "300"),
    ];
    let four = work::settings(&[("HOST", "10.1.0.2"), ("MORE", "wsize=1048576")]);
    let six = work::settings(&[("HOST", "[fd00::2]"), ("MORE", "wsize=32768,noac")]);
    let script = [LIST, MOUNT, &work::settings(&common), &four, WORK, &six, FILES].concat();
    guest(shared.path(), &format!("stream:{}", socket.display())).run(&script);

    server.stop(Signal::TERM);
    expect_clean(&image);
    let seen = verdict::well_formed(&file, Offload::Nobody);
    [100_000, 100_003, 100_005].into_iter().for_each(|program| seen.has_program(program));
}
