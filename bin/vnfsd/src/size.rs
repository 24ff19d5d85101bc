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

/// Reads a size in bytes below 4 GiB.
///
/// # Errors
/// Says what was expected.
pub fn parse_small(text: &str) -> Result<u32, String> {
    let size = parse(text)?;
    size.try_into().map_err(|_| format!("{} is too much; expected less than 4 GiB", show(size)))
}

/// A size in its largest unit, with one decimal place unless it is a whole number of them.
pub fn show(bytes: u64) -> String {
    let unit = (0..UNITS.len()).rev().find(|unit| bytes >> (10 * unit) > 0).unwrap_or(0);
    let unit_bytes = 1_u64 << (10 * unit);
    if bytes.is_multiple_of(unit_bytes) {
        format!("{} {}", bytes / unit_bytes, UNITS[unit])
    } else {
        format!("{:.1} {}", bytes as f64 / unit_bytes as f64, UNITS[unit])
    }
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
    fn small_ones_are_below_4_gib() {
        assert_eq!(parse_small("16K"), Ok(16384));
        assert!(parse_small("4G").is_err_and(|error| error.contains("less than 4 GiB")));
    }

    #[test]
    fn shown_in_the_largest_unit() {
        assert_eq!(show(0), "0 bytes");
        assert_eq!(show(1023), "1023 bytes");
        assert_eq!(show(512 << 20), "512 MiB");
        assert_eq!(show(1 << 40), "1 TiB");
        assert_eq!(show(3 << 29), "1.5 GiB");
        assert_eq!(show((512 << 20) + 1), "512.0 MiB");
        assert_eq!(show(u64::MAX), "16.0 EiB");
    }
}
