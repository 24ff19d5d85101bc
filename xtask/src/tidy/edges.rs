//! Which crate may depend on which, and that each dependency is a decision.

use super::crates::Dependency;
use super::{Finding, House};
use std::fs;
use std::path::Path;

/// Every room that knows no host.
const KERNEL: &[&str] = &[
    "abi", "checksum", "xdr", "hyper", "task", "block", "vfs", "ffs", "memfs", "net", "rpc", "nfs",
    "service",
];

/// The permitted edges. What is absent is the design: see ARCHITECTURE.md.
const PERMITTED: &[(&str, &[&[&str]])] = &[
    ("abi", &[]),
    ("checksum", &[]),
    ("xdr", &[&["abi"]]),
    ("hyper", &[&["abi"]]),
    ("task", &[&["abi"]]),
    ("block", &[&["abi", "hyper", "task"]]),
    ("vfs", &[&["abi", "task"]]),
    ("ffs", &[&["abi", "task", "block", "vfs"]]),
    ("memfs", &[&["abi", "vfs"]]),
    ("net", &[&["abi", "checksum", "hyper"]]),
    ("rpc", &[&["abi", "xdr"]]),
    ("nfs", &[&["abi", "xdr", "rpc", "vfs"]]),
    ("service", &[&["abi", "hyper", "task", "block", "vfs", "ffs", "memfs", "net", "rpc", "nfs"]]),
    ("switch", &[&["abi", "hyper"]]),
    ("posix", &[&["abi", "checksum", "hyper", "service", "switch"]]),
    ("control", &[]),
    ("fleet", &[&["abi", "net", "nfs", "service", "posix"]]),
    ("sandbox", &[]),
    ("sim", &[&["abi", "hyper", "service"]]),
    (
        "vnfsd",
        &[&[
            "abi", "hyper", "task", "block", "vfs", "ffs", "net", "nfs", "service", "posix",
            "fleet", "control", "sandbox", "ffscheck",
        ]],
    ),
    ("ffscheck", &[&["abi", "ffs", "hyper"]]),
    ("fuzz", &[KERNEL, &["ffscheck", "fleet"]]),
    ("nfsload", &[]),
    ("netload", &[]),
    ("scenarios", &[KERNEL, &["sim", "ffscheck"]]),
    ("suite", &[]),
    ("xtask", &[]),
];

/// What tests may use beside that: all that knows no host, and the judges.
const PERMITTED_TO_TESTS: &[&[&str]] = &[KERNEL, &["ffscheck"]];

/// Every edge between crates stands in one of the tables.
pub(super) fn permitted(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for part in &house.crates.0 {
        for edge in &part.dependencies {
            let Some(to) = edge.room.as_ref().filter(|to| !is_permitted(&part.room, to, edge))
            else {
                continue;
            };
            let line = line_of(&house.root.join(&part.manifest), to, &edge.package)?;
            let what = format!(
                "{} may not depend on {to}: use what it may (xtask/src/tidy/edges.rs), or argue \
                 for the edge in ARCHITECTURE.md and add it there",
                part.room
            );
            findings.push(Finding { file: part.manifest.clone(), line, what });
        }
    }
    Ok(findings)
}

fn is_permitted(from: &str, to: &str, edge: &Dependency) -> bool {
    let holds = |tables: &[&[&str]]| tables.iter().any(|table| table.contains(&to));
    let own = PERMITTED.iter().any(|(room, tables)| *room == from && holds(tables));
    own || edge.for_tests && holds(PERMITTED_TO_TESTS)
}

fn line_of(manifest: &Path, room: &str, package: &str) -> Result<usize, String> {
    let text =
        fs::read_to_string(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let names = |line: &str| {
        let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
        key == room || key == package
    };
    Ok(text.lines().position(names).map_or(0, |index| index + 1))
}

/// Every third-party crate has its row in docs/dependencies.md.
pub(super) fn explained(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let page = Path::new("docs/dependencies.md");
    let text = fs::read_to_string(house.root.join(page))
        .map_err(|error| format!("{}: {error}", page.display()))?;
    let mut missing: Vec<_> = house
        .crates
        .0
        .iter()
        .flat_map(|part| &part.dependencies)
        .filter(|dependency| dependency.room.is_none())
        .map(|dependency| dependency.package.clone())
        .filter(|package| !has_row(&text, package))
        .collect();
    missing.sort();
    missing.dedup();
    let finding = |package| {
        let what = format!("{package} has no row: say who uses it and why it is not our own code");
        Finding { file: page.to_owned(), line: 0, what }
    };
    Ok(missing.into_iter().map(finding).collect())
}

fn has_row(page: &str, package: &str) -> bool {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let mut names = rows.filter_map(|line| line.split('|').nth(1));
    names.any(|cell| cell.split(',').any(|name| name.trim().trim_matches('`') == package))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(from: &str, to: &str, for_tests: bool) -> bool {
        let edge = Dependency { package: to.to_owned(), room: Some(to.to_owned()), for_tests };
        is_permitted(from, to, &edge)
    }

    #[test]
    fn walls_that_must_not_fall() {
        for (from, to) in [("nfs", "ffs"), ("vfs", "nfs"), ("rpc", "vfs"), ("ffs", "hyper")] {
            assert!(!may(from, to, false), "{from} may depend on {to}");
        }
        assert!(may("nfs", "vfs", false) && may("ffs", "hyper", true));
        assert!(!may("ffs", "posix", true) && !may("suite", "vnfsd", false));
    }

    #[test]
    fn a_row_names_one_crate_or_several() {
        let page = "| crate | why |\n| `clap`, clap_mangen | flags |\n";
        assert!(has_row(page, "clap") && has_row(page, "clap_mangen"));
        assert!(!has_row(page, "mangen"));
    }
}
