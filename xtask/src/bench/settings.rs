//! What to measure, and for how long.

use std::path::PathBuf;

/// The workloads, in the order of the tables.
pub const WORKLOADS: [&str; 7] =
    ["null", "getattr", "lookup", "access", "readdirplus", "randread-4k", "seqread-1m"];

/// Connections and calls outstanding on each.
pub const SHAPES: [&str; 3] = ["1x1", "8x1", "8x4"];

/// How one run of the bench is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Seconds of each measurement.
    pub seconds: f64,
    /// How often everything is measured; the tables show medians.
    pub repeats: u32,
    /// Whether the figures replace those of the repository.
    pub keep: bool,
    /// The folder to measure in, once inside the namespaces.
    pub inside: Option<PathBuf>,
}

impl Settings {
    /// A short run before the others, so that what is read is in memory everywhere.
    pub fn warming(&self) -> Self {
        Self { seconds: 1.0, repeats: 1, ..self.clone() }
    }

    /// # Errors
    /// What is wrong with the arguments.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut settings = Self { seconds: 2.0, repeats: 5, keep: true, inside: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    (settings.seconds, settings.repeats, settings.keep) = (0.5, 1, false);
                }
                "--inside" => settings.inside = arguments.next().map(PathBuf::from),
                other => {
                    return Err(format!(
                        "bench: {other}? There is --quick: a short run whose figures are not kept"
                    ));
                }
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_runs_are_not_kept() {
        let parse = |words: &[&str]| {
            Settings::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(parse(&[]).is_ok_and(|settings| settings.keep && settings.inside.is_none()));
        assert!(parse(&["--quick"]).is_ok_and(|settings| !settings.keep));
        assert!(parse(&["--fast"]).is_err());
    }
}
