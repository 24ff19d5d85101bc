//! What all tests of fsck do with images.

use ffscheck::fsck::{Class, Options, Outcome, Report, check};
use ffscheck::newfs::Memory;
use std::collections::BTreeSet;

/// Checks an image without changing it.
pub fn look(image: &Memory) -> Report {
    let mut copy = image.clone();
    let report = check(&mut copy, &Options { repair: false }, &mut |_| {}).expect("a file system");
    assert!(copy.to_vec() == image.to_vec(), "a check without repair wrote");
    report
}

/// Repairs an image, and makes sure that another check finds nothing if it says so.
pub fn repair(image: &mut Memory) -> Report {
    let report = check(image, &Options { repair: true }, &mut |_| {}).expect("a file system");
    if report.outcome != Outcome::Damaged {
        let again = look(image);
        assert_eq!(
            (lines(&again), again.outcome),
            (vec![], Outcome::Clean),
            "{:#?}",
            lines(&report)
        );
        assert!(again.was_clean && again.replay.is_none());
        assert_eq!(again.usage, report.usage);
    }
    report
}

/// What people see.
pub fn lines(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

/// The classes that were found.
pub fn classes(report: &Report) -> BTreeSet<Class> {
    report.findings.iter().map(|finding| finding.class).collect()
}

/// An image that must be found clean.
pub fn assert_clean(image: &Memory, which: &str) -> Report {
    let report = look(image);
    assert_eq!((lines(&report), report.outcome), (vec![], Outcome::Clean), "{which}");
    report
}
