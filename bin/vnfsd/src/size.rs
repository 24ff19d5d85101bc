//! Sizes as people write and read them.
//!
//! Units are powers of 1024 however they are spelled (`64M`, `64MB`, `64MiB`), as disks and file
//! systems are made: truncate(1), makefs(8) and newfs(8) agree.

use parse_size::Config;

const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Reads a size in bytes.
///
/// # Errors
/// Says what was expected.
pub fn parse(text: &str) -> Result<u64, String> {
    let size = Config::new().with_binary().parse_size(text);
    size.map_err(|error| format!("{error}; expected a size such as 65536, 64M or 1GiB"))
}

/// A size in the largest unit that shows it exactly or with at least four digits.
pub fn show(bytes: u64) -> String {
    let mut unit = 0;
    let scaled = |unit: usize| bytes >> (10 * unit);
    let exact = |unit: usize| scaled(unit) << (10 * unit) == bytes;
    while unit + 1 < UNITS.len() && scaled(unit + 1) > 0 && (exact(unit + 1) || scaled(unit) > 9999)
    {
        unit += 1;
    }
    let about = if exact(unit) { "" } else { "about " };
    format!("{about}{} {}", scaled(unit), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        assert_eq!(parse("4096"), Ok(4096));
        for text in ["64M", "64MB", "64MiB", "64m", "65536K", "64 MiB"] {
            assert_eq!(parse(text), Ok(64 << 20), "{text}");
        }
        assert_eq!(parse("1TiB"), Ok(1 << 40));
        assert_eq!(parse("1.5G"), Ok(3 << 29));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "M", "-1", "12Q", "99999999999T"] {
            assert!(parse(text).is_err_and(|error| error.contains("expected a size")), "{text}");
        }
    }

    #[test]
    fn shown_exactly_where_that_is_short() {
        assert_eq!(show(0), "0 bytes");
        assert_eq!(show(1023), "1023 bytes");
        assert_eq!(show(512 << 20), "512 MiB");
        assert_eq!(show(1 << 40), "1 TiB");
        assert_eq!(show(3 << 29), "1536 MiB");
        assert_eq!(show((512 << 20) + 1), "about 524288 KiB");
        assert_eq!(show(u64::MAX), "about 16383 PiB");
    }
}
