//! Commands to a running process, whose services do not exist.

use crate::process::vnfsd;
use control::made_up::MadeUp;
use control::{Doors, Patience, Server, Socket};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use tempfile::TempDir;

/// Eight services, s00000 to s00007, of which s00006 has failed.
struct Place {
    folder: TempDir,
    _server: Server,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = Socket::bind(&folder.path().join("control.sock")).expect("a socket");
        let doors = Doors { control: Some(socket), reading: None };
        let operator = Arc::new(MadeUp::new(8));
        let server = Server::spawn(doors, operator, Patience::default()).expect("a server");
        Self { folder, _server: server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = vnfsd(arguments.iter().copied());
        command.env("VNFSD_CONTROL", self.path("control.sock"));
        command.output().expect("the program can be started")
    }

    /// What it prints before it ends with `code`.
    fn text(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn complaint(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).expect("text")
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.text(code, &arguments)).expect("JSON")
    }
}

#[test]
fn status_counts_and_names_who_failed() {
    let place = Place::new();
    let text = place.text(3, &["status"]);
    assert!(text.contains("8 services on 2 workers"), "{text}");
    assert!(text.contains("\nserving   5\n") && text.contains("\nfailed    1\n"), "{text}");
    assert!(text.contains("  s00006: /srv/s00006.img: no such file (attempt 3"), "{text}");
    assert!(!text.contains("paused"), "nobody is: {text}");
    let fleet = place.json(3, &["status"]);
    assert_eq!(
        (&fleet["services"]["failed"], &fleet["services"]["serving"]),
        (&1.into(), &5.into())
    );
    assert_eq!(fleet["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn services_are_picked_by_conditions() {
    let place = Place::new();
    let table = place.text(0, &["status", "s0000[0-2]"]);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.lines().nth(3).is_some_and(|line| line.contains("resting")), "{table}");
    let found = place.json(0, &["status", "--state", "resting", "--label", "tenant=t5"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["name"], "s00005");
    assert!(place.complaint(1, &["status", "--state", "asleep"]).contains("waiting, starting"));
    let exports = place.text(0, &["exports", "s00001"]);
    assert!(exports.contains("/:network=10.0.0.0/8"), "{exports}");
    let exports = place.json(0, &["exports"]);
    assert_eq!(exports.as_array().map(Vec::len), Some(8));
    let clients = place.text(0, &["clients", "s00003"]);
    assert!(clients.contains("10.1.0.3"), "{clients}");
}

#[test]
fn wishes_are_told_and_those_refused_keep_nobody_back() {
    let place = Place::new();
    assert_eq!(place.text(0, &["stop", "s00000", "s00001"]).lines().count(), 2);
    assert_eq!(place.text(0, &["stop", "s00000"]), "s00000: already stopped\n");
    let output = place.output(&["pause", "s00000", "nobody", "s00002"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"s00002: paused\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("s00000: it is stopped"), "{said}");
    assert!(said.contains("nobody: no service has this name"), "{said}");
    assert_eq!(place.text(0, &["resume", "s00002"]), "s00002: serving\n");
    assert_eq!(place.json(0, &["start", "s00006"])[0]["state"], "serving");
    place.text(0, &["status"]);
    assert_eq!(place.text(0, &["remove", "s00006"]), "s00006: stopped, and gone\n");
    assert!(place.text(0, &["stop", "--fleet"]).starts_with("7 services are being stopped"));
}

#[test]
fn changes_are_listed_and_faults_have_their_place() {
    let place = Place::new();
    let text = place.text(0, &["reload"]);
    assert!(text.contains("s00002") && text.contains("restarted"), "{text}");
    assert!(text.ends_with("2 changed, 6 as before\n"), "{text}");
    let file = place.path("more.toml");
    fs::write(&file, "[[services]]\nname = \"new\"\n").expect("a file");
    let file = file.to_str().expect("a plain path");
    assert!(place.text(0, &["add", file]).contains("added"));
    place.text(0, &["status", "new"]);
    fs::write(file, "nonsense").expect("a file");
    let said = place.complaint(1, &["add", file]);
    assert!(said.contains("the request:1:1: services: expected `name`"), "{said}");
    assert!(place.complaint(1, &["add", "/nowhere/file"]).contains("/nowhere/file"));
}

#[test]
fn the_log_and_traces_are_changed() {
    let place = Place::new();
    assert_eq!(place.text(0, &["log-level"]), "info\n");
    assert_eq!(place.text(0, &["log-level", "debug"]), "debug\n");
    assert_eq!(place.json(0, &["log-level"])["level"], "debug");
    let trace = place.json(0, &["pcap", "s00001", "a.pcap"]);
    assert!(trace["file"].as_str().is_some_and(|file| file.starts_with('/')), "{trace}");
    assert!(place.text(0, &["pcap", "s00001", "--off"]).ends_with("written to: -\n"));
}

#[test]
fn who_is_not_there_is_exit_code_4() {
    let place = Place::new();
    let path = place.path("other.sock");
    let path = path.to_str().expect("a plain path");
    for command in [&["status"][..], &["stop", "a"], &["reload"], &["clients", "a"]] {
        let said = place.complaint(4, &[command, &["--control", path]].concat());
        assert!(said.contains(path), "{said}");
    }
}
