//! Frames: two hosts on a wire, and somebody who sends what it likes and spoils what they send.

use crate::input::Input;
use abi::Instant;
use bytes::Bytes;
use hyper::{DatagramPeer, Frame, LinkOffload, LinkProperties};
use net::{AddressSource, Config, Prefix, Stack, limits};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const MTU_BYTES: u32 = 1500;
const PORT: u16 = 2049;
/// Frames that the wire holds; the oldest is lost.
const ON_THE_WIRE_MAX: usize = 256;
/// Steps of one input.
const STEPS_MAX: usize = 2000;

/// A frame and the host that it is for.
type Carried = (usize, Vec<u8>);

/// Runs one input.
///
/// # Panics
/// If a stack breaks a promise.
pub fn net_frames(input: &[u8]) {
    let mut input = Input::new(input);
    let start = Instant(1_000_000_000);
    let offload = LinkOffload { checksums: input.u8() % 2 == 1, ..LinkOffload::default() };
    let mut world =
        World { hosts: [host(1, offload), host(2, offload)], wire: VecDeque::new(), now: start };
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        world.step(&mut input);
    }
    world.rest();
}

struct World {
    hosts: [Stack; 2],
    wire: VecDeque<Carried>,
    now: Instant,
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        let host = usize::from(input.u8() & 1);
        match input.u8() % 6 {
            0 => {
                let (is_v4, length) = (input.u8().is_multiple_of(2), input.u16());
                self.send(host, is_v4, usize::from(length));
            }
            1 => {
                let length = input.u8();
                let frame = [&mac(host)[..], input.take(usize::from(length))].concat();
                self.take(host, &frame);
            }
            2 => self.carry(|_| {}),
            3 => {
                let (at, value) = (usize::from(input.u8()), input.u8());
                self.carry(|frame| {
                    if let Some(byte) = frame.get_mut(at) {
                        *byte = value;
                    }
                });
            }
            4 => {
                // Lost, or seen again later.
                let again = self.wire.pop_front().filter(|_| host == 1);
                self.wire.extend(again);
            }
            _ => self.pass(Duration::from_millis(1 << (input.u8() % 16))),
        }
        self.collect();
    }

    fn send(&mut self, from: usize, is_v4: bool, length_bytes: usize) {
        let at = |host| SocketAddr::new(address(host, is_v4), PORT);
        let peer = DatagramPeer { socket: 0, remote: at(1 - from), local: at(from) };
        let data = vec![Bytes::from(vec![7; length_bytes])];
        self.hosts[from].send_datagram(peer, data, self.now);
    }

    fn carry(&mut self, spoil: impl Fn(&mut Vec<u8>)) {
        if let Some((host, mut frame)) = self.wire.pop_front() {
            spoil(&mut frame);
            self.take(host, &frame);
        }
    }

    fn take(&mut self, host: usize, frame: &[u8]) {
        self.hosts[host].frame(frame, false, self.now, &mut |_| {});
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.hosts.iter_mut().for_each(|host| host.advance(self.now, &mut |_| {}));
    }

    fn collect(&mut self) {
        for host in 0..self.hosts.len() {
            check_held(&self.hosts[host]);
            while let Some(frame) = self.hosts[host].next_frame(self.now) {
                self.wire.push_back((1 - host, bytes(&frame)));
            }
        }
        while self.wire.len() > ON_THE_WIRE_MAX {
            self.wire.pop_front();
        }
    }

    /// In time, what is left of anything is given up.
    fn rest(&mut self) {
        self.wire.clear();
        for _ in 0..60 {
            self.pass(Duration::from_secs(20));
            for host in &mut self.hosts {
                while host.next_frame(self.now).is_some() {}
            }
        }
        for host in &self.hosts {
            assert_eq!(host.held(), net::Held::default(), "an idle stack holds nothing");
        }
    }
}

fn mac(host: usize) -> [u8; 6] {
    [2, 0, 0, 0, 0, host as u8 + 1]
}

fn address(host: usize, is_v4: bool) -> IpAddr {
    let number = host as u8 + 1;
    if is_v4 {
        [10, 0, 0, number].into()
    } else {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into()
    }
}

fn host(number: usize, offload: LinkOffload) -> Stack {
    let fixed =
        |is_v4, bits| AddressSource::Fixed(Prefix { address: address(number - 1, is_v4), bits });
    let config = Config {
        mac: mac(number - 1),
        addresses: vec![
            fixed(true, 24),
            fixed(false, 64),
            AddressSource::Dhcp,
            AddressSource::Advertisements,
        ],
        gateways: vec![],
        detects_duplicates: false,
        stable_secret: None,
    };
    let link = LinkProperties { mac: None, mtu_bytes: MTU_BYTES, offload };
    let mut stack = Stack::new(config, &link, [number as u8; 16], Instant(1_000_000_000));
    assert_eq!(stack.open_datagrams(PORT), Some(0));
    stack
}

fn check_held(stack: &Stack) {
    let held = stack.held();
    assert!(held.frames <= limits::FRAMES_QUEUED_MAX, "{held:?}");
    assert!(held.frames_bytes <= limits::FRAMES_QUEUED_BYTES_MAX, "{held:?}");
    assert!(held.neighbours <= limits::NEIGHBOURS_MAX, "{held:?}");
    assert!(held.neighbours_unresolved <= limits::NEIGHBOURS_UNRESOLVED_MAX, "{held:?}");
    assert!(held.frames_waiting <= limits::FRAMES_WAITING_MAX, "{held:?}");
    assert!(held.reassemblies <= limits::REASSEMBLIES_MAX, "{held:?}");
    assert!(held.reassembly_bytes <= limits::REASSEMBLY_BYTES_MAX, "{held:?}");
}

/// What the link makes of a frame.
fn bytes(frame: &Frame) -> Vec<u8> {
    assert!(frame.bytes() <= MTU_BYTES as usize + 14, "no longer than the link carries");
    let mut bytes = frame.head.to_vec();
    frame.payload.iter().for_each(|piece| bytes.extend_from_slice(piece));
    if let Some(place) = frame.checksum {
        let start = usize::from(place.start_bytes);
        let at = start + usize::from(place.offset_bytes);
        let sum = checksum(&bytes[start..]);
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u64 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
