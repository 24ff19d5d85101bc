//! `vnfsd check`: what a fleet file comes to, and what is wrong with it.

use crate::process::{complaint, output, text};
use std::fs;

const FLEET: &str = r#"
[defaults]
exports = ["/:ro"]
[[service]]
name = "scratch"
memory = "64M"
listen = "127.0.0.1:20490"
[[services]]
images = "images/*.img"
listen = "127.0.0.1:21000-21099"
"#;

/// A folder with a fleet file, and the file's path.
fn folder(fleet: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("fleet.toml");
    fs::write(&file, fleet).expect("a file");
    fs::create_dir_all(folder.path().join("images/old.img")).expect("a folder for images");
    for name in ["b.img", "a.img", "notes"] {
        fs::write(folder.path().join("images").join(name), "").expect("an image");
    }
    let file = file.to_str().expect("a plain path").to_owned();
    (folder, file)
}

#[test]
fn a_plan_is_a_table_with_counts_first() {
    let (_folder, file) = folder(FLEET);
    let shown = text(["check", &file]);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with(&format!("{file}: 3 services, 3 to be started; 2 on images, 1")));
    assert_eq!(lines.len(), 4, "{shown}");
    for part in ["scratch", "memory, 64 MiB", "127.0.0.1:20490", "/:ro"] {
        assert!(lines[2].contains(part), "{shown}");
    }
    for part in ["a .. b", "images/a.img .. ", "127.0.0.1:21000 .. 127.0.0.1:21001"] {
        assert!(lines[3].contains(part), "{shown}");
    }
}

#[test]
fn programs_get_all_of_it() {
    let (_folder, file) = folder(FLEET);
    let plan: serde_json::Value =
        serde_json::from_str(&text(["check", &file, "--json"])).expect("JSON");
    assert_eq!(plan["services"].as_array().map(Vec::len), Some(3));
    assert_eq!(plan["services"][2]["name"], "b");
    assert_eq!(plan["services"][2]["network"]["listen"][0], "127.0.0.1:21001");
    assert_eq!(plan["services"][0]["exports"][0], "/:ro");
    assert_eq!(plan["services"][0]["opening"], "when-used");
    assert_eq!(plan["services"][0]["limits"]["save_age_ms"], 5000);
}

#[test]
fn faults_are_lines_on_standard_error() {
    let (_folder, file) = folder("[defaults]\nexprots = []\n[[service]]\nweight = 0\n");
    let said = complaint(1, ["check", &file]);
    let expected = format!("{file}:2:1: defaults.exprots: expected `exports`, found \"exprots\"");
    assert_eq!(said.lines().next(), Some(&*expected));
    assert!(said.contains(&format!("{file}:4:10: service[0].weight: expected a whole number")));
    assert_eq!(output(["check", &file, "--json"]).status.code(), Some(1));
}

#[test]
fn what_cannot_be_read_is_told() {
    let (folder, _) = folder("");
    let gone = folder.path().join("gone.toml");
    let said = complaint(1, ["check", gone.to_str().expect("a plain path")]);
    assert!(said.contains("gone.toml: No such file"), "{said}");
    let odd = folder.path().join("odd.toml");
    fs::write(&odd, b"a = \"\xff\"").expect("a file");
    assert!(complaint(1, ["check", odd.to_str().expect("a plain path")]).contains("UTF-8"));
}
