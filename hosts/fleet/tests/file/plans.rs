//! What files come to.

use crate::{faults, plan};
use fleet::{Isolation, NetworkPlan, ServicePlan, SourcePlan};
use service::Opening;
use std::path::Path;

fn names(plan: &fleet::Plan) -> Vec<&str> {
    plan.services.iter().map(|service| &*service.name).collect()
}

fn image(service: &ServicePlan) -> &Path {
    match &service.source {
        SourcePlan::Image(image) => &image.path,
        SourcePlan::Memory { .. } => panic!("it is in memory"),
    }
}

fn network(service: &ServicePlan) -> String {
    match &service.network {
        NetworkPlan::Listen(listen) => format!("{listen:?}"),
        NetworkPlan::Link(link) => {
            let addresses: Vec<_> = link.addresses.iter().map(fleet::address::shown).collect();
            let mac = link.mac.map(|mac| format!(" {mac}")).unwrap_or_default();
            format!("{} {}{mac}", link.spec, addresses.join(" "))
        }
    }
}

#[test]
fn nothing_is_no_fleet() {
    for text in ["", "[process]\nworkers = 2\n"] {
        let said = faults(text);
        assert!(
            said.contains(":1:1: expected [[service]] or [[services]], found a file"),
            "{said}"
        );
    }
}

#[test]
fn one_service_with_everything() {
    let plan = plan(
        r#"
        [process]
        workers = 4
        control = "run/control.sock"
        metrics = "127.0.0.1:9100"
        log_level = "warn"
        user = "nobody"

        [[service]]
        name = "home"
        uuid = "2f1e9f6c-5a0b-4d8e-9c37-0123456789ab"
        image = "images/home.img"
        create = "64M"
        discard = true
        exports = ["/", { path = "/pub", options = "root_squash" }]
        listen = ["127.0.0.1:20490", "[::1]:20490"]
        limits = { cache = "1M", calls = 7, bytes_per_second = "10M", rest_after = "10m" }
        weight = 7
        isolation = "process"
        opening = "at-once"
        start = false
        labels = { tenant = "x", what = "{name}!" }
        "#,
    );
    assert_eq!(plan.process.workers, Some(4));
    assert_eq!(plan.process.control.as_deref(), Some(Path::new("/etc/run/control.sock")));
    let home = &plan.services[0];
    assert_eq!(home.uuid.to_string(), "2f1e9f6c-5a0b-4d8e-9c37-0123456789ab");
    assert_eq!(image(home), Path::new("/etc/images/home.img"));
    assert_eq!(home.nfs_exports().len(), 2);
    assert_eq!(network(home), "[127.0.0.1:20490, [::1]:20490]");
    assert_eq!((home.limits.cache_bytes, home.limits.calls_max, home.weight), (1 << 20, 7, 7));
    let limits = home.limits.of_service();
    assert_eq!((limits.rpc.calls_max, limits.rate.bytes_per_second), (7, Some(10 << 20)));
    assert_eq!((home.isolation, home.opening), (Isolation::Process, Opening::AtOnce));
    assert!(!home.start);
    assert_eq!(home.labels["what"], "home!");
}

#[test]
fn nearer_layers_go_first() {
    let plan = plan(
        r#"
        [defaults]
        exports = "/"
        memory = "1M"
        limits = { cache = "1M", dirty = "1M" }
        labels = { a = "defaults", b = "defaults", c = "defaults" }
        link = "switch:lan"
        read_only = true

        [switch.lan]

        [template.base]
        limits = { cache = "2M" }
        labels = { b = "base" }

        [template.small]
        template = "base"
        image = "/srv/x"
        labels = { c = "small" }

        [[service]]
        name = "one"
        template = "small"
        listen = "127.0.0.1:1"
        labels = { d = "one" }

        [[service]]
        name = "two"
        address = "10.0.0.2/24"
        "#,
    );
    let [one, two] = &plan.services[..] else { panic!("two") };
    assert_eq!((one.limits.cache_bytes, one.limits.dirty_bytes), (2 << 20, 1 << 20));
    let labels: Vec<_> = one.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(labels, ["a=defaults", "b=base", "c=small", "d=one"]);
    assert_eq!((image(one), &*network(one)), (Path::new("/srv/x"), "[127.0.0.1:1]"));
    assert!(matches!(two.source, SourcePlan::Memory { size_bytes: 1_048_576 }));
    assert_eq!(network(two), "switch:lan 10.0.0.2/24");
}

#[test]
fn a_service_for_each_image() {
    let plan = plan(
        r#"
        [[services]]
        images = "/srv/*.img"
        exports = "/"
        listen = "127.0.0.1:7000-7999"
        labels = { number = "{index:03}", of = "{stem}/{name}" }
        "#,
    );
    assert_eq!(names(&plan), ["a", "b", "c"]);
    assert_eq!(image(&plan.services[1]), Path::new("/srv/b.img"));
    assert_eq!(network(&plan.services[2]), "[127.0.0.1:7002]");
    assert_eq!(plan.services[2].labels["number"], "002");
    assert_eq!(plan.services[2].labels["of"], "c/c");
    assert_eq!((plan.groups[0].line, plan.groups[0].services.clone()), (2, 0..3));
}

#[test]
fn each_takes_the_next_address() {
    let plan = plan(
        r#"
        [switch.lan]
        uplinks = ["tap:up0", { link = "unix:/run/vm.sock", vlan = 7 }]
        mtu = 9000

        [[services]]
        count = 300
        index_first = 1
        name = "c{index:04}"
        image = "/srv/{name}.img"
        exports = "/"
        link = "switch:lan"
        address = ["10.1.0.2/16", "fd00::2/64"]
        gateway = ["10.1.0.1", "fd00::1"]
        mac = "02:00:00:00:00:00"

        [[services]]
        count = 3
        name = "v{index}"
        memory = "1M"
        exports = "/"
        link = "switch:lan"
        vlan = "100-199"
        address = "10.0.0.2/24"
        address_step = 0
        "#,
    );
    assert_eq!(plan.services[299].name, "c0300");
    assert_eq!(image(&plan.services[0]), Path::new("/srv/c0001.img"));
    let last = "switch:lan 10.1.1.45/16 fd00::12d/64 02:00:00:00:01:2b";
    assert_eq!(network(&plan.services[299]), last);
    assert_eq!(network(&plan.services[302]), "switch:lan.102 10.0.0.2/24");
    assert_eq!(plan.switches[0].uplinks.len(), 2);
}

#[test]
fn an_identity_stays_with_its_name() {
    let file = |name: &str| {
        plan(&format!(
            "[[service]]\nname = {name:?}\nmemory = 1\nexports = \"/\"\nlisten = \"[::1]:1\"\n"
        ))
    };
    let uuid = file("a").services[0].uuid;
    assert_eq!(uuid.to_string(), "c5fb42ff-637b-5e63-8018-6268780e5b0a");
    assert_ne!(file("b").services[0].uuid, uuid);
}

#[test]
fn a_missing_image_is_no_fault_and_readers_share() {
    let plan = plan(
        r#"
        [defaults]
        exports = "/"
        image = "/nowhere"
        read_only = true
        [[services]]
        count = 2
        name = "r{index}"
        listen = "127.0.0.1:5-9"
        [[services]]
        images = "/srv/old/*"
        listen = "127.0.0.1:10-99"
        "#,
    );
    assert_eq!(names(&plan), ["r0", "r1"]);
}
