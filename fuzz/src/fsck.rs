//! Images, checked and repaired.
//!
//! A look changes nothing and says what a repair does; a repair that says that all is well leaves
//! nothing to be found.

use crate::image::image;
use ffscheck::fsck::{Options, Outcome, Report, check};
use ffscheck::newfs::Memory;

/// Looks at the image that the input says, repairs it, and looks again.
pub fn fsck(input: &[u8]) {
    let mut image = image(input);
    let Some(seen) = run(&mut image.clone(), false) else { return };
    let repaired = run(&mut image, true).expect("what could be looked at");
    assert_eq!(seen.findings, repaired.findings);
    if repaired.outcome == Outcome::Damaged {
        assert!(repaired.refusal.is_some() || !repaired.is_repairable);
        return;
    }
    let again = run(&mut image, false).expect("what was repaired");
    assert_eq!((again.findings, again.was_clean), (Vec::new(), true));
}

fn run(image: &mut Memory, repair: bool) -> Option<Report> {
    match check(image, &Options { repair }, &mut |_| {}) {
        Ok(report) => {
            // Said aloud, so that formatting is tried too.
            report.findings.iter().for_each(|finding| assert!(!finding.to_string().is_empty()));
            Some(report)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
