//! Frames: two hosts on a wire, and somebody who sends what it likes and spoils what they send.

use super::host::{self, PORT, START, check_held};
use super::link;
use crate::input::Input;
use ::net::{AddressSource, Stack};
use abi::Instant;
use bytes::Bytes;
use hyper::{DatagramPeer, LinkProperties};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

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
    let link = link::properties(input.u8() % 2);
    let hosts = [1, 2].map(|number| stack(number, &link));
    let mut world = World { hosts, link, wire: VecDeque::new(), now: START };
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
    link: LinkProperties,
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
            check_held(&self.hosts[host].held());
            while let Some(frame) = self.hosts[host].next_frame(self.now) {
                let bytes = link::carry(&frame, &self.link);
                self.wire.push_back((1 - host, bytes));
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

fn stack(number: u8, link: &LinkProperties) -> Stack {
    host::stack(number, &[AddressSource::Dhcp, AddressSource::Advertisements], link, START)
}

fn mac(host: usize) -> [u8; 6] {
    host::mac(host as u8 + 1)
}

fn address(host: usize, is_v4: bool) -> IpAddr {
    host::address(host as u8 + 1, is_v4)
}
