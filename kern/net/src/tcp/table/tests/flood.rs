//! Many SYNs, few of them honest.

use super::*;

/// Fills the backlog with SYNs of nobody.
fn flooded() -> Table<&'static str> {
    let mut table = table();
    for port in 0..2 * BACKLOG_MAX as u16 {
        let answer = answer(table.segment(&pair(port), &syn(), MSS, at(0)));
        assert_eq!(answer.flags, Flags::SYN);
    }
    assert_eq!(table.backlog.len(), BACKLOG_MAX);
    table
}

#[test]
fn an_honest_peer_gets_through_a_flood() {
    let mut table = flooded();
    let answer = answer(table.segment(&pair(9999), &syn(), MSS, at(10)));
    assert_eq!(table.backlog.len(), BACKLOG_MAX, "nothing is kept");
    let opened = handshake(table.segment(&pair(9999), &third(&answer), MSS, at(20)));
    assert_eq!((opened.mss, opened.window_scale, opened.sack), (1360, Some(9), true));
    assert_eq!((opened.first, opened.peer_first), (answer.seq, PEER));
}

#[test]
fn cookies_count_only_after_a_flood() {
    let mut table = table();
    let said = Handshake::of_syn(SeqNo(0), &syn());
    let first = cookies::number(&table.numbers, &pair(9), &said, at(0));
    let cookie = segment(Flags::empty(), PEER + 1, Some(first + 1));
    assert_eq!(answer(table.segment(&pair(9), &cookie, MSS, at(0))).flags, Flags::RST);
}

#[test]
fn a_flood_leaves_nothing_behind() {
    let mut table = flooded();
    while table.deadline().is_some() {
        let now = table.deadline().unwrap();
        while table.timeout(now).is_some() {}
    }
    assert!(table.backlog.is_empty() && table.places.is_empty());
    assert_eq!((table.backlog.room(), table.places.capacity()), (0, 0));
}

#[test]
fn a_crowd_leaves_nothing_behind() {
    let mut table = table();
    for _ in 0..2 {
        let crowd: Vec<_> =
            (0..1000).map(|port| table.insert(pair(port), "open").unwrap()).collect();
        for (key, _) in &crowd {
            table.arm(*key, Some(at(7)));
        }
        assert_eq!(core::iter::from_fn(|| table.expired(at(8))).count(), crowd.len());
        for (key, stream) in crowd {
            assert_eq!(
                (table.key_of(stream), table.remove(key, None, at(8))),
                (Some(key), Some("open"))
            );
            assert_eq!(table.key_of(stream), None);
        }
        assert_eq!((table.connections.capacity(), table.places.capacity()), (0, 0));
        assert_eq!(table.timers, Wheel::default());
    }
}
