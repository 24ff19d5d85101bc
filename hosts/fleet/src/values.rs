//! Single values, as people write them in the file. A reader that does not get what it wants says
//! what it expected.

use parse_size::Config;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;
use toml::de::DeValue;

/// Longest text of a value, in bytes: the longest path (PATH_MAX).
pub(crate) const TEXT_BYTES_MAX: usize = 4096;

pub(crate) type Read<T> = Result<T, String>;

/// Text, which is not empty and has no control characters.
pub(crate) fn text<'v>(value: &'v DeValue<'_>) -> Read<&'v str> {
    let text = value.as_str().ok_or("text in quotation marks")?;
    if text.is_empty() {
        return Err("text that is not empty".to_owned());
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("at most {TEXT_BYTES_MAX} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("text without control characters".to_owned());
    }
    Ok(text)
}

/// What text means by a type's own words; `expected` is said if it means nothing.
pub(crate) fn parsed<T: FromStr>(expected: &str) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| value.as_str().and_then(|text| text.parse().ok()).ok_or(expected.to_owned())
}

/// The same, where the type itself says what is wrong.
pub(crate) fn explained<T: FromStr<Err: Display>>(value: &DeValue<'_>) -> Read<T> {
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

pub(crate) fn flag(value: &DeValue<'_>) -> Read<bool> {
    value.as_bool().ok_or("true or false".to_owned())
}

/// A whole number between these.
pub(crate) fn number(least: u64, most: u64) -> impl Fn(&DeValue<'_>) -> Read<u64> {
    move |value| {
        let number = integer(value).filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| match most {
            u64::MAX => format!("a whole number, at least {least}"),
            _ => format!("a whole number from {least} to {most}"),
        })
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Bytes: a number, or text with a unit that is a power of 1024.
pub(crate) fn size(value: &DeValue<'_>) -> Read<u64> {
    let read = |text: &str| Config::new().with_binary().parse_size(text).ok();
    let bytes = value.as_str().map_or_else(|| integer(value), read);
    bytes.ok_or("a size such as 65536, \"64M\" or \"1GiB\"".to_owned())
}

/// A size that is not nothing.
pub(crate) fn some_bytes(value: &DeValue<'_>) -> Read<u64> {
    match size(value)? {
        0 => Err("more than 0 bytes".to_owned()),
        bytes => Ok(bytes),
    }
}

/// A length of time, at least a millisecond and at most a year.
pub(crate) fn duration(value: &DeValue<'_>) -> Read<Duration> {
    let most = Duration::from_secs(365 * 24 * 3600);
    let read = |text: &str| text.parse::<jiff::SignedDuration>().ok()?.try_into().ok();
    let length: Option<Duration> = value.as_str().and_then(read);
    let length = length.filter(|length| (Duration::from_millis(1)..=most).contains(length));
    length.ok_or("a length of time such as \"500ms\", \"30s\", \"10m\" or \"1h 30m\"".to_owned())
}

/// One of these words, and what it means.
pub(crate) fn word<T: Copy>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Read<T> {
    move |value| {
        let is_it = |(word, _): &&(&str, T)| value.as_str() == Some(word);
        let found = words.iter().find(is_it).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            all.join(" or ")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> DeValue<'_> {
        DeValue::parse(text).unwrap().into_inner()
    }

    #[test]
    fn sizes_have_units_or_none() {
        assert_eq!(size(&value("65_536")), Ok(65536));
        assert_eq!(size(&value("\"64M\"")), Ok(64 << 20));
        for text in ["-1", "1.5", "\"many\"", "true", "[1]", "99999999999999999999"] {
            assert!(size(&value(text)).unwrap_err().contains("a size"), "{text}");
        }
        assert!(some_bytes(&value("0")).is_err());
    }

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(duration(&value("\"90s\"")), Ok(Duration::from_secs(90)));
        assert_eq!(duration(&value("\"1h 30m\"")), Ok(Duration::from_secs(5400)));
        for text in ["10", "\"10\"", "\"-1s\"", "\"0s\"", "\"2y\"", "\"900000h\"", "\"\""] {
            assert!(duration(&value(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number(1, 10)(&value("0x0a")), Ok(10));
        for text in ["0", "11", "-5", "\"5\"", "5.0"] {
            assert!(number(1, 10)(&value(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn text_is_short_and_plain() {
        assert_eq!(text(&value("\"a\"")), Ok("a"));
        let long = format!("\"{}\"", "x".repeat(TEXT_BYTES_MAX + 1));
        for wrong in ["\"\"", "1", "\"a\\u0000\"", "\"\\n\"", &long] {
            assert!(text(&value(wrong)).is_err(), "{wrong}");
        }
    }
}
