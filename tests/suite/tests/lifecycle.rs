//! From the ready line to the last signal.

use rustix::process::Signal;
use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use suite::image::Format;
use suite::nfs::{Client, Pieces};
use suite::process::{self, run, text};
use suite::program::vnfsd;
use suite::server::{Backend, Refusal, Server, arguments};
use suite::surgery::Patient;
use suite::tree::Tree;
use suite::{look, require};

#[test]
fn signals_end_it_cleanly() {
    for backend in Backend::ALL {
        for signal in [Signal::INT, Signal::TERM] {
            let server = Server::memory("16M", backend);
            let _idle = Client::mount(server.address());
            server.stop(signal);
        }
    }
}

/// Clients at work see their connection end, never a reply cut short.
#[test]
fn it_stops_under_load() {
    for backend in Backend::ALL {
        let server = Server::memory("64M", backend);
        let (mut client, root) = Client::mount(server.address());
        let file = client.put(&root, b"file", &vec![3; 1 << 20]).expect("a file");
        let address = server.address();
        let work = move || while client.connection_works(&file) {};
        let worker = thread::spawn(work);
        let other = thread::spawn(move || Client::open(address));
        server.stop(Signal::TERM);
        worker.join().expect("every reply was whole");
        let _ = other.join();
    }
}

/// Whether a READ of a MiB is answered, and in full.
trait Works {
    fn connection_works(&mut self, file: &nfs3_types::nfs3::nfs_fh3) -> bool;
}

impl Works for Client {
    fn connection_works(&mut self, file: &nfs3_types::nfs3::nfs_fh3) -> bool {
        use nfs3_types::nfs3::{NFS_PROGRAM, READ3args};
        let arguments = READ3args { file: file.clone(), offset: 0, count: 1 << 20 };
        let arguments = suite::nfs::packed(&arguments);
        let message = self.message(suite::nfs::NFS, NFS_PROGRAM::NFSPROC3_READ as u32, &arguments);
        let sent = self.connection().send_raw(&suite::rpc::record(&message));
        sent.is_ok() && self.connection().try_receive().is_some()
    }
}

#[test]
fn the_ready_line_says_what_is_served() {
    let memory = Server::memory("16M", Backend::Uring);
    assert!(
        memory.ready().contains("memory") && memory.ready().contains("16"),
        "{}",
        memory.ready()
    );
    assert!(memory.ready().contains("nfs://127.0.0.1/"), "{}", memory.ready());
    assert!(memory.ready().contains("mount "), "{}", memory.ready());
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for format in Format::all(8192, 1024) {
        let image = image(folder.path(), format);
        let server = Server::image(&image, Backend::Uring);
        let name = format!("FFSv{}", format.version);
        let order = if format.byte_order == "le" { "little-endian" } else { "big-endian" };
        let ready = server.ready();
        assert!(ready.contains(&name) && ready.contains(order), "{ready}");
    }
}

fn image(folder: &Path, format: Format) -> PathBuf {
    let tree_at = folder.join(format!("tree {format}"));
    let mut tree = Tree::empty();
    tree.add_noise("file", 3000);
    tree.lay(&tree_at);
    let image = folder.join(format!("image {format}"));
    format.make(&image, &tree_at);
    image
}

#[test]
fn a_port_in_use_is_an_error_that_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let refusal = refused(&["--memory", "16M", "--listen", &address]);
    assert!(refusal.errors.contains(&address), "{refusal:?}");
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = datagrams.local_addr().expect("an address").to_string();
    let refusal = refused(&["--memory", "16M", "--listen", &address]);
    assert!(refusal.errors.contains(&address), "{refusal:?}");
}

fn refused(arguments: &[&str]) -> Refusal {
    let refusal = Server::launch(process::command(vnfsd()).arg("serve").args(arguments));
    let refusal = refusal.err().unwrap_or_else(|| panic!("{arguments:?} should be refused"));
    assert_eq!(refusal.code, Some(1), "{refusal:?}");
    assert!(!refusal.errors.contains("panicked"), "{refusal:?}");
    refusal
}

#[test]
fn what_is_no_image_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let contents = [("empty", vec![]), ("short", vec![0; 5000]), ("zeros", vec![0; 1 << 20])];
    for (name, contents) in contents {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).expect("written");
        for backend in Backend::ALL {
            let refusal = Server::try_start([&path], backend).expect_err("it is no image");
            assert_eq!(refusal.code, Some(1), "{refusal:?}");
            assert!(refusal.errors.contains(name), "the error names the image: {refusal:?}");
        }
    }
    let missing = folder.path().join("missing");
    let refusal = Server::try_start([&missing], Backend::Uring).expect_err("it does not exist");
    assert!(refusal.code == Some(1) && refusal.errors.contains("missing"), "{refusal:?}");
}

#[test]
fn a_truncated_image_is_refused_or_served_with_errors() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = image(folder.path(), Format::usual());
    let whole = std::fs::read(&image).expect("the image");
    for length in [8192, 9000, 16384, 20_000, 100_000, whole.len() - 1] {
        std::fs::write(&image, &whole[..length]).expect("written");
        match Server::try_start([&image], Backend::Uring) {
            Ok(server) => drop(Client::mount(server.address())),
            Err(refusal) => assert_eq!(refusal.code, Some(1), "{length} bytes: {refusal:?}"),
        }
    }
}

#[test]
fn create_makes_an_image_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("new.img");
    for round in 0..2 {
        let server = Server::start(arguments(&image, ["--create", "16M"]), Backend::Uring);
        assert!(server.ready().contains("FFSv2"), "{}", server.ready());
        let (mut client, root) = Client::mount(server.address());
        assert_eq!(client.walk(&root, Pieces::LARGE).len(), 1, "an empty root, round {round}");
        let metadata = std::fs::metadata(&image).expect("the image");
        assert_eq!(metadata.len(), 16 << 20);
    }
    let stat = text(look::command("stat", &image).args(["--json", "/"]));
    assert!(stat.contains("\"clean\": true"), "{stat}");
}

/// An image that is there is served as it is, whatever size was asked for.
#[test]
fn create_touches_nothing_that_exists() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = image(folder.path(), Format::usual());
    let before = std::fs::read(&image).expect("the image");
    let server = Server::start(arguments(&image, ["--create", "64M"]), Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    client.find(&root, b"file").expect("what was there before");
    drop(server);
    assert!(std::fs::read(&image).expect("the image") == before, "reading changes nothing");
}

/// A created image as Linux's and NetBSD's relatives see it.
#[test]
fn a_created_image_is_one_to_others() {
    if !require::tools(&["fsstat"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("new.img");
    drop(Server::start(arguments(&image, ["--create", "32M"]), Backend::Poll));
    let shown = text(std::process::Command::new("fsstat").args(["-f", "ufs"]).arg(&image));
    assert!(shown.contains("UFS 2"), "{shown}");
}

#[test]
fn sizes_nobody_can_make() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("new.img");
    for size in ["1", "1000", "16K"] {
        let arguments = arguments(&image, ["--create", size]);
        let refusal = Server::try_start(arguments, Backend::Uring).expect_err("too small");
        assert_eq!(refusal.code, Some(1), "{refusal:?}");
        assert!(!image.exists(), "nothing half made is left behind");
    }
}

/// Many services of one program, side by side.
#[test]
fn several_at_once() {
    let servers: Vec<_> = (0..8).map(|_| Server::memory("4M", Backend::Uring)).collect();
    for (number, server) in servers.iter().enumerate() {
        let (mut client, root) = Client::mount(server.address());
        client.put(&root, b"number", number.to_string().as_bytes()).expect("a file");
    }
    for (number, server) in servers.iter().enumerate() {
        let (mut client, root) = Client::mount(server.address());
        let file = client.find(&root, b"number").expect("a file");
        assert_eq!(client.read_all(&file, 10), Ok(number.to_string().into_bytes()));
    }
}

/// Several addresses, both families, each with a port of its own.
#[test]
fn it_listens_where_it_is_told() {
    for backend in Backend::ALL {
        let mut command = process::command(vnfsd());
        command.args(["serve", "--memory", "16M", "--backend", backend.name()]);
        command.args(["--listen", "[::1]:0"]);
        let server = Server::launch(&mut command).expect("it starts");
        let address = (Ipv6Addr::LOCALHOST, server.port()).into();
        let (mut client, root) = Client::mount(address);
        client.attributes(&root).expect("an answer by IPv6");
        assert!(server.ready().contains("nfs://[::1]/"), "{}", server.ready());
    }
}

/// Serving an image twice for reading is fine, and either may end first.
#[test]
fn one_image_read_by_two() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = image(folder.path(), Format::usual());
    let mut patient = Patient::open(&image);
    patient.mark_unclean();
    patient.save(&image);
    let read_only = || Server::start(arguments(&image, ["--read-only"]), Backend::Uring);
    let (first, second) = (read_only(), read_only());
    drop(first);
    let (mut client, root) = Client::mount(second.address());
    client.find(&root, b"file").expect("a file");
}

/// What it did, in one line: calls, and what they cost the disk.
#[test]
fn the_last_line_says_what_was_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("image");
    run(process::command(vnfsd()).arg("newfs").arg(&image).args(["--size", "16M"]));
    let server = Server::image(&image, Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    for name in [b"1", b"2", b"3"] {
        client.put(&root, name, &[1; 10_000]).expect("a file");
    }
    let said = server.last_words(Signal::TERM);
    let (calls, disk) = said.split_once("; disk: ").expect("both");
    assert!(calls.contains("served 7 calls on 1 connections: "), "{said}");
    assert!(calls.contains(" 3 CREATE") && calls.contains(" 3 WRITE"), "{said}");
    let count = |what: &str| {
        let before = disk.split_once(&format!(" {what}")).map(|(before, _)| before);
        let digits = before.and_then(|before| before.rsplit(' ').next()).expect("a count");
        digits.parse::<u64>().expect("a number")
    };
    assert!(count("commits") >= 6 && count("flushes") >= 12, "one after another: {said}");
    assert!(count("bytes written") > 30_000, "{said}");
}

/// Nobody can connect to a service before it has its image and knows that it can serve it.
#[test]
fn nobody_is_let_in_before_it_serves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (held, garbage) = (folder.path().join("held"), folder.path().join("garbage"));
    run(process::command(vnfsd()).arg("newfs").arg(&held).args(["--size", "16M"]));
    std::fs::write(&garbage, vec![7; 1 << 20]).expect("written");
    let _holder = Server::image(&held, Backend::Uring);
    for (image, backend) in [&held, &garbage].into_iter().zip(Backend::ALL).cycle().take(8) {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = port.expect("a free port");
        let mut serve = process::command(vnfsd());
        serve.arg("serve").arg(image).args(["--listen", &address.to_string()]);
        serve.args(["--backend", backend.name()]).stdin(Stdio::null());
        let mut child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        while child.try_wait().expect("a child can be waited for").is_none() {
            // A socket may by chance be given that port, and then connects to itself.
            let is_other = |stream: TcpStream| stream.local_addr().ok() != Some(address);
            let is_in = TcpStream::connect(address).is_ok_and(is_other);
            assert!(!is_in, "{}: let in", image.display());
        }
    }
}
