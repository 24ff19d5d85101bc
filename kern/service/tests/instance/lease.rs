//! A service whose address is lent by a DHCP server: it is given back as the last thing.

use crate::lan::{Lan, identity};
use crate::world::memory;
use hyper::LinkEvent;
use net::AddressSource;
use service::Next;

const SERVER: [u8; 4] = [10, 1, 0, 1];
const LENT: [u8; 4] = [10, 1, 0, 77];
const STATION: [u8; 6] = [2, 0, 0, 0, 0, 0x99];

/// Where UDP's data begins, and in it a message's options, in bytes.
const DATA: usize = 14 + 20 + 8;
const OPTIONS: usize = 240;

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const RELEASE: u8 = 7;

/// What a client asks a server, if a frame carries that.
fn asked(frame: &[u8]) -> Option<u8> {
    let is_asked = frame.get(23) == Some(&17) && frame.get(36..38) == Some(&[0, 67]);
    let options = frame.get(DATA + OPTIONS..).filter(|_| is_asked)?;
    let kind = options.windows(3).find(|option| option[..2] == [53, 1])?;
    Some(kind[2])
}

/// What a server says to that.
fn answer(frame: &[u8], kind: u8) -> Vec<u8> {
    let mut message = vec![0; OPTIONS];
    message[..4].copy_from_slice(&[2, 1, 6, 0]);
    message[4..8].copy_from_slice(&frame[DATA + 4..DATA + 8]);
    message[16..20].copy_from_slice(&LENT);
    message[28..34].copy_from_slice(&frame[6..12]);
    message[236..].copy_from_slice(&[99, 130, 83, 99]);
    message.extend([[53, 1, kind, 54, 4].as_slice(), &SERVER, &[51, 4, 0, 0, 14, 16]].concat());
    message.extend([1, 4, 255, 255, 255, 0, 255]);
    let [bytes, udp_bytes] =
        [28, 8].map(|headers| ((message.len() + headers) as u16).to_be_bytes());
    let mut ip = [&[0x45, 0], &bytes[..], &[0, 0, 0, 0, 64, 17, 0, 0], &SERVER, &[255; 4]].concat();
    let sum = checksum::of(&ip).to_be_bytes();
    ip[10..12].copy_from_slice(&sum);
    let udp = [&[0, 67, 0, 68], &udp_bytes[..], &[0, 0]].concat();
    [&[0xff; 6][..], &STATION, &[8, 0], &ip, &udp, &message].concat()
}

/// What the server says if it is asked for its station.
fn station(frame: &[u8]) -> Option<Vec<u8>> {
    let is_meant = frame[12..14] == [8, 6] && frame[20..22] == [0, 1] && frame[38..42] == SERVER;
    let header = [8, 6, 0, 1, 8, 0, 6, 4, 0, 2];
    let (from, to) = (frame.get(22..32)?, &frame[6..12]);
    is_meant.then(|| [to, &STATION, &header, &STATION, &SERVER, from].concat())
}

/// Lets time pass, with a server that answers or not, until the service is asleep or stopped. Says
/// what it asked.
fn run(lan: &mut Lan, is_server_there: bool) -> Vec<u8> {
    let mut all = Vec::new();
    let end = lan.clock.time().0 + 20_000_000_000;
    while !lan.service.is_stopped() {
        lan.turn();
        let frames = lan.cable.frames.take();
        for frame in &frames {
            let bytes = [&frame.head[..], &frame.payload.concat()].concat();
            let kind = asked(&bytes);
            all.extend(kind);
            let answer = match kind {
                Some(DISCOVER) => Some(answer(&bytes, OFFER)),
                Some(REQUEST) => Some(answer(&bytes, ACK)),
                _ => station(&bytes),
            };
            for bytes in answer.iter().filter(|_| is_server_there) {
                lan.service.link_event(LinkEvent::Received { bytes, checked: false });
            }
        }
        match lan.next {
            _ if !frames.is_empty() => {}
            Next::Again => {}
            Next::At(moment) if moment.0 < end => lan.clock.reach(moment),
            Next::At(_) | Next::Idle => break,
        }
    }
    all
}

/// A service that has a lease.
fn leased() -> Lan {
    let config = net::Config { addresses: vec![AddressSource::Dhcp], ..identity(2) };
    let mut lan = Lan::with(memory(), config);
    assert_eq!(run(&mut lan, true), [DISCOVER, REQUEST]);
    assert!(lan.log.lines.borrow().iter().any(|line| line.contains("10.1.0.77 is its address")));
    lan
}

#[test]
fn a_lease_is_given_back_when_the_service_stops() {
    let mut lan = leased();
    lan.service.stop();
    assert!(!lan.service.is_stopped());
    assert_eq!(run(&mut lan, true), [RELEASE]);
    assert!(lan.service.is_stopped());
}

#[test]
fn a_server_that_is_gone_holds_nobody_up() {
    let mut lan = leased();
    lan.service.stop();
    let begun = lan.clock.time();
    assert_eq!(run(&mut lan, false), []);
    assert!(lan.service.is_stopped());
    assert!(lan.clock.time().since(begun).as_secs() < 5, "before the host loses patience");
}
