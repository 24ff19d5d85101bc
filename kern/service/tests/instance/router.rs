//! Addresses that a router lends for a while, and those that it has itself: the log tells.

use crate::lan::{Lan, identity};
use crate::world::memory;
use hyper::LinkEvent;
use net::AddressSource;

/// How long the router lends the prefix, in seconds.
const VALID_SECONDS: u32 = 60;

const ROUTER: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// A router's advertisement of fd07::/64 (RFC 4861 §4.2).
fn advertisement() -> Vec<u8> {
    let mut message = vec![134, 0, 0, 0, 64, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend([3, 4, 64, 0xc0]);
    message.extend(VALID_SECONDS.to_be_bytes());
    message.extend(VALID_SECONDS.to_be_bytes());
    message.extend([0; 4]);
    message.extend([0xfd, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    to_all_nodes(message)
}

/// The router has fd00::2 (RFC 4861 §4.4).
fn claim() -> Vec<u8> {
    let mut message = vec![136, 0, 0, 0, 0x20, 0, 0, 0];
    message.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    message.extend([2, 1, 2, 0, 0, 0, 0, 1]);
    to_all_nodes(message)
}

/// The router has 10.1.0.2 (RFC 5227 §2.3).
fn announcement() -> Vec<u8> {
    let router = [2, 0, 0, 0, 0, 1];
    let header = [&[0xff; 6][..], &router, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
    [&header[..], &router, &[10, 1, 0, 2], &[0; 6], &[10, 1, 0, 2]].concat()
}

fn to_all_nodes(mut message: Vec<u8>) -> Vec<u8> {
    let length = message.len() as u8;
    let pseudo = [&ROUTER[..], &ALL_NODES, &[0, 0, 0, length, 0, 0, 0, 58]].concat();
    let sum = checksum(&[&pseudo[..], &message].concat());
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let ethernet = [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
    let header = [0x60, 0, 0, 0, 0, length, 58, 255];
    [&ethernet[..], &header, &ROUTER, &ALL_NODES, &message].concat()
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    let sum: u32 = words.sum();
    let folded = (sum >> 16) + (sum & 0xffff);
    !((folded >> 16) + (folded & 0xffff)) as u16
}

#[test]
fn addresses_that_come_and_go_are_told() {
    let addresses = vec![AddressSource::Advertisements];
    let mut lan = Lan::with(memory(), net::Config { addresses, ..identity(2) });
    assert!(lan.log.lines.borrow().is_empty(), "nobody mounts it by a link-local address");
    lan.service.link_event(LinkEvent::Received { bytes: &advertisement(), checked: false });
    lan.turn();
    let told = lan.log.lines.take();
    let [line] = told.as_slice() else { panic!("{told:?}") };
    let (address, _) = line.strip_prefix("test: ").and_then(|it| it.split_once(' ')).expect(line);
    assert!(address.starts_with("fd07::"), "{line}");
    let expected = format!("test: {address} is its address: mount -t nfs '[{address}]:/' /mnt");
    assert_eq!(*line, expected);
    lan.until(|lan| !lan.log.lines.borrow().is_empty());
    let told = lan.log.lines.take();
    assert_eq!(told, [format!("test: {address} is no longer its address")]);
    assert!(lan.clock.time().0 >= u64::from(VALID_SECONDS) * 1_000_000_000);
}

#[test]
fn addresses_that_somebody_else_has_are_told_once() {
    let mut lan = Lan::with(memory(), net::Config { detects_duplicates: true, ..identity(2) });
    lan.log.lines.take();
    for bytes in [claim(), announcement(), announcement(), claim()] {
        lan.service.link_event(LinkEvent::Received { bytes: &bytes, checked: false });
        lan.turn();
    }
    let told = lan.log.lines.take();
    let expected = ["fd00::2", "10.1.0.2"].map(|address| {
        format!("test: somebody else has its address {address}: end that, or give it another")
    });
    assert_eq!(told, expected);
    lan.until(|lan| !lan.log.lines.borrow().is_empty());
    let later = lan.log.lines.take();
    assert_eq!(later, ["test: fd00::2 is its address: mount -t nfs '[fd00::2]:/' /mnt"]);
}
