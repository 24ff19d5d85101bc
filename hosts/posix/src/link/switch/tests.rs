//! Ports without workers: what is put in at one comes out at others.

mod alike;
mod fleet;

use super::*;
use bytes::Bytes;
use hyper::{ChecksumPlace, Cut, Frame, LinkFamily, Listening};

const ONE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const TWO: [u8; 6] = [2, 0, 0, 0, 0, 2];
const ALL: [u8; 6] = [0xff; 6];

fn vlan(number: u16) -> Vlan {
    Vlan::new(number).unwrap()
}

/// A card that hears everything.
fn card(switch: &SharedSwitch, number: u16, mac: [u8; 6]) -> Result<OpenLink, String> {
    let card = switch.card(vlan(number), mac, LinkOptions::default());
    let card = card.map_err(|error| error.to_string())?;
    card.port.as_ref().unwrap().listen(&Listening::Everything);
    Ok(card)
}

/// A frame that leaves all to its link.
fn frame(to: [u8; 6], from: [u8; 6]) -> Frame {
    let head = [&to[..], &from, &[8, 0], &[7; 40]].concat();
    let cut = Cut {
        family: LinkFamily::V4,
        segment_bytes: 1400,
        head_bytes: head.len() as u16,
        cwr: false,
    };
    Frame {
        head: head.into(),
        payload: vec![Bytes::from_static(&[9; 3000])],
        checksum: Some(ChecksumPlace { start_bytes: 34, offset_bytes: 16 }),
        cut: Some(cut),
    }
}

fn send(link: &OpenLink, frame: Frame) {
    link.port.as_ref().unwrap().send(frame);
}

fn taken(link: &OpenLink) -> Option<Arc<Frame>> {
    link.port.as_ref().unwrap().outlet.take()
}

#[test]
fn a_card_is_one_services_and_says_why_it_cannot_be_had() {
    let switch = SharedSwitch::new("lan", Some(9000)).unwrap();
    let first = card(&switch, 1, ONE).unwrap();
    assert_eq!((first.name.as_str(), first.properties().mtu_bytes), ("switch:lan", 9000));
    assert_eq!(first.properties().mac, Some(ONE));
    assert!(card(&switch, 1, ONE).unwrap_err().contains("has this station's address"));
    assert_eq!(card(&switch, 2, ONE).unwrap().name, "switch:lan.2");
    assert!(card(&switch, 1, ALL).unwrap_err().contains("one station's address"));
    drop(first);
    assert!(card(&switch, 1, ONE).is_ok(), "who goes leaves the address to others");
    let with_mtu = |mtu_bytes| {
        let options = LinkOptions { mtu_bytes: Some(mtu_bytes), trace: None };
        switch.card(vlan(3), TWO, options).map(|link| link.properties().mtu_bytes)
    };
    assert_eq!(with_mtu(1400), Ok(1400));
    assert!(with_mtu(9001).unwrap_err().to_string().contains("9000 bytes, not of 9001"));
    assert!(SharedSwitch::new("lan", Some(60)).is_err());
}

#[test]
fn frames_are_shared_and_tags_move_what_is_left_to_be_done() {
    let switch = SharedSwitch::new("lan", None).unwrap();
    let (one, two) = (card(&switch, 10, ONE).unwrap(), card(&switch, 10, TWO).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = LinkSpec::Listen(folder.path().join("uplink"));
    let Uplink(uplink) = switch.uplink(&path, None, None).unwrap();
    let sent = frame(ALL, ONE);
    send(&one, sent.clone());
    let here = taken(&two).unwrap();
    assert_eq!((here.as_ref(), here.head.as_ptr()), (&sent, sent.head.as_ptr()));
    let out = taken(&uplink).unwrap();
    assert_eq!(out.head, [&sent.head[..12], &[0x81, 0, 0, 10], &sent.head[12..]].concat());
    assert_eq!(out.payload[0].as_ptr(), sent.payload[0].as_ptr());
    assert_eq!(out.checksum, Some(ChecksumPlace { start_bytes: 38, offset_bytes: 16 }));
    assert_eq!(out.cut.unwrap().head_bytes, 58);
    assert_eq!(taken(&one), None);
    let other = [3, 1, 2, 0xff, 9, 9];
    let back =
        Frame { head: [&ONE[..], &other, &out.head[12..]].concat().into(), ..(*out).clone() };
    send(&uplink, back);
    assert!(taken(&one).is_none(), "that sender is a group");
    let other = [2, 1, 2, 0xff, 9, 9];
    let back =
        Frame { head: [&ONE[..], &other, &out.head[12..]].concat().into(), ..(*out).clone() };
    send(&uplink, back);
    let back = taken(&one).unwrap();
    assert_eq!(
        (back.checksum, back.cut, &back.head[12..]),
        (sent.checksum, sent.cut, &sent.head[12..])
    );
}

#[test]
fn what_becomes_of_frames_is_counted_by_port() {
    let switch = SharedSwitch::new("lan", None).unwrap();
    let (one, two) = (card(&switch, 1, ONE).unwrap(), card(&switch, 1, TWO).unwrap());
    for _ in 0..1500 {
        send(&one, Frame { payload: vec![], ..frame(TWO, ONE) });
    }
    send(&one, frame(ONE, TWO));
    drop(card(&switch, 1, [2, 0, 0, 0, 0, 3]).unwrap());
    let [first, second] = switch.ports().try_into().unwrap();
    assert_eq!((first.mac, first.counts.forwarded, first.counts.sender), (Some(ONE), 1500, 1));
    assert_eq!((second.link.as_str(), second.mac, first.lost), ("switch:lan", Some(TWO), 0));
    let arrived = std::iter::from_fn(|| taken(&two)).count() as u64;
    assert!(arrived > 0 && second.lost > 0 && arrived + second.lost == 1500);
}
