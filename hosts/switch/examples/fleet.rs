//! What services of one VLAN cost each other when they start: stacks on a switch in virtual time, who
//! announce what they have, and what of processor time that takes.
//!
//! ```text
//! fleet [COUNT] [everything]        10,000; each hears all that is sent to many, and not what it listens to
//! ```

use abi::Instant;
use hyper::{Frame, LinkOffload, LinkProperties, Listening};
use net::{AddressSource, Config, Prefix, Stack};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use switch::{Limits, Mac, PortId, PortSettings, Switch, Vlan};

/// Longer than announcements take.
const TIME: Duration = Duration::from_secs(10);

/// The switch, with a stack on each port.
struct Fleet {
    switch: Switch,
    stacks: Vec<Stack>,
    /// Frames on their way, and the ports that they came by.
    frames: VecDeque<(PortId, Frame)>,
    now: Instant,
    hears_everything: bool,
    sent: usize,
    heard: usize,
}

impl Fleet {
    fn add(&mut self, number: u32) {
        let [_, high, middle, low] = number.to_be_bytes();
        let mac = [2, 0, 0, high, middle, low];
        let v4 = Ipv4Addr::new(10, high, middle, low).into();
        let v6 = Ipv6Addr::from_bits(0xfd00 << 112 | u128::from(number)).into();
        let fixed = |address: IpAddr, bits| AddressSource::Fixed(Prefix { address, bits });
        let config = Config {
            mac,
            addresses: vec![fixed(v4, 8), fixed(v6, 64)],
            gateways: Vec::new(),
            detects_duplicates: true,
            stable_secret: None,
        };
        let offload = LinkOffload::default();
        let link = LinkProperties { mac: Some(mac), mtu_bytes: 1500, offload };
        let port = self.switch.add(PortSettings::station(Vlan::DEFAULT, Mac(mac)));
        assert_eq!(port, Ok(PortId(self.stacks.len())), "ports have the numbers of stacks");
        self.switch.listen(PortId(self.stacks.len()), &Listening::Everything);
        self.stacks.push(Stack::new(config, &link, [7; 16], self.now));
    }

    /// Has a stack say what it has to say.
    fn speak(&mut self, port: PortId) {
        let stack = &mut self.stacks[port.0];
        if let Some(listening) = stack.listening_news().filter(|_| !self.hears_everything) {
            self.switch.listen(port, &listening);
        }
        while let Some(frame) = stack.next_frame(self.now) {
            self.sent += 1;
            self.frames.push_back((port, frame));
        }
    }

    /// Carries frames until there are none.
    fn settle(&mut self) {
        let mut egresses = Vec::new();
        while let Some((from, frame)) = self.frames.pop_front() {
            let bytes = [&frame.head[..], &frame.payload.concat()].concat();
            if self.switch.forward(from, &frame.head, self.now, &mut egresses).is_err() {
                continue;
            }
            self.heard += egresses.len();
            for egress in &egresses {
                self.stacks[egress.port.0].frame(&bytes, true, self.now, &mut |_| {});
                self.speak(egress.port);
            }
        }
    }

    fn run(&mut self) {
        let end = self.now + TIME;
        (0..self.stacks.len()).for_each(|port| self.speak(PortId(port)));
        self.settle();
        while let Some(due) = self.stacks.iter().filter_map(Stack::deadline).min()
            && due < end
        {
            self.now = due;
            for port in 0..self.stacks.len() {
                if self.stacks[port].deadline().is_some_and(|deadline| deadline <= due) {
                    self.stacks[port].advance(due, &mut |_| {});
                    self.speak(PortId(port));
                }
            }
            self.settle();
        }
    }
}

/// Processor time of this process, in seconds.
fn processor_s() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, after_name) = status.rsplit_once(')').expect("a name");
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let count = words.first().map_or(10_000, |text| text.parse().expect("a number of stacks"));
    let mut fleet = Fleet {
        switch: Switch::new(Limits::default(), [7; 16]),
        stacks: Vec::new(),
        frames: VecDeque::new(),
        now: Instant(1 << 40),
        hears_everything: words.get(1).is_some_and(|word| word == "everything"),
        sent: 0,
        heard: 0,
    };
    (1..=count).for_each(|number| fleet.add(number));
    let before_s = processor_s();
    fleet.run();
    let Fleet { sent, heard, .. } = fleet;
    let spent_s = processor_s() - before_s;
    println!(
        "{count} stacks sent {sent} frames and heard {heard} in {spent_s:.2} s of processor time"
    );
}
