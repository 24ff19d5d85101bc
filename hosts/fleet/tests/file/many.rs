//! Fleets of ten thousand, and files that want to be more than they are.

use crate::{faults, plan};
use std::time::{Duration, Instant};

/// Ten lines for so many similar services.
fn ten_lines(count: usize) -> String {
    format!(
        r#"
        [switch.lan]
        [[services]]
        count = {count}
        name = "c{{index:05}}"
        image = "/srv/{{name}}.img"
        exports = ["/:no_root_squash"]
        link = "switch:lan"
        address = ["10.1.0.2/14", "fd00::2/64"]
        labels = {{ number = "{{index}}" }}
        "#
    )
}

#[test]
fn ten_lines_are_ten_thousand_services() {
    let plan = plan(&ten_lines(10_000));
    assert_eq!(plan.services.len(), 10_000);
    assert_eq!(plan.services[9_999].name, "c09999");
    let exports = &plan.services[0].exports;
    assert!(std::ptr::eq(&**exports, &*plan.services[9_999].exports), "exports are shared");
}

/// Ten times the services take no more than some ten times as long: a quadratic step would take a
/// hundred times. Ratios of the same run, the best of several.
#[test]
fn work_grows_with_the_number_of_services() {
    let best = |count: usize| {
        let file = ten_lines(count);
        let once = || {
            let start = Instant::now();
            assert_eq!(plan(&file).services.len(), count);
            start.elapsed()
        };
        (0..3).map(|_| once()).min().unwrap_or(Duration::MAX)
    };
    let (few, many) = (best(2_000), best(20_000));
    assert!(many < few * 40, "{few:?} for 2,000 and {many:?} for 20,000");
}

#[test]
fn a_small_file_makes_no_large_fleet() {
    let group = "[[services]]\ncount = 60000\nmemory = 1\nexports = \"/\"\nlisten = \"[::1]:0\"\n";
    let two = format!("{group}name = \"a{{index}}\"\n{group}name = \"b{{index}}\"\n");
    assert!(faults(&two).contains("7:1: services[1]: expected at most 100000 services"));
    let long = format!("{group}name = \"a{{index}}\"\nimage = \"{}\"\n", "x".repeat(4000));
    assert!(faults(&long.replace("memory = 1\n", "")).contains("bytes of text"));
}
