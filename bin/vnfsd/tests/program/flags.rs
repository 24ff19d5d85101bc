//! The table of flags, and what derives from it.

use crate::process::{complaint, text};
use std::fs;

#[test]
fn wrong_usage_is_exit_code_2() {
    for (arguments, hint) in [
        (&["serve"][..], "--memory"),
        (&["serve", "a.img", "--memory", "1M"], "cannot be used with"),
        (&["serve", "a.img", "--create", "12Q"], "expected a size such as"),
        (&["serve", "a.img", "--listen", "localhost"], "ADDR:PORT"),
        (&["serve", "a.img", "--export", "a"], "absolute path"),
        (&["serve", "a.img", "--backend", "magic"], "auto, uring, poll"),
        (&["serve", "a.img", "--link", "eth0"], "use tap:NAME"),
        (&["serve", "a.img", "--link", "unix:a", "--listen", "[::1]:0"], "cannot be used with"),
        (&["serve", "a.img", "--link", "unix:a", "--address", "10.1.0.2"], "write 10.1.0.2/24"),
        (&["serve", "a.img", "--link", "unix:a", "--mac", "01:00:5e:00:00:01"], "must be even"),
        (&["serve", "a.img", "--link", "switch:lan.4095"], "switch:NAME.VLAN (1 to 4094)"),
        (&["serve", "a.img", "--uplink", "unix:a"], "--link <LINK>"),
        (&["serve", "a.img", "--address", "dhcp"], "--link <LINK>"),
        (&["serve", "a.img", "--gateway", "10.1.0.1"], "--link <LINK>"),
        (&["serve", "a.img", "--mac", "02:00:00:00:00:02"], "--link <LINK>"),
        (&["serve", "a.img", "--mtu", "9000"], "--link <LINK>"),
        (&["serve", "a.img", "--pcap", "trace.pcap"], "--link <LINK>"),
        (&["image", "cat", "a.img"], "PATHS"),
        (&["stop"], "NAMES|--fleet"),
        (&["stop", "a", "--fleet"], "cannot be used with"),
        (&["pcap", "a"], "FILE|--off"),
        (&["log-level", "loud"], "off, error, warn"),
        (&["frobnicate"], "unrecognized"),
    ] {
        let said = complaint(2, arguments.iter().copied());
        assert!(said.contains(hint), "{arguments:?}: {said}");
    }
}

#[test]
fn manual_pages_cover_every_command_and_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man");
    text(["man", pages.to_str().expect("a plain path")]);
    for page in [
        "vnfsd.1",
        "vnfsd-serve.1",
        "vnfsd-check.1",
        "vnfsd-status.1",
        "vnfsd-start.1",
        "vnfsd-stop.1",
        "vnfsd-pause.1",
        "vnfsd-resume.1",
        "vnfsd-reload.1",
        "vnfsd-exports.1",
        "vnfsd-clients.1",
        "vnfsd-add.1",
        "vnfsd-remove.1",
        "vnfsd-log-level.1",
        "vnfsd-pcap.1",
        "vnfsd-newfs.1",
        "vnfsd-image.1",
        "vnfsd-image-get.1",
        "vnfsd-image-put.1",
    ] {
        assert!(pages.join(page).is_file(), "{page}");
    }
    let serve = fs::read_to_string(pages.join("vnfsd-serve.1")).expect("a page");
    for flag in [
        "memory",
        "create",
        "listen",
        "export",
        "name",
        "backend",
        "cache",
        "log\\-level",
        "link",
        "address",
        "gateway",
        "mac",
        "mtu",
        "pcap",
        "uplink",
    ] {
        assert!(serve.contains(&format!(r"\-\-{flag}")), "--{flag}");
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(["completions", shell]);
        assert!(script.contains("read-only") && script.contains("pcap"), "{shell}");
    }
}
