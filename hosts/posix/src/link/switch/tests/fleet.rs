//! Services with stacks of their own in one VLAN, without workers and in virtual time: who hears of
//! whom, counted.

use super::*;
use abi::Instant;
use hyper::{LinkTopic, StreamEvent};
use net::{AddressSource, Config, Prefix, Stack};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The port that everybody has open.
const PORT: u16 = 2049;

/// A service: a card and a stack.
struct Station {
    link: OpenLink,
    stack: Stack,
    /// Frames that it was told of, datagrams among them, and turns that it had for them.
    heard: usize,
    datagrams: usize,
    turns: usize,
    /// It says what it listens to.
    is_choosy: bool,
}

impl Station {
    fn new(link: OpenLink, addresses: &[IpAddr], now: Instant) -> Self {
        let fixed = |&address: &IpAddr| {
            let bits = if address.is_ipv4() { 8 } else { 64 };
            AddressSource::Fixed(Prefix { address, bits })
        };
        let config = Config {
            mac: link.properties().mac.unwrap(),
            addresses: addresses.iter().map(fixed).collect(),
            gateways: vec![],
            detects_duplicates: true,
            stable_secret: None,
        };
        let mut stack = Stack::new(config, &link.properties(), [5; 16], now);
        stack.open_datagrams(PORT).unwrap();
        Self { link, stack, heard: 0, datagrams: 0, turns: 0, is_choosy: true }
    }

    fn port(&self) -> &Port {
        self.link.port.as_ref().unwrap()
    }

    /// Says what it listens to.
    fn listen(&mut self) {
        if let Some(listening) = self.stack.listening_news().filter(|_| self.is_choosy) {
            self.port().listen(&listening);
        }
    }

    /// Sends what there is, if there is anything.
    fn speak(&mut self, now: Instant) -> bool {
        self.listen();
        let frames: Vec<_> = std::iter::from_fn(|| self.stack.next_frame(now)).collect();
        let has_spoken = !frames.is_empty();
        frames.into_iter().for_each(|frame| self.port().send(frame));
        has_spoken
    }

    /// Takes what arrived and sends what there is, if there is anything.
    fn turn(&mut self, now: Instant) -> bool {
        let mut datagrams = 0;
        let frames: Vec<_> = std::iter::from_fn(|| taken(&self.link)).collect();
        for frame in &frames {
            let bytes = [&frame.head[..], &frame.payload.concat()].concat();
            self.stack.frame(&bytes, true, now, &mut |event| {
                datagrams += usize::from(matches!(event, StreamEvent::Datagram { .. }));
            });
        }
        self.heard += frames.len();
        self.datagrams += datagrams;
        self.turns += usize::from(!frames.is_empty());
        self.speak(now) || !frames.is_empty()
    }

    fn send(&mut self, from: IpAddr, to: IpAddr, now: Instant) {
        let (remote, local) = (SocketAddr::new(to, PORT), SocketAddr::new(from, PORT));
        self.stack.send_datagram(hyper::DatagramPeer { socket: 0, remote, local }, vec![], now);
        self.speak(now);
    }
}

struct Fleet {
    switch: SharedSwitch,
    stations: Vec<Station>,
    now: Instant,
}

impl Fleet {
    fn new() -> Self {
        let switch = SharedSwitch::new("lan", None).unwrap();
        Self { switch, stations: Vec::new(), now: Instant(1 << 40) }
    }

    /// One more service, which has not had its turn yet.
    fn add(&mut self, in_vlan: u16, number: u16, addresses: &[IpAddr]) {
        let link = self.switch.card(vlan(in_vlan), mac(number), LinkOptions::default());
        let mut station = Station::new(link.unwrap(), addresses, self.now);
        station.listen();
        self.stations.push(station);
    }

    /// Until nothing happens without time.
    fn settle(&mut self) {
        while self.stations.iter_mut().map(|it| usize::from(it.turn(self.now))).sum::<usize>() > 0 {
        }
    }

    /// Lets so many seconds pass.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        self.settle();
        while let Some(now) = self.stations.iter().filter_map(|it| it.stack.deadline()).min()
            && now <= end
        {
            self.now = self.now.max(now);
            for station in &mut self.stations {
                station.stack.advance(self.now, &mut |_| {});
                station.speak(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    fn send(&mut self, from: usize, to: usize) {
        for address in [v4, v6] {
            let (own, other) = (address(from as u16), address(to as u16));
            self.stations[from].send(own, other, self.now);
        }
        self.settle();
    }

    /// What has been heard by each, who hears nothing left out.
    fn heard(&self) -> Vec<(usize, usize)> {
        let heard = self.stations.iter().map(|it| it.heard).enumerate();
        heard.filter(|(_, heard)| *heard > 0).collect()
    }

    fn contested(&self) -> Vec<Vec<IpAddr>> {
        self.stations.iter().map(|it| it.stack.contested().collect()).collect()
    }
}

fn mac(number: u16) -> [u8; 6] {
    let [high, low] = number.to_be_bytes();
    [2, 0, 0, 0, high, low]
}

fn v4(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

fn v6(number: u16) -> IpAddr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number).into()
}

#[test]
fn a_thousand_announce_themselves_and_nobody_turns_for_it() {
    let mut fleet = Fleet::new();
    (1..=1000).for_each(|number| fleet.add(1, number, &[v4(number), v6(number)]));
    fleet.pass(20);
    assert_eq!(fleet.heard(), []);
    let sent: Vec<u64> = fleet.switch.ports().iter().map(|port| port.counts.nowhere).collect();
    assert!(sent.iter().all(|sent| *sent >= 6), "each announces what it has: {sent:?}");
    fleet.add(1, 1001, &[v4(1001), v6(1001)]);
    fleet.pass(20);
    assert_eq!(fleet.stations.iter().map(|it| it.turns).sum::<usize>(), 0);
}

#[test]
fn who_asks_for_one_of_many_wakes_that_one() {
    let mut fleet = Fleet::new();
    (0..200).for_each(|number| fleet.add(1, number, &[v4(number), v6(number)]));
    fleet.pass(20);
    fleet.send(7, 120);
    assert_eq!(fleet.stations[120].datagrams, 2);
    assert_eq!(fleet.heard(), [(7, 2), (120, 4)], "two answers; questions and datagrams");
}

#[test]
fn what_was_heard_by_all_is_heard_by_all_who_do_not_choose() {
    let mut fleet = Fleet::new();
    for number in 0..50 {
        fleet.add(1, number, &[v4(number), v6(number)]);
        fleet.stations[usize::from(number)].is_choosy = number >= 25;
        fleet.stations[usize::from(number)].port().listen(&if number < 25 {
            Listening::Everything
        } else {
            Listening::Topics(vec![LinkTopic::Own(v4(number))])
        });
    }
    fleet.pass(20);
    let heard = fleet.heard();
    assert_eq!(heard.len(), 25, "{heard:?}");
    assert!(heard.iter().all(|(_, heard)| *heard > 50), "{heard:?}");
}

#[test]
fn twins_find_each_other_in_one_vlan_and_not_in_two() {
    for (vlans, contested_by) in
        [([1, 1], [vec![v4(9)], vec![v4(9), v6(9)]]), ([1, 2], [vec![], vec![]])]
    {
        let mut fleet = Fleet::new();
        (100..150).for_each(|number| fleet.add(1, number, &[v4(number), v6(number)]));
        fleet.add(vlans[0], 1, &[v4(9), v6(9)]);
        fleet.pass(20);
        fleet.add(vlans[1], 2, &[v4(9), v6(9)]);
        fleet.pass(20);
        assert_eq!(fleet.contested()[50..], contested_by);
        assert!(fleet.contested()[..50].iter().all(Vec::is_empty));
        assert!(fleet.stations[50].stack.has_address(v6(9)), "the first keeps it");
        assert_eq!(fleet.stations[51].stack.has_address(v6(9)), vlans[0] != vlans[1]);
        assert!(fleet.heard().iter().all(|(index, _)| *index >= 50), "{:?}", fleet.heard());
    }
}

#[test]
fn twins_that_start_at_once_both_leave_the_address_alone() {
    let mut fleet = Fleet::new();
    (1..3).for_each(|number| fleet.add(1, number, &[v6(9)]));
    fleet.pass(5);
    assert_eq!(fleet.contested(), [[v6(9)], [v6(9)]]);
    assert!(fleet.stations.iter().all(|it| !it.stack.has_address(v6(9))));
}

#[test]
fn who_moves_is_found_where_it_is() {
    let mut fleet = Fleet::new();
    (0..20).for_each(|number| fleet.add(1, number, &[v4(number), v6(number)]));
    fleet.pass(20);
    (0..10).for_each(|number| fleet.send(number, 15));
    drop(fleet.stations.remove(15));
    fleet.add(1, 500, &[v4(15), v6(15)]);
    let moved = fleet.stations.pop().unwrap();
    fleet.stations.insert(15, moved);
    // Longer than it takes to be announced, and less than until it would be asked for again.
    fleet.pass(3);
    let idle: Vec<_> = fleet.stations[10..15].iter().map(|it| it.heard).collect();
    assert_eq!(idle, [0; 5], "only who knew it was told");
    (0..10).for_each(|number| fleet.send(number, 15));
    assert_eq!(fleet.stations[15].datagrams, 20);
}
