//! Damage of every class, in all four layouts: found, named as expected, and repaired.

mod files;
mod groups;
mod names;

use crate::clean::LAYOUTS;
use crate::support::{classes, lines, look, repair};
use crate::surgery::Patient;
use ffs::layout::{ByteOrder, Format};
use ffscheck::fsck::{Class, Outcome};
use std::collections::BTreeSet;

/// Maps and counts that follow when something in use goes, or the other way round.
pub const INODES_FOLLOW: [Class; 4] =
    [Class::InodeMap, Class::GroupCounts, Class::SummaryTable, Class::Totals];
pub const FRAGMENTS_FOLLOW: [Class; 6] = [
    Class::FragmentMap,
    Class::FreeRuns,
    Class::ClusterMap,
    Class::GroupCounts,
    Class::SummaryTable,
    Class::Totals,
];

/// Plants damage in every layout. `line` must be in the report, all of `classes` must be found,
/// and besides them only what `follows`.
#[track_caller]
pub fn plant(damage: impl Fn(&mut Patient), line: &str, expected: &[Class], follows: &[&[Class]]) {
    for (format, order) in LAYOUTS {
        plant_in(format, order, &damage, line, expected, follows);
    }
}

#[track_caller]
pub fn plant_in(
    format: Format,
    order: ByteOrder,
    damage: &impl Fn(&mut Patient),
    line: &str,
    expected: &[Class],
    follows: &[&[Class]],
) {
    let mut patient = Patient::sound(format, order);
    damage(&mut patient);
    let seen = look(&patient.image);
    let text = lines(&seen);
    assert_eq!((seen.outcome, seen.is_repairable), (Outcome::Damaged, true), "{text:#?}");
    assert!(
        text.iter().any(|found| found.contains(line)),
        "{format:?} {order}: no {line:?} in {text:#?}"
    );
    let found = classes(&seen);
    let expected: BTreeSet<Class> = expected.iter().copied().collect();
    let follows: BTreeSet<Class> =
        follows.iter().flat_map(|classes| classes.iter().copied()).collect();
    assert!(expected.is_subset(&found), "{expected:?} are not all in {text:#?}");
    let others: Vec<_> =
        found.difference(&expected).filter(|class| !follows.contains(class)).collect();
    assert!(others.is_empty(), "{others:?} in {text:#?}");
    let repaired = repair(&mut patient.image);
    assert_eq!(repaired.outcome, Outcome::Repaired);
    assert_eq!(lines(&repaired), text, "what a look said it would do");
}

pub const NOTHING: &[&[Class]] = &[];
