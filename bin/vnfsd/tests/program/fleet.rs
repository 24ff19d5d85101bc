//! `vnfsd run`.

use crate::process::{Server, complaint, text};
use rustix::process::Signal;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fleet file in a folder of its own.
struct Fleet {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Fleet {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("fleet.toml");
        let fleet = Self { _folder: folder, file };
        fleet.write(text);
        fleet
    }

    /// Puts another file in its place, whole.
    fn write(&self, text: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, text).expect("it can be written");
        fs::rename(&new, &self.file).expect("it can be put in its place");
    }

    fn path(&self) -> &str {
        self.file.to_str().expect("a plain path")
    }
}

/// A service in memory, or of an image beside the file.
fn service(name: &str, source: &str, address: SocketAddr) -> String {
    format!("[[service]]\nname = '{name}'\n{source}\nlisten = '{address}'\nexports = ['/']\n")
}

/// An address where nobody listened a moment ago.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn answers(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

fn await_that(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_service_that_cannot_start_stops_nobody_and_is_tried_again() {
    let (first, second) = (free(), free());
    let memory = service("memory", "memory = '16M'", first);
    let image = service("missing", "image = 'late.img'\nopening = 'at-once'", second);
    let fleet = Fleet::new(&(memory + &image));
    let server = Server::run(fleet.path());
    assert!(server.ready.starts_with("vnfsd: 2 services: "), "{}", server.ready);
    assert!(server.ready.ends_with("1 failed"), "{}", server.ready);
    assert!(answers(first) && !answers(second));
    let late = fleet.file.with_file_name("late.img");
    text(["newfs", late.to_str().expect("a plain path"), "--size", "16M"]);
    await_that("what is there now is served", || answers(second));
    let (code, said) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("late.img"), "{said}");
}

#[test]
fn a_file_that_is_read_again_changes_what_it_changes() {
    let (first, second, third) = (free(), free(), free());
    let stays = service("stays", "memory = '16M'", first);
    let fleet = Fleet::new(&(stays.clone() + &service("goes", "memory = '16M'", second)));
    let server = Server::run(fleet.path());
    let client = TcpStream::connect(first).expect("it answers");
    assert!(answers(second));
    fleet.write("[[service]]\nname = 7\n");
    server.tell(Signal::HUP);
    fleet.write(&(stays + &service("comes", "image = 'new.img'\ncreate = '16M'", third)));
    server.tell(Signal::HUP);
    await_that("who is new is served", || answers(third));
    await_that("who is gone is not", || !answers(second));
    client.set_nonblocking(true).expect("it can be looked at");
    let seen = client.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(seen, Err(std::io::ErrorKind::WouldBlock), "who stays keeps his clients");
    let (code, said) = server.end(Signal::INT);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 added, 1 removed, 0 restarted"), "{said}");
    let image = fleet.file.with_file_name("new.img");
    assert!(text(["image", "stat", image.to_str().expect("a plain path")]).contains("clean"));
}

/// What a command for a running fleet prints.
fn asked(control: &str, words: &[&str]) -> String {
    text([words, &["--control", control]].concat())
}

#[test]
fn the_control_socket_answers_for_the_fleet() {
    let (first, second) = (free(), free());
    let one = service("one", "memory = '16M'\nlabels = { team = 'a' }", first);
    let fleet = Fleet::new(&one);
    let control = fleet.file.with_file_name("control.sock");
    let control = control.to_str().expect("a plain path");
    let server = Server::with(["run", fleet.path(), "--control", control]);
    assert!(asked(control, &["status"]).contains("resting"), "{}", asked(control, &["status"]));
    let json = asked(control, &["status", "one", "--json"]);
    assert!(json.contains(&first.to_string()) && json.contains("team"), "{json}");
    asked(control, &["stop", "one"]);
    await_that("who is stopped answers nobody", || !answers(first));
    asked(control, &["start", "one"]);
    await_that("who is started answers", || answers(first));
    let added = fleet.file.with_file_name("added.toml");
    let many = "[[services]]\nname = 'more{index}'\ncount = 1\nmemory = '16M'\n";
    let many = format!("{many}listen = '{second}'\nexports = ['/']\n");
    fs::write(&added, &many).expect("it can be written");
    let added = added.to_str().expect("a plain path");
    asked(control, &["add", added]);
    await_that("who is added answers", || answers(second));
    assert!(asked(control, &["reload"]).contains('0'), "what was added stays");
    assert!(answers(second));
    asked(control, &["remove", "more0"]);
    await_that("who is removed does not", || !answers(second));
    let said = complaint(1, ["remove", "one", "--control", control]);
    assert!(said.contains("take it out there"), "{said}");
    fs::write(added, many.replace("count = 1", "count = -1")).expect("it can be written");
    let said = complaint(1, ["add", added, "--control", control]);
    assert!(said.contains("(added):3:9: ") || said.contains("added"), "{said}");
    assert!(asked(control, &["log-level", "debug"]).contains("debug"));
    asked(control, &["stop", "--fleet"]);
    let (code, said) = server.ended();
    assert_eq!(code, Some(0), "{said}");
    assert!(!fs::exists(control).expect("it can be looked at"), "the socket is gone, too");
}

#[test]
fn an_isolation_that_is_not_there_is_not_promised() {
    let (first, second) = (free(), free());
    let alone = service("alone", "memory = '16M'\nisolation = 'process'", first);
    let fleet = Fleet::new(&(alone + &service("other", "memory = '16M'", second)));
    let server = Server::run(fleet.path());
    assert!(server.ready.ends_with("1 failed"), "{}", server.ready);
    assert!(answers(second) && !answers(first));
    let (code, said) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("not carried out yet"), "{said}");
}

#[test]
fn a_file_at_fault_starts_nothing() {
    let fleet = Fleet::new("[[service]]\nname = 'a'\nmemory = '16M'\nlisten = 'here'\n");
    let said = complaint(1, ["run", fleet.path()]);
    assert!(said.contains("fleet.toml:4:10: service[0].listen: expected"), "{said}");
    assert!(said.contains("exports"), "all faults are told: {said}");
    fleet.write(
        &("[process]\nuser = 'nobody'\n".to_owned() + &service("a", "memory = '16M'", free())),
    );
    let said = complaint(1, ["run", fleet.path()]);
    assert!(said.contains("process.user"), "what is not done is not passed over: {said}");
    let said = complaint(1, ["run", "/nowhere/fleet.toml"]);
    assert!(said.contains("/nowhere/fleet.toml"), "{said}");
}
