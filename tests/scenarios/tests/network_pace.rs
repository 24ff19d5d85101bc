//! Nothing waits for what need not be waited for.

use scenarios::network::pace::{SHAPES, bulk, calls, good_way, near_by};
use sim::{Conditions, Queue};
use std::time::Duration;

/// Every size at which something changes with a segment, and some in between.
fn sizes(segment_bytes: u64) -> Vec<u64> {
    let edges = (1..=70_000 / segment_bytes).flat_map(|count| {
        let edge = count * segment_bytes;
        [edge - 1, edge, edge + 1]
    });
    let mut sizes: Vec<_> =
        (1..70_000).step_by(997).chain(edges).chain([1, 2, 3, 70_000]).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn calls_of_any_size_take_one_round_trip() {
    for (mtu_bytes, is_able) in [(1500, false), (1500, true), (9000, true)] {
        for is_v6 in [false, true] {
            let headers = if is_v6 { 60 } else { 40 };
            let sizes = sizes(u64::from(mtu_bytes) - headers - 12);
            for shape in SHAPES {
                let way = good_way(mtu_bytes, is_able, near_by());
                if let Err(why) = calls(shape, &sizes, &way, is_v6) {
                    panic!("MTU {mtu_bytes}, offloads {is_able}: {why}");
                }
            }
        }
    }
}

/// 100 Mbit/s, with a queue for as much as is on its way there and back.
fn limited(delay: Duration, queue: Queue) -> Conditions {
    let on_way = (12.5e6 * delay.as_secs_f64() * 2.0) as u64;
    Conditions {
        delay,
        bytes_per_second: Some(12_500_000),
        queue_bytes: on_way.max(100_000),
        queue,
        ..Conditions::default()
    }
}

#[test]
fn a_way_is_filled() {
    for queue in [Queue::Drops, Queue::Refuses] {
        for delay in [Duration::from_micros(100), Duration::from_millis(5)] {
            let bulk = bulk(8 << 20, limited(delay, queue)).unwrap_or_else(|why| panic!("{why}"));
            // Headers are 4.5 % of it.
            assert!(bulk.times < 1.2, "{queue:?}, {delay:?}: {bulk:?}");
        }
    }
}

#[test]
fn who_heeds_marks_loses_nothing() {
    let near = limited(Duration::from_micros(100), Queue::Drops);
    let marks = Conditions { marks: true, ..near };
    let bulk = bulk(8 << 20, marks).unwrap_or_else(|why| panic!("{why}"));
    assert!(bulk.times < 1.2 && bulk.carried.marked > 0, "{bulk:?}");
    assert_eq!(bulk.carried.lost, 0, "{bulk:?}");
}
