//! What a changed file changes.

use crate::plan;
use fleet::{What, changes};

const FILE: &str = r#"
[process]
workers = 2
[switch.lan]
uplinks = "tap:up"
[defaults]
exports = "/"
memory = "1M"
[[service]]
name = "one"
listen = "127.0.0.1:1"
[[service]]
name = "two"
link = "switch:lan"
labels = { a = "b" }
"#;

fn after(old: &str, new: &str) -> Vec<(String, What)> {
    let changed = FILE.replace(old, new);
    assert_ne!(changed, FILE);
    let changes = changes(&plan(FILE), &plan(&changed)).expect("a reload can do it");
    changes.into_iter().map(|change| (change.name, change.what)).collect()
}

#[test]
fn clients_are_disturbed_only_where_they_must_be() {
    let one = |what| vec![("one".to_owned(), what)];
    let two = |what| vec![("two".to_owned(), what)];
    let both = |what: What| vec![("one".to_owned(), what.clone()), ("two".to_owned(), what)];
    assert_eq!(changes(&plan(FILE), &plan(FILE)), Ok(Vec::new()));
    assert_eq!(after("exports = \"/\"", "exports = \"/:ro\""), both(What::Exports));
    assert_eq!(after("[defaults]", "[defaults]\nlimits = { calls = 5 }"), both(What::Limits));
    assert_eq!(after("[defaults]", "[defaults]\nweight = 5"), both(What::Limits));
    assert_eq!(after("a = \"b\"", "a = \"c\""), two(What::Labels));
    assert_eq!(after("memory = \"1M\"", "memory = \"2M\""), both(What::Restart(vec!["memory"])));
    assert_eq!(after("127.0.0.1:1", "127.0.0.1:2"), one(What::Restart(vec!["listen"])));
    assert_eq!(after("switch:lan\"", "switch:lan.5\""), two(What::Restart(vec!["link"])));
    let link = "link = \"switch:lan\"";
    let address = format!("{link}\naddress = \"10.0.0.2/8\"");
    assert_eq!(after(link, &address), two(What::Restart(vec!["address"])));
    let renamed = vec![("one".to_owned(), What::Remove), ("uno".to_owned(), What::Add)];
    assert_eq!(after("\"one\"", "\"uno\""), renamed);
}

#[test]
fn several_things_change_at_once() {
    let changed = FILE.replace("exports = \"/\"", "exports = \"/:ro\"\nweight = 9");
    let changes = changes(&plan(FILE), &plan(&changed)).expect("a reload can do it");
    let whats: Vec<_> = changes.into_iter().map(|change| change.what).collect();
    assert_eq!(whats, [What::Exports, What::Limits, What::Exports, What::Limits]);
}

#[test]
fn what_only_the_process_can_change_refuses_the_file() {
    for (old, new, key) in [
        ("workers = 2", "workers = 3", "process.workers"),
        ("workers = 2", "workers = 2\nuser = \"nobody\"", "process.user"),
        ("tap:up", "tap:other", "switch.lan"),
    ] {
        let refused = changes(&plan(FILE), &plan(&FILE.replace(old, new))).unwrap_err();
        assert!(refused[0].to_string().starts_with(key), "{refused:?}");
    }
    let quiet = FILE.replace("workers = 2", "workers = 2\nlog_level = \"debug\"\nstarts_max = 5");
    let more = format!("{quiet}[switch.other]\n");
    assert_eq!(changes(&plan(FILE), &plan(&more)), Ok(Vec::new()));
}
