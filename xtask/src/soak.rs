//! `cargo xtask soak [--minutes N] [--seed N]`: disorder in a fleet for as long as one likes.
//!
//! The scenario is the conformance suite's, which plays it for seconds in every run of the tests.

use crate::test::runner::succeed;
use std::path::Path;
use std::process::Command;

const MINUTES: u64 = 10;

/// Runs it, optimised.
///
/// # Errors
/// If an argument is not known, or something was found.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let plan = Plan::parse(arguments)?;
    let mut soak = Command::new("cargo");
    soak.args(["test", "--release", "--package", "vnfsd-suite", "--test", "fleet"]);
    soak.args(["soak::disorder_leaves_nothing_behind", "--", "--exact", "--nocapture"]);
    soak.env("VNFSD_SOAK_SECONDS", (plan.minutes * 60).to_string());
    if let Some(seed) = plan.seed {
        soak.env("VNFSD_SOAK_SEED", seed.to_string());
    }
    succeed(soak.current_dir(root))
}

/// For how long, and with which luck.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    minutes: u64,
    seed: Option<u64>,
}

impl Plan {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut plan = Self { minutes: MINUTES, seed: None };
        for pair in arguments.chunks(2) {
            let value = pair.get(1).ok_or_else(|| format!("{}: what?", pair[0]))?;
            let number = value.parse().map_err(|_| format!("{value} is no number"))?;
            match pair[0].as_str() {
                "--minutes" if (1..=24 * 60).contains(&number) => plan.minutes = number,
                "--minutes" => return Err(format!("{number} is not 1 to {} minutes", 24 * 60)),
                "--seed" => plan.seed = Some(number),
                other => return Err(format!("{other}: not known; [--minutes N] [--seed N]")),
            }
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Plan, String> {
        Plan::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn ten_minutes_unless_told() {
        assert_eq!(parse(&[]), Ok(Plan { minutes: 10, seed: None }));
        let told = parse(&["--minutes", "3", "--seed", "7"]);
        assert_eq!(told, Ok(Plan { minutes: 3, seed: Some(7) }));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for words in [&["--minutes"][..], &["--minutes", "0"], &["--hours", "1"], &["3"]] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
