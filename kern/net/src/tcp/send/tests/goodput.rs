//! How fast it is, by the formulas of others.

use super::path::{CLEAN, Path, World};
use super::{Duration, SETTINGS, SenderSettings};

const WIDE: SenderSettings =
    SenderSettings { mss: 1448, window_bytes: 4 << 20, timestamps: true, ..SETTINGS };

/// Bytes per second, of so many, and packets sent for each that was needed.
fn goodput(path: Path, bytes: u64, seed: u64) -> (f64, f64) {
    let mut world = World::new(path, WIDE, seed);
    world.give(bytes);
    let time = world.run();
    let needed = bytes.div_ceil(u64::from(WIDE.mss));
    (bytes as f64 / time.as_secs_f64(), world.packets as f64 / needed as f64)
}

/// Bytes per second after losses of one in `1 / loss`, by the square root of Mathis et al. with
/// every packet acknowledged by itself.
fn by_formula(loss: f64, trip: Duration) -> f64 {
    f64::from(WIDE.mss) * (1.5 / loss).sqrt() / trip.as_secs_f64()
}

fn lossy(millionths: u64, delay_us: u64) -> Path {
    Path { delay: Duration::from_micros(delay_us), loss: millionths, ..CLEAN }
}

#[test]
fn one_percent_lost() {
    for delay_us in [100, 5000] {
        let path = lossy(10_000, delay_us);
        let (rate, packets) = goodput(path, 12_000_000, 42);
        let formula = by_formula(0.01, path.delay * 2);
        assert!(rate > 0.9 * formula, "{delay_us} µs: {rate:.0} of {formula:.0} bytes/s");
        assert!(packets < 1.02, "{packets}");
    }
}

#[test]
fn a_thousandth_lost() {
    let path = lossy(1000, 5000);
    let (rate, packets) = goodput(path, 20_000_000, 7);
    let formula = by_formula(0.001, path.delay * 2);
    assert!(rate > 0.9 * formula, "{rate:.0} of {formula:.0} bytes/s");
    assert!(packets < 1.005, "{packets}");
}

#[test]
fn a_path_that_reorders_is_as_fast() {
    let path = Path { reordering: 20_000, bottleneck: Some((12_500_000, 250_000)), ..CLEAN };
    let (rate, packets) = goodput(path, 20_000_000, 9);
    assert!(rate > 10_000_000.0, "{rate:.0} bytes/s");
    assert!(packets < 1.01, "{packets}");
}

#[test]
fn a_bottleneck_is_kept_busy() {
    let path = Path { bottleneck: Some((12_500_000, 125_000)), ..CLEAN };
    let (rate, packets) = goodput(path, 50_000_000, 3);
    assert!(rate > 11_200_000.0, "{rate:.0} bytes/s");
    assert!(packets < 1.01, "{packets}");
}
