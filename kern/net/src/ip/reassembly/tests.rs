//! Pieces in any order, spoilt ones, floods of them.

use super::*;
use alloc::vec;
use core::time::Duration;
use proptest::prelude::{Just, Strategy, any, prop, proptest};
use smoltcp::wire::IpProtocol;

const NOW: Instant = Instant(5_000_000_000);

fn packet(source: u8, payload: &[u8]) -> Arrived<'_> {
    Arrived {
        source: [10, 0, 0, source].into(),
        destination: [10, 0, 0, 99].into(),
        protocol: IpProtocol::Udp,
        named_at: 9,
        hop_limit: 64,
        header: &[0x45; 20],
        payload,
        reach: Reach::Us,
        ecn: 0,
        is_checked: false,
    }
}

fn take(
    pool: &mut Reassembly,
    source: u8,
    id: u32,
    at: usize,
    last: bool,
    payload: &[u8],
) -> Outcome {
    let arrived = packet(source, payload);
    let fragment = Fragment { offset_bytes: at, is_last: last, id };
    pool.take(Key::new(&arrived, id), &arrived, fragment, NOW)
}

fn pieces() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
    (1..1100_usize, 1..80_usize).prop_flat_map(|(length, eights)| {
        let size = eights * 8;
        let cuts: Vec<_> =
            (0..length).step_by(size).map(|at| (at, (at + size).min(length))).collect();
        let again = prop::collection::vec(prop::sample::select(cuts.clone()), 0..5);
        let all = again.prop_map(move |again| [cuts.clone(), again].concat());
        (
            prop::collection::vec(any::<u8>(), length),
            all.prop_flat_map(|all| Just(all).prop_shuffle()),
        )
    })
}

proptest! {
    #[test]
    fn pieces_in_any_order_make_the_whole((payload, pieces) in pieces()) {
        let mut pool = Reassembly::default();
        let mut wholes = Vec::new();
        for (start, end) in pieces {
            let is_last = end == payload.len();
            if let Outcome::Whole(whole) = take(&mut pool, 1, 7, start, is_last, &payload[start..end]) {
                wholes.push(whole);
            }
            if !wholes.is_empty() {
                break;
            }
        }
        let whole = Whole { header: vec![0x45; 20], payload, protocol: 17 };
        assert_eq!(wholes, [whole]);
        assert_eq!(pool.held(), (0, 0));
    }
}

#[test]
fn overlapping_pieces_spoil_the_datagram() {
    let mut pool = Reassembly::default();
    take(&mut pool, 1, 7, 0, false, &[1; 16]);
    assert_eq!(take(&mut pool, 1, 7, 8, true, &[2; 16]), Outcome::Waiting);
    assert_eq!(pool.held(), (1, FRAGMENT_OVERHEAD_BYTES));
    take(&mut pool, 1, 8, 16, true, &[1; 8]);
    take(&mut pool, 1, 8, 24, false, &[1; 8]);
    assert_eq!(pool.held(), (2, 2 * FRAGMENT_OVERHEAD_BYTES), "behind the last one");
    take(&mut pool, 1, 9, 0, false, &[]);
    assert_eq!(pool.held(), (3, 3 * FRAGMENT_OVERHEAD_BYTES), "a piece of nothing");
    assert_eq!(take(&mut pool, 1, 9, 65_528, true, &[1; 8]), Outcome::TooLong);
    assert_eq!(take(&mut pool, 1, 10, 65_528, true, &[1; 8]), Outcome::TooLong);
    assert_eq!(pool.held(), (3, 3 * FRAGMENT_OVERHEAD_BYTES));
}

#[test]
fn what_comes_of_a_spoilt_datagram_is_dropped_until_its_time_is_over() {
    let mut pool = Reassembly::default();
    for at in [0, 8, 0] {
        take(&mut pool, 1, 7, at, false, &[1; 16]);
    }
    assert_eq!(take(&mut pool, 1, 7, 16, true, &[1; 16]), Outcome::Waiting);
    assert_eq!(pool.held(), (1, FRAGMENT_OVERHEAD_BYTES));
    let given_up = pool.next_given_up(NOW + REASSEMBLY_V4).unwrap();
    assert!(given_up.first_piece().is_none(), "nobody is told");
    assert_eq!(pool.held(), (0, 0));
    take(&mut pool, 1, 7, 0, false, &[1; 16]);
    assert!(matches!(take(&mut pool, 1, 7, 16, true, &[1; 16]), Outcome::Whole(_)));
}

#[test]
fn a_flood_is_bounded_and_spoils_nobody_elses() {
    let mut pool = Reassembly::default();
    take(&mut pool, 1, 1, 0, false, &[1; 1400]);
    for id in 0..10_000 {
        take(&mut pool, 2, id, 0, false, &[0; 1400]);
        take(&mut pool, 2, 77_777, 8 * (id as usize % 8000), false, &[0; 8]);
        let (datagrams, bytes) = pool.held();
        assert!(datagrams <= REASSEMBLIES_MAX && bytes <= REASSEMBLY_BYTES_MAX);
    }
    assert!(matches!(take(&mut pool, 1, 1, 1400, true, &[1; 100]), Outcome::Whole(_)));
}

#[test]
fn what_takes_too_long_is_given_up() {
    let mut pool = Reassembly::default();
    take(&mut pool, 1, 1, 0, false, &[5; 16]);
    take(&mut pool, 2, 1, 16, true, &[5; 16]);
    assert_eq!(pool.deadline(), Some(NOW + REASSEMBLY_V4));
    assert_eq!(pool.next_given_up(NOW + Duration::from_secs(29)), None);
    let first = pool.next_given_up(NOW + REASSEMBLY_V4).unwrap();
    let told = first.first_piece().map(|piece| (piece.header.len(), piece.payload));
    assert_eq!(told, Some((20, &[5; 16][..])));
    let second = pool.next_given_up(NOW + REASSEMBLY_V4).unwrap();
    assert!(second.first_piece().is_none(), "without the first piece nobody is told");
    assert_eq!((pool.next_given_up(NOW + REASSEMBLY_V4), pool.held()), (None, (0, 0)));
}
