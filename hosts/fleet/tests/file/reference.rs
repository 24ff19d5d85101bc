//! The reference has every key, as the reader knows it.

use fleet::keys::{KEYS, Section};

const REFERENCE: &str = include_str!("../../../../docs/fleet.md");

/// Where a key stands in the reference: under the heading of its section.
fn heading(sections: &[Section]) -> &'static str {
    match sections {
        [Section::Process] => "### `[process]`",
        [Section::Switch] => "### `[switch.NAME]`",
        [Section::Uplink] => "### A table in `uplinks`",
        [Section::Export] => "### A table in `exports`",
        [Section::Limits] => "### `limits`",
        [Section::Service] => "### Only in `[[service]]`",
        [Section::Services] => "### Only in `[[services]]`",
        _ => "### Services",
    }
}

#[test]
fn every_key_is_in_its_place() {
    for key in KEYS {
        let heading = heading(key.sections);
        let part = REFERENCE.split_once(heading).map(|(_, rest)| rest);
        let part = part.unwrap_or_else(|| panic!("docs/fleet.md has no part {heading}"));
        let part = part.split_once("\n#").map_or(part, |(part, _)| part);
        assert!(
            part.contains(&key.row()),
            "docs/fleet.md, {heading}: add this row:\n{}",
            key.row()
        );
    }
}

#[test]
fn no_row_is_of_a_key_that_is_gone() {
    let rows: Vec<String> = KEYS.iter().map(fleet::keys::Key::row).collect();
    let (_, reference) = REFERENCE.split_once("## Keys").expect("the part with the keys");
    let (reference, _) = reference.split_once("\n## ").expect("the part after it");
    for line in reference.lines().filter(|line| line.starts_with("| `")) {
        assert!(rows.iter().any(|row| row == line), "docs/fleet.md: no key has this row:\n{line}");
    }
}
