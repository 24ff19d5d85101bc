//! Figures in few characters.

/// A count, or a rate of counts: at most five characters.
pub fn count(value: f64) -> String {
    scaled(value, 1000.0, &["", "k", "M", "G", "T"])
}

/// Bytes: at most five characters.
pub fn bytes(value: f64) -> String {
    scaled(value, 1024.0, &["", "K", "M", "G", "T"])
}

/// A time: at most six characters.
pub fn duration(microseconds: f64) -> String {
    scaled(microseconds, 1000.0, &["us", "ms", "s"])
}

/// How long something lasts already.
pub fn age(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}m"),
        (0, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

fn scaled(mut value: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while value >= step && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let digits = usize::from(value < 10.0 && value.fract() != 0.0);
    format!("{value:.digits$}{}", units[unit])
}

/// How much is in each bucket, as a bar of blocks; nothing is a space.
pub fn bars(buckets: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = buckets.iter().copied().max().unwrap_or(0).max(1);
    let bar = |calls: &u64| match *calls {
        0 => ' ',
        calls => BLOCKS[(u128::from(calls) * 7 / u128::from(most)) as usize],
    };
    buckets.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0, 1.0, 42.0, 9999.0, 1.5e6].map(count), ["0", "1", "42", "10.0k", "1.5M"]);
        assert_eq!([0.0, 512.0, 1536.0, 1e15].map(bytes), ["0", "512", "1.5K", "909T"]);
        assert_eq!([0.0, 40.0, 1500.0, 2e7].map(duration), ["0us", "40us", "1.5ms", "20s"]);
        assert_eq!([59, 3660, 90_000].map(age), ["0m", "1h 1m", "1d 1h"]);
    }

    #[test]
    fn bars_show_what_is_there() {
        assert_eq!(bars(&[0, 1, 700, 350]), " ▁█▄");
        assert_eq!(bars(&[u64::MAX, 0]), "█ ");
        assert_eq!(bars(&[]), "");
    }
}
