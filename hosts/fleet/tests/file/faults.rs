//! What is said of files that are wrong.

use crate::faults;

/// A file with a service that is right, and one more line in it.
fn with(line: &str) -> String {
    format!(
        "[switch.lan]\n[[service]]\nname = \"one\"\nexports = \"/\"\n{}{}{line}\n",
        if line.contains("image") || line.contains("memory") { "" } else { "memory = \"1M\"\n" },
        if line.contains("link =") || line.contains("listen =") {
            ""
        } else {
            "listen = \"[::1]:1\"\n"
        },
    )
}

#[test]
fn a_line_says_what_is_wrong_with_it() {
    for (line, said) in [
        ("listne = \"x\"", "service[0].listne: expected `listen`, found \"listne\""),
        ("zzz = 1", "expected one of uuid, name, template,"),
        ("memory = \"lots\"", "6:10: service[0].memory: expected a size such as 65536, \"64M\""),
        ("memory = 0", "expected more than 0 bytes"),
        ("image = \"\"", "expected text that is not empty, found \"\""),
        ("image = 5", "expected text in quotation marks, found the number 5"),
        ("image = \"{stem}\"", "expected no {stem} but in [[services]]"),
        ("image = \"{what}\"", "in braces"),
        ("memory = 1\nimage = \"x\"", "service[0].image: expected no `image` beside `memory`"),
        (
            "image = \"x\"\nread_only = true\ncreate = 9",
            "expected no `create` of what is read only",
        ),
        ("weight = 0", "expected a whole number from 1 to 10000, found the number 0"),
        ("start = 1", "expected true or false"),
        ("isolation = \"vm\"", "expected \"thread\" or \"process\", found \"vm\""),
        ("limits = { cash = 1 }", "service[0].limits.cash: expected `cache`"),
        ("limits = { memory = \"1M\" }", "service[0].limits.memory: expected at least 16 MiB"),
        ("limits = 5", "expected a table, found the number 5"),
        ("limits = { save_age = 5 }", "expected a length of time such as"),
        ("labels = { \"a b\" = \"x\" }", "service[0].labels.a b: expected letters, digits"),
        ("labels = [1]", "expected a table, found a list"),
        ("listen = \"localhost:1\"", "expected an address and a port"),
        ("listen = \"[::1]:1\"\naddress = \"dhcp\"", "expected no `address` beside `listen`"),
        ("listen = [\"[::1]:1\", \"[::]:1\"]", "found [::]:1, which this service itself has"),
        ("link = \"eth0\"", "no link is called"),
        (
            "link = \"switch:lam\"",
            "expected a switch that is described: `lan`, found switch \"lam\"",
        ),
        ("link = \"tap:x\"\nvlan = 5", "expected no `vlan` but with switch:NAME"),
        (
            "link = \"switch:lan.7\"\nvlan = 5",
            "expected the VLAN in `link` or in `vlan`, found both",
        ),
        ("link = \"switch:lan\"\nmtu = 1500", "expected `mtu` of [switch.lan] instead"),
        ("link = \"tap:x\"\naddress = \"10.0.0.2\"", "write 10.0.0.2/24"),
        (
            "link = \"tap:x\"\naddress = [\"dhcp\", \"dhcp\"]",
            "address[1]: expected each address once",
        ),
        ("link = \"tap:x\"\naddress = \"10.0.0.2/24\"\ngateway = \"10.0.1.1\"", "in no network"),
        ("link = \"tap:x\"\ngateway = [\"10.0.0.1\", \"10.0.0.2\"]", "one gateway for IPv4"),
        ("link = \"tap:x\"\nmtu = 1000", "expected an MTU of at least 1280, for IPv6"),
        ("link = \"tap:x\"\nmac = \"01:00:00:00:00:00\"", "the address of a group"),
        ("uuid = \"x\"", "expected a UUID"),
        ("template = \"x\"", "expected a template: nothing, found \"x\""),
    ] {
        let told = faults(&with(line));
        assert!(told.contains(said), "{line}: {told}");
        assert!(told.starts_with("/etc/fleet.toml:"), "{told}");
    }
}

#[test]
fn exports_are_the_services_own_words() {
    for (exports, said) in [
        ("[]", "expected 1 to 256 exports, found 0 of them"),
        ("\"relative\"", "expected PATH or PATH:OPTION,... (export `relative`"),
        ("[\"/\", \"/a:wsync\"]", "service[0].exports[1]: expected PATH or PATH:OPTION"),
        ("[\"/a\", \"/a\"]", "expected exports that can stand beside each other"),
        ("{ options = \"ro\" }", "expected `path`"),
        ("{ path = \"/a:b\" }", "expected a path without a colon"),
        ("{ path = \"/\", clients = \"a,b\" }", "expected one address or network"),
        ("{ path = \"/\", option = \"ro\" }", "expected `options`"),
        ("5", "expected text in quotation marks"),
    ] {
        let file = format!(
            "[[service]]\nname = \"a\"\nmemory = 1\nlisten = \"[::1]:1\"\nexports = {exports}"
        );
        let told = faults(&file);
        assert!(told.contains(said), "{exports}: {told}");
    }
}

#[test]
fn what_must_be_said_is_asked_for_at_once() {
    let told = faults("[[service]]\nname = \"a\"\n");
    for what in ["`image` or `memory`", "`listen` or `link`", "`exports`"] {
        assert!(told.contains(&format!("expected {what}, found nothing of it")), "{told}");
    }
    assert!(faults("[[service]]").contains("expected `name`"));
    assert!(faults("[[services]]").contains("expected `images` or `count`, found neither"));
    assert!(faults("[[services]]\ncount = 1\n").contains("expected `name`"));
}

#[test]
fn sections_are_known() {
    for (file, said) in [
        ("[proces]", "1:2: proces: expected a section: `process`, found \"proces\""),
        ("a = 1", "expected a section: one of process, switch, defaults, template"),
        ("[service]", "expected [[service]], found a table"),
        ("service = 1", "expected [[service]], found the number 1"),
        ("service = [1]", "service[0]: expected a table, found the number 1"),
        ("switch = 1", "expected tables [switch.NAME]"),
        ("[switch.\"a b\"]", "expected a name of letters, digits"),
        ("[switch.a]\nuplinks = \"switch:b\"", "expected a link to the world"),
        ("[switch.a]\nuplinks = { vlan = 1 }", "expected `link`, found an uplink without it"),
        ("template = 1", "expected tables [template.NAME]"),
        ("[defaults]\nname = \"x\"", "defaults.name: expected"),
        ("[process]\nworkers = 0", "process.workers: expected a whole number from 1 to 1024"),
        ("[process]\nlog_level = \"loud\"", "expected \"off\" or \"error\" or"),
        ("[process]\nmetrics = \"9100\"", "expected an address and a port"),
    ] {
        let told = faults(file);
        assert!(told.contains(said), "{file}: {told}");
    }
}

#[test]
fn templates_do_not_go_in_circles() {
    let told = faults("[template.a]\ntemplate = \"b\"\n[template.b]\ntemplate = \"a\"\n");
    assert!(told.contains("expected a template that does not lead back here"), "{told}");
    assert!(faults("[template.a]\ntemplate = \"a\"").contains("a in a circle"));
    assert!(faults("[template.abc]\ntemplate = \"abd\"").contains("a template: `abc`"));
}

#[test]
fn nothing_is_had_twice() {
    let file = |one: &str, two: &str| {
        let service = |name: &str, lines: &str| {
            let memory = if lines.contains("image") { "" } else { "memory = 1\n" };
            let listen = if lines.contains("li") { "" } else { "listen = \"[::1]:0\"\n" };
            format!("[[service]]\nname = {name:?}\nexports = \"/\"\n{memory}{listen}{lines}\n")
        };
        format!(
            "[switch.lan]\nuplinks = \"tap:up\"\n{}{}",
            service("one", one),
            service("two", two)
        )
    };
    let same = |lines: &str| file(lines, lines);
    for (file, said) in [
        (
            same("listen = \"127.0.0.1:5\""),
            "listen: expected what nobody else has, found 127.0.0.1:5, which service \"one\" has",
        ),
        (
            file("listen = \"127.0.0.1:5\"", "listen = \"0.0.0.0:5\""),
            "found 0.0.0.0:5, which service \"one\"",
        ),
        (same("image = \"a\""), "found the image \"/etc/a\", which service \"one\" has"),
        (file("image = \"./a\"\nread_only = true", "image = \"a\""), "the image \"/etc/a\""),
        (
            same("uuid = \"2f1e9f6c-5a0b-4d8e-9c37-0123456789ab\""),
            "expected a UUID that no other service has",
        ),
        (same("link = \"tap:x\""), "found the link \"tap:x\", which service \"one\" has"),
        (same("link = \"tap:up\""), "found the link \"tap:up\", which an uplink has"),
        (
            same("link = \"switch:lan.5\"\naddress = \"10.0.0.2/24\""),
            "10.0.0.2 in VLAN 5 of switch \"lan\"",
        ),
        (
            same("link = \"switch:lan\"\nmac = \"02:00:00:00:00:01\""),
            "its Ethernet address in VLAN 1",
        ),
        (
            file("link = \"tap:a\"\npcap = \"p\"", "link = \"tap:b\"\npcap = \"p\""),
            "the file \"/etc/p\"",
        ),
    ] {
        let told = faults(&file);
        assert!(told.contains(said), "{file}{told}");
        assert_eq!(
            told.lines().count(),
            if file.contains("tap:up\"\nadd") { 2 } else { told.lines().count() }
        );
    }
    let twice =
        "[[service]]\nname = \"a\"\nmemory = 1\nexports = \"/\"\nlisten = \"[::1]:0\"\n".repeat(2);
    assert!(
        faults(&twice).contains("7:8: service[1].name: expected a name that no other service has")
    );
}

#[test]
fn ranges_have_room_for_all() {
    let group = |lines: &str| {
        format!(
            "[switch.lan]\n[[services]]\ncount = 300\nname = \"s{{index}}\"\nmemory = 1\nexports = \"/\"\n{lines}"
        )
    };
    for (lines, said) in [
        (
            "listen = \"127.0.0.1:1000-1099\"",
            "expected a range of more than 100 ports, found service 101 of it",
        ),
        ("listen = \"127.0.0.1:1000\"", "which service \"s0\" has"),
        (
            "link = \"switch:lan\"\nvlan = \"1-9\"",
            "expected a range of more than 9 VLANs, found service 10",
        ),
        ("link = \"switch:lan\"\naddress = \"10.0.0.2/24\"", "10.0.0.2/24 ends before address 254"),
        ("link = \"switch:lan\"\nmac = \"fe:ff:ff:ff:ff:f0\"", "that enough others follow"),
        ("link = \"tap:x\"", "the link \"tap:x\", which service \"s0\" has"),
        ("link = \"tap:{index:5}\"", "in braces"),
    ] {
        let told = faults(&group(lines));
        assert!(told.contains(said), "{lines}: {told}");
        assert_eq!(told.lines().count(), 1, "a place has one fault: {told}");
    }
}

#[test]
fn groups_say_who_they_are() {
    let rest = "exports = \"/\"\nlisten = \"127.0.0.1:1-9999\"\n";
    for (lines, said) in [
        ("count = 0\nname = \"a{index}\"", "expected a whole number from 1 to 100000"),
        ("count = 2\nname = \"a\"\nmemory = 1", "found \"a\", a second time"),
        ("count = 2\nname = \"{name}\"\nmemory = 1", "expected no {name} in the name itself"),
        ("images = \"/srv/**\"", "expected a pattern without `**`"),
        ("images = \"/gone/*.img\"", "expected a directory that can be listed: /gone"),
        ("images = \"/srv/*.img\"\ncount = 2", "expected `images` or `count`, found both"),
        ("images = \"/srv/*.img\"\nimage = \"x\"", "expected no `image` beside `images`"),
        ("count = 2\nuuid = \"x\"", "services[0].uuid: expected"),
    ] {
        let told = faults(&format!("[[services]]\n{lines}\n{rest}"));
        assert!(told.contains(said), "{lines}: {told}");
    }
}

#[test]
fn all_faults_of_a_file_are_told_in_its_order() {
    let told =
        faults("[process]\nworkers = -1\n[[service]]\nname = 5\nmemory = \"x\"\nweight = 0\n");
    let lines: Vec<_> = told.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["2", "4", "5", "6"], "{told}");
    let many = "[[service]]\nweight = 0\n".repeat(500);
    assert_eq!(faults(&many).lines().count(), fleet::FAULTS_MAX);
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let told = faults("a = \nb = = 2\n[x\n");
    assert!(told.lines().count() >= 2, "{told}");
    assert!(
        told.starts_with("/etc/fleet.toml:1:") && told.contains(": expected TOML, found "),
        "{told}"
    );
    assert!(faults("[process]\nworkers = 1\nworkers = 2").contains("3:"));
    assert!(faults(&"[".repeat(100_000)).contains("TOML"));
    assert!(faults(&format!("a = {}", "[".repeat(100_000))).contains("TOML"));
    assert!(faults(&" ".repeat((16 << 20) + 1)).contains("a file of at most"));
}
