//! Cards and cables by themselves.

use super::headers::family;
use super::sums::pseudo;
use super::*;
use crate::{Luck, VirtualClock};
use bytes::Bytes;
use hyper::{ChecksumPlace, Clock, Cut, Frame, Link, LinkFamily, LinkOffload, LinkProperties};
use std::time::Duration;

const OFFLOAD: LinkOffload = LinkOffload {
    checksums: true,
    segments_v4: true,
    segments_v6: true,
    segments_bytes_max: 65_549,
};

fn link(offload: LinkOffload) -> LinkProperties {
    LinkProperties { mac: None, mtu_bytes: 1500, offload }
}

/// A frame of so much text, to be cut.
fn frame(family: Family, text_bytes: usize) -> Frame {
    let (kind, ip_bytes) = match family {
        Family::V4 => ([0x08, 0x00], 20),
        Family::V6 => ([0x86, 0xdd], 40),
    };
    let mut head = [&[2; 12][..], &kind, &vec![7; ip_bytes], &[5; 20]].concat();
    let (ip, start) = (&mut head[ETHERNET_BYTES..], ETHERNET_BYTES + ip_bytes);
    match family {
        Family::V4 => {
            ip[..10].copy_from_slice(&[0x45, 0, 0, 0, 0xff, 0xff, 0, 0, 64, 6]);
            ip[2..4].copy_from_slice(&((40 + text_bytes) as u16).to_be_bytes());
        }
        Family::V6 => {
            ip[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 0, 6, 64]);
            ip[4..6].copy_from_slice(&((20 + text_bytes) as u16).to_be_bytes());
        }
    }
    (head[start + 12], head[start + 13]) = (0x50, 0x98);
    let end = head.len() + text_bytes;
    let sum = pseudo(&head, family, 6, start, end);
    head[start + 16..start + 18].copy_from_slice(&sum.to_be_bytes());
    let text: Vec<_> = (0..text_bytes).map(|at| (at % 251) as u8).collect();
    let of = match family {
        Family::V4 => LinkFamily::V4,
        Family::V6 => LinkFamily::V6,
    };
    let head_bytes = head.len() as u16;
    Frame {
        head: head.into(),
        payload: vec![Bytes::from(text)],
        checksum: Some(ChecksumPlace { start_bytes: start as u16, offset_bytes: 16 }),
        cut: Some(Cut { family: of, segment_bytes: 1000, head_bytes, cwr: true }),
    }
}

/// Sends a frame from end 0, and has what arrives at the other, long after.
fn carried(frame: Frame, conditions: Conditions, deliveries: [Delivery; 2]) -> Vec<Parcel> {
    let clock = VirtualClock::default();
    let cable = Cable::new(clock.clone(), [conditions; 2], &Luck::new(1));
    let [near, far] = [0, 1].map(|end| cable.card(end, link(OFFLOAD), deliveries[end]));
    assert!(near.send(frame));
    clock.pass(Duration::from_secs(1));
    let arrivals = std::iter::from_fn(|| far.take());
    let parcels = arrivals.map(|arrival| match arrival {
        Arrival::Frame(parcel) => parcel,
        Arrival::Room => panic!("room, though nothing was sent"),
    });
    parcels.collect()
}

#[test]
fn what_is_cut_is_right_and_can_be_put_together() {
    for of in [Family::V4, Family::V6] {
        let whole = frame(of, 40_500);
        let pieces = carried(whole.clone(), Conditions::default(), [Delivery::Plain; 2]);
        assert_eq!(pieces.len(), 41);
        for (index, piece) in pieces.iter().enumerate() {
            let tcp = TcpFrame::of(&piece.bytes).unwrap();
            assert!(is_intact(&piece.bytes) && !piece.checked);
            assert_eq!(family(&piece.bytes), Some(of));
            assert_eq!(tcp.seq(&piece.bytes), 0x0505_0505 + index as u32 * 1000);
            let flags = 0x10 | if index == 0 { 0x80 } else { 0 } | if index == 40 { 8 } else { 0 };
            assert_eq!(tcp.flags(&piece.bytes), flags);
        }
        let ways = [Delivery::Plain, Delivery::Gathered];
        let gathered = carried(whole.clone(), Conditions::default(), ways);
        // The first is by itself, for it alone has CWR.
        let lengths: Vec<_> = gathered.iter().map(|parcel| parcel.bytes.len()).collect();
        let head = whole.head.len();
        assert_eq!(lengths, [head + 1000, head + 39_500]);
        assert!(gathered[1].checked && gathered[1].bytes[head..] == whole.payload[0][1000..]);
        let local = carried(whole.clone(), Conditions::default(), [Delivery::Local; 2]);
        assert_eq!((local.len(), local[0].checked), (1, true));
    }
}

#[test]
fn damage_is_always_seen() {
    let all = PerMillion(1_000_000);
    let corrupted = Conditions { corrupted: all, ..Conditions::default() };
    let truncated = Conditions { truncated: all, ..Conditions::default() };
    for conditions in [corrupted, truncated] {
        for parcel in carried(frame(Family::V4, 40_000), conditions, [Delivery::Verified; 2]) {
            let header_is_right =
                parcel.bytes.len() > 34 && sums::checksum(&parcel.bytes[14..34]) == 0;
            assert!(!parcel.checked || !header_is_right);
        }
    }
}

#[test]
fn a_slow_card_says_when_it_has_room() {
    let clock = VirtualClock::default();
    let slow = Conditions {
        bytes_per_second: Some(1_000_000),
        queue_bytes: 10_000,
        queue: Queue::Refuses,
        ..Conditions::default()
    };
    let cable = Cable::new(clock.clone(), [slow; 2], &Luck::new(1));
    let card = cable.card(0, link(OFFLOAD), Delivery::Plain);
    let small = Frame { cut: None, ..frame(Family::V4, 1000) };
    let sent = std::iter::from_fn(|| card.has_room().then(|| card.send(small.clone()))).count();
    assert_eq!((sent, card.take()), (10, None));
    let due = card.next_due().unwrap();
    assert_eq!(due.since(clock.now()), Duration::from_micros(10 * 1054 - 5000));
    clock.reach(due);
    assert_eq!(card.take(), Some(Arrival::Room));
    assert!(card.has_room() && card.take().is_none());
}

#[test]
fn one_seed_is_one_wire() {
    let bad = Conditions {
        delay: Duration::from_millis(1),
        overtaken: PerMillion(300_000),
        overtaken_by: Duration::from_millis(1),
        lost: PerMillion(50_000),
        bursts: PerMillion(20_000),
        burst: Duration::from_micros(10),
        duplicated: PerMillion(50_000),
        corrupted: PerMillion(50_000),
        ..Conditions::default()
    };
    let play = || carried(frame(Family::V6, 60_000), bad, [Delivery::Plain; 2]);
    let (first, second) = (play(), play());
    assert_eq!(first, second);
    let seqs =
        first.iter().filter_map(|parcel| Some(TcpFrame::of(&parcel.bytes)?.seq(&parcel.bytes)));
    let seqs: Vec<_> = seqs.collect();
    assert!(!seqs.is_sorted() && seqs.len() < 60);
}

#[test]
#[should_panic(expected = "does not cut")]
fn what_was_not_offered_may_not_be_asked_for() {
    let sums = LinkOffload { checksums: true, ..LinkOffload::default() };
    let cable = Cable::new(VirtualClock::default(), Default::default(), &Luck::new(1));
    cable.card(0, link(sums), Delivery::Plain).send(frame(Family::V4, 5000));
}
