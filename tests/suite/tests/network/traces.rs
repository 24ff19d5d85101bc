//! Traces that cannot be written, or no further: the service says so, and serves.

use nfs3_types::nfs3::stable_how;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use suite::lan::{Lan, SERVICE, SERVICE_ADDRESSES, await_said};
use suite::nfs::Client;
use suite::process;
use suite::program::vnfsd;
use suite::require;
use suite::server::Server;
use suite::trace::Trace;

/// Starts a program that may write files of so many KiB: more than a trace's first buffer is.
const LIMITED: &str = "ulimit -f 600; exec \"$0\" \"$@\"";

#[test]
fn a_trace_without_space_ends_behind_a_frame_and_the_service_goes_on() {
    if !require::tools(&["ip", "tshark"]) || !require::root() {
        return;
    }
    let (lan, folder) = (Lan::new(1500), tempfile::tempdir().expect("a temporary folder"));
    let file = folder.path().join("trace.pcap");
    let mut command = lan.network().command("sh");
    command.args(["-c", LIMITED]).arg(vnfsd()).args(["serve", "--memory", "64M"]);
    command.args(["--link", "tap:vnfs0", "--export", "/:no_root_squash", "--pcap"]);
    let server = Server::launch(command.arg(&file).args(SERVICE_ADDRESSES)).expect("it starts");
    let address = SocketAddr::new(SERVICE[0].parse().expect("an address"), 2049);
    let (mut client, root) = lan.network().inside(|| Client::mount(address));
    let contents = vec![7; 200_000];
    for number in 0..10 {
        let name = format!("file{number}");
        let name = name.as_bytes();
        let file = client.create(&root, name).expect("a file");
        client.write(&file, 0, &contents, stable_how::FILE_SYNC).expect("written");
        assert!(client.read_all(&file, 1 << 20).expect("data") == contents);
    }
    await_said(&server, "the trace ends here: File too large");
    let said = server.last_words(Signal::TERM);
    assert_eq!(said.matches("the trace ends here").count(), 1, "{said}");
    let length_bytes = fs::metadata(&file).expect("a trace").len();
    assert!(length_bytes > 100_000, "{length_bytes}");
    assert!(!Trace::new(&file).values("frame", "frame.number").is_empty(), "it is read to its end");
}

#[test]
fn a_pipe_that_nobody_reads_is_refused_and_no_name_is_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [pipe, socket] = ["pipe", "socket"].map(|name| folder.path().join(name));
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).expect("a pipe");
    let mut command = process::command(vnfsd());
    command.args(["serve", "--memory", "16M", "--pcap"]).arg(&pipe);
    command.args(["--link", &format!("unix:{}", socket.display())]).args(SERVICE_ADDRESSES);
    let refusal = Server::launch(&mut command).expect_err("nobody reads");
    assert_eq!(refusal.code, Some(1), "{}", refusal.errors);
    assert!(refusal.errors.contains("start its reader first"), "{}", refusal.errors);
    assert!(!socket.exists(), "its name is gone");
}
