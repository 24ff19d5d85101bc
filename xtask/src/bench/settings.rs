//! What to measure, and for how long.

use std::path::PathBuf;
use std::str::FromStr;

/// What is measured together, on the same servers.
#[derive(Debug)]
pub struct Plan {
    /// The workloads, in the order of the table.
    pub workloads: &'static [&'static str],
    /// Connections and calls outstanding on each.
    pub shapes: &'static [&'static str],
    /// Size of each file that is written, MiB.
    pub write_mib: &'static str,
}

/// What only looks, at files in memory.
pub const READS: Plan = Plan {
    workloads: &["null", "getattr", "lookup", "access", "readdirplus", "randread-4k", "seqread-1m"],
    shapes: &["1x1", "8x1", "8x4"],
    write_mib: "1",
};

/// What changes files on a disk.
pub const WRITES: Plan = Plan {
    workloads: &["seqwrite-1m", "seqwrite-fresh", "syncwrite-4k", "churn", "untar"],
    shapes: &["1x1", "8x4"],
    write_mib: "32",
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of these.
    All,
    /// Servers of files, and what is counted.
    Files,
    /// The own stack.
    Network,
    /// Many services in a process.
    Fleet,
}

impl Part {
    fn parse(text: Option<&String>) -> Result<Self, String> {
        match text.map(String::as_str) {
            Some("files") => Ok(Self::Files),
            Some("network") => Ok(Self::Network),
            Some("fleet") => Ok(Self::Fleet),
            _ => Err("--only files, --only network, or --only fleet".into()),
        }
    }

    /// Whether another is measured with this one.
    pub fn has(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

/// How one run of the bench is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Seconds of each measurement.
    pub seconds: f64,
    /// How often everything is measured; the tables show medians.
    pub repeats: u32,
    /// What is measured.
    pub part: Part,
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
        let mut settings =
            Self { seconds: 0.5, repeats: 3, part: Part::All, keep: true, inside: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    (settings.seconds, settings.repeats, settings.keep) = (0.2, 1, false);
                }
                "--seconds" => settings.seconds = number(argument, arguments.next())?,
                "--repeats" => settings.repeats = number(argument, arguments.next())?,
                "--only" => settings.part = Part::parse(arguments.next())?,
                "--inside" => settings.inside = arguments.next().map(PathBuf::from),
                other => {
                    return Err(format!(
                        "{other}? There are --quick, a short run whose figures are not kept, \
                         --only files|network|fleet, --seconds N of each measurement, and --repeats N"
                    ));
                }
            }
        }
        Ok(settings)
    }
}

fn number<T: FromStr>(name: &str, text: Option<&String>) -> Result<T, String> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name}: how many?"))
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
        assert!(parse(&["--repeats", "7"]).is_ok_and(|settings| settings.repeats == 7));
        assert!(parse(&["--only", "files"]).is_ok_and(|settings| settings.part == Part::Files));
        assert!(parse(&["--only", "fleet"]).is_ok_and(|settings| {
            settings.part.has(Part::Fleet) && !settings.part.has(Part::Network)
        }));
        assert!(parse(&[]).is_ok_and(|settings| settings.part.has(Part::Fleet)));
        assert!(parse(&["--only"]).is_err());
        assert!(parse(&["--repeats"]).is_err() && parse(&["--fast"]).is_err());
    }
}
