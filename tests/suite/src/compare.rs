//! Comparing listings file by file.

use crate::entry::{Entry, Listing};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many differences are worth reading.
const DIFFERENCES_MAX: usize = 20;

/// Checks that both listings hold the same files.
///
/// # Panics
/// If they do not; tells the first differences.
pub fn same(what: &str, expected: &Listing, found: &Listing) {
    let paths: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let mut differences = String::new();
    let mut count = 0;
    for path in paths {
        let (expected, found) = (expected.get(path), found.get(path));
        if expected != found {
            count += 1;
            if count <= DIFFERENCES_MAX {
                describe(&mut differences, path, expected, found);
            }
        }
    }
    assert!(count == 0, "{what}: {count} of {} files differ\n{differences}", expected.len());
}

fn describe(text: &mut String, path: &[u8], expected: Option<&Entry>, found: Option<&Entry>) {
    let path = path.escape_ascii();
    let said = match (expected, found) {
        (Some(expected), None) => writeln!(text, "{path}: missing, expected {expected:?}"),
        (None, Some(found)) => writeln!(text, "{path}: not expected, found {found:?}"),
        _ => writeln!(text, "{path}:\n  expected {expected:?}\n  found    {found:?}"),
    };
    said.expect("a string takes all");
}
