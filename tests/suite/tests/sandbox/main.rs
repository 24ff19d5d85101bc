//! The confined program at work: nothing that it does itself is refused.
//!
//! That what it must not do is refused is shown where the sandbox lives (hosts/sandbox/tests).

mod traced;

use rustix::process::Signal;
use std::fs;
use std::path::Path;
use suite::namespace::Namespace;
use suite::process::{run, text};
use suite::program::vnfsd;
use suite::require::{self, find};
use suite::server::{Backend, Server};
use traced::Traced;

/// Larger than what is sent at once, so that the disk is read and written in pieces.
const FILE_BYTES: usize = 3 << 20;

/// Clients write, read and list by TCP.
fn work(server: &Server, folder: &Path, names: [&str; 2]) {
    let (file, tool) = (folder.join("file"), |name| find(name).expect("it was asked for"));
    fs::write(&file, vec![7; FILE_BYTES]).expect("a file");
    for name in names {
        run(std::process::Command::new(tool("nfs-cp"))
            .arg(&file)
            .arg(server.url(&format!("//{name}"))));
    }
    let back = run(
        std::process::Command::new(tool("nfs-cat")).arg(server.url(&format!("//{}", names[0])))
    )
    .stdout;
    assert_eq!(back.len(), FILE_BYTES);
    let listed = text(std::process::Command::new(tool("nfs-ls")).arg(server.url("/")));
    assert!(listed.contains(names[1]), "{listed}");
}

fn are_tools_there() -> bool {
    require::tools(&["strace", "nfs-cp", "nfs-cat", "nfs-ls"])
}

#[test]
fn nothing_is_refused_to_a_server_of_images() {
    if !are_tools_there() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("disk.img");
    for backend in Backend::ALL {
        // The second of them finds the image that the first one has made.
        let traced = Traced::new();
        let mut command = traced.command(vnfsd());
        command.arg("serve").arg(&image).args(["--create", "64M", "--discard"]);
        command.args(["--listen", "127.0.0.1:0", "--listen", "[::1]:0"]);
        command.args(["--backend", backend.name()]);
        let server = Server::launch(&mut command).expect("it starts");
        let names = [backend.name(), &format!("{}-again", backend.name())];
        work(&server, folder.path(), names);
        traced.end(server);
        traced.assert_nothing_refused();
    }
}

#[test]
fn nothing_is_refused_to_a_host_of_its_own() {
    if !are_tools_there() || !require::tools(&["ip"]) || !require::root() {
        return;
    }
    let (network, folder) = (Namespace::new(), tempfile::tempdir().expect("a temporary folder"));
    for backend in Backend::ALL {
        let traced = Traced::new();
        let mut command = network.command(find("strace").expect("it was asked for"));
        command.args(traced.arguments()).arg(vnfsd());
        command.args(["serve", "--memory", "16M", "--link", "tap:vnfs0"]);
        command.args(["--address", "10.1.0.2/24", "--backend", backend.name(), "--pcap"]);
        let server = Server::launch(command.arg(folder.path().join("trace"))).expect("it starts");
        network.ip("addr add 10.1.0.1/24 dev vnfs0");
        let tool = find("nfs-ls").expect("it was asked for");
        run(network.command(tool).args(["-R", "nfs://10.1.0.2/"]));
        traced.end(server);
        traced.assert_nothing_refused();
    }
}

#[test]
fn it_says_whether_it_is_confined() {
    let start = |arguments: &[&str]| {
        let mut command = suite::process::command(vnfsd());
        command.args(["--log-level", "debug", "serve", "--memory", "16M"]);
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        Server::launch(&mut command).expect("it starts").last_words(Signal::TERM)
    };
    assert!(start(&[]).contains("sandbox: user "), "what is in force");
    let said = start(&["--no-sandbox"]);
    assert!(said.contains("WARN") && said.contains("--no-sandbox: whoever breaks in"), "{said}");
}
