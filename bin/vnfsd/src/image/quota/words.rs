//! Whose quota, how much, and for how long, as people say it.

use crate::size;
use jiff::{Span, SpanRelativeTo, Unit};
use std::str::FromStr;

/// A sector, in which FFS counts space.
pub const SECTOR_BYTES: u64 = 512;

const UNITS: [(i64, &str); 3] = [(24 * 3600, "d"), (3600, "h"), (60, "min")];

/// A user or group, or what new ones begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(pub Option<u32>);

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "default" {
            return Ok(Self(None));
        }
        // The largest number means nobody to systems.
        let id = text.parse().ok().filter(|&id| id != u32::MAX);
        id.map(|id| Self(Some(id))).ok_or_else(|| "expected a number, or `default`".to_owned())
    }
}

/// A limit as it stands in a quota file: of sectors or of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub u64);

impl Limit {
    /// None.
    pub const NONE: Self = Self(u64::MAX);

    /// Reads a size; what is less than a sector counts as one.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn of_size(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::NONE),
            _ => size::parse(text).map(|bytes| Self(bytes.div_ceil(SECTOR_BYTES))),
        }
    }

    /// Reads a number of files.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn of_count(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::NONE),
            _ => text.parse().map(Self).map_err(|_| "expected a number, or `none`".to_owned()),
        }
    }
}

/// How long somebody may be over a soft limit, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace(pub i64);

impl FromStr for Grace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a time such as 7d, 12h, 30min or 90s".to_owned();
        let span: Span = text.parse().map_err(|_| expected())?;
        let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours()));
        match seconds {
            Ok(seconds) if seconds >= 0.0 => Ok(Self(seconds as i64)),
            _ => Err(expected()),
        }
    }
}

/// A time in the largest unit that it is a whole number of.
pub fn shown_time(seconds: i64) -> String {
    let whole = UNITS.iter().find(|(unit, _)| seconds != 0 && seconds % unit == 0);
    whole.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

/// A time that passes, in whole units of the largest that it has one of.
pub fn rough_time(seconds: i64) -> String {
    let unit = UNITS.iter().find(|(unit, _)| seconds >= *unit);
    shown_time(unit.map_or(seconds, |(unit, _)| seconds - seconds % unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_accounts() {
        assert_eq!(Limit::of_size("1M"), Ok(Limit(2048)));
        assert_eq!(Limit::of_size("1"), Ok(Limit(1)));
        assert_eq!(Limit::of_size("none"), Ok(Limit::NONE));
        assert_eq!(Limit::of_count("70"), Ok(Limit(70)));
        assert!(Limit::of_count("7K").is_err());
        assert_eq!("default".parse(), Ok(Account(None)));
        assert_eq!("77".parse(), Ok(Account(Some(77))));
        for text in ["", "root", "-1", "4294967295"] {
            assert!(text.parse::<Account>().is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, seconds) in [("7d", 604_800), ("12h", 43_200), ("90s", 90), ("1h 30min", 5400)] {
            assert_eq!(text.parse(), Ok(Grace(seconds)), "{text}");
        }
        for text in ["", "7", "-1d", "1 month", "soon"] {
            assert!(text.parse::<Grace>().is_err(), "{text}");
        }
        assert_eq!(
            [0, 604_800, 43_200, 90, 120].map(shown_time),
            ["0s", "7d", "12h", "90s", "2min"]
        );
        assert_eq!(
            [0, 59, 60, 5000, 86_400, 86_401, 604_799].map(rough_time),
            ["0s", "59s", "1min", "1h", "1d", "1d", "6d"]
        );
    }
}
