//! A stack that hears what it listens to does what one does that hears everything: the same frames
//! are sent to both, at random, and whatever they do is compared.

use super::*;
use abi::Instant;
use hyper::{DatagramPeer, LinkProperties};
use net::{AddressSource, Config, Held, Prefix, Stack};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const EVERYBODY: [u8; 6] = [0xff; 6];
const ALL_NODES: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const PORT: u16 = 2049;

/// The VLANs of the one that chooses and of the one that does not.
const VLANS: [u16; 2] = [10, 20];

const SEEDS: u64 = 8;
const STEPS: usize = 1000;

/// Numbers that are the same in every run.
struct Luck(u64);

impl Luck {
    fn below(&mut self, end: u8) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as u8 % end
    }

    /// Our own host, or one of a few others; in ARP's probes nobody.
    fn host(&mut self) -> u8 {
        self.below(6)
    }

    /// Others have any of a few stations, of which they sometimes change.
    fn station(&mut self) -> [u8; 6] {
        [2, 0, 0, 0, 0, 2 + self.below(3)]
    }
}

fn v4(host: u8) -> Ipv4Addr {
    if host == 0 { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::new(10, 0, 0, host) }
}

fn v6(host: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from(host))
}

fn stack(link: &OpenLink, now: Instant) -> Stack {
    let fixed = |address, bits| AddressSource::Fixed(Prefix { address, bits });
    let config = Config {
        mac: MAC,
        addresses: vec![fixed(v4(1).into(), 24), fixed(v6(1).into(), 64)],
        gateways: vec![],
        detects_duplicates: true,
        stable_secret: None,
    };
    let link = LinkProperties { mtu_bytes: 1500, ..link.properties() };
    let mut stack = Stack::new(config, &link, [5; 16], now);
    stack.open_datagrams(PORT).unwrap();
    stack
}

fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// A packet of discovery: what is behind IPv6's header, without its checksum.
fn discovery(to: ([u8; 6], Ipv6Addr), from: ([u8; 6], Ipv6Addr), mut message: Vec<u8>) -> Vec<u8> {
    let length = (message.len() as u16).to_be_bytes();
    let addresses = [from.1.octets(), to.1.octets()].concat();
    let pseudo = [&addresses[..], &length, &[0, 58], &message].concat();
    message[2..4].copy_from_slice(&sum(&pseudo).to_be_bytes());
    let header = [&[0x60, 0, 0, 0][..], &length, &[58, 255], &addresses].concat();
    [&to.0[..], &from.0, &[0x86, 0xdd], &header, &message].concat()
}

fn arp(luck: &mut Luck) -> Vec<u8> {
    let (station, target) = (luck.station(), luck.host());
    let to = if luck.below(4) == 0 { MAC } else { EVERYBODY };
    let sender = if luck.below(3) == 0 { target } else { luck.host() };
    let start = [0, 1, 8, 0, 6, 4, 0, 1 + luck.below(2)];
    let [sender, target] = [sender, target].map(|host| v4(host).octets());
    [&to[..], &station, &[8, 6], &start, &station, &sender, &[0; 6], &target].concat()
}

/// An advertisement, asked for or not, that names its station or does not.
fn advertisement(luck: &mut Luck) -> Vec<u8> {
    let (station, target) = (luck.station(), v6(1 + luck.below(5)));
    let is_answer = luck.below(3) == 0;
    let to = if is_answer { (MAC, v6(1)) } else { (ALL_NODES, "ff02::1".parse().unwrap()) };
    let flags = u8::from(is_answer) << 6 | luck.below(2) << 5;
    let named = if luck.below(4) == 0 { vec![] } else { [&[2, 1][..], &station].concat() };
    let message = [&[136, 0, 0, 0, flags, 0, 0, 0][..], &target.octets(), &named].concat();
    discovery(to, (station, target), message)
}

fn solicitation(luck: &mut Luck) -> Vec<u8> {
    let (station, host) = (luck.station(), 1 + luck.below(5));
    let (from, named) = match luck.below(2) {
        0 => (Ipv6Addr::UNSPECIFIED, vec![]),
        _ => (v6(2 + luck.below(4)), [&[1, 1][..], &station].concat()),
    };
    let group = format!("ff02::1:ff00:{host}").parse().unwrap();
    let message = [&[135, 0, 0, 0, 0, 0, 0, 0][..], &v6(host).octets(), &named].concat();
    discovery(([0x33, 0x33, 0xff, 0, 0, host], group), (station, from), message)
}

/// A ping to all nodes.
fn ping(luck: &mut Luck) -> Vec<u8> {
    let from = (luck.station(), v6(2 + luck.below(4)));
    discovery((ALL_NODES, "ff02::1".parse().unwrap()), from, vec![128, 0, 0, 0, 1, 2, 3, 4])
}

/// The two, and the world that sends to both.
struct Pair {
    uplink: OpenLink,
    links: [OpenLink; 2],
    stacks: [Stack; 2],
    now: Instant,
    heard: [usize; 2],
}

impl Pair {
    fn new(switch: &SharedSwitch, uplink: OpenLink) -> Self {
        let now = Instant(1 << 40);
        let links = VLANS.map(|number| card(switch, number, MAC).unwrap());
        let stacks = [stack(&links[0], now), stack(&links[1], now)];
        Self { uplink, links, stacks, now, heard: [0; 2] }
    }

    /// Both do what they can: what they say must be the same.
    fn compare(&mut self) {
        if let Some(listening) = self.stacks[0].listening_news() {
            self.links[0].port.as_ref().unwrap().listen(&listening);
        }
        let now = self.now;
        let said = self.stacks.each_mut().map(|stack| {
            let frames: Vec<Frame> = std::iter::from_fn(|| stack.next_frame(now)).collect();
            let contested: Vec<IpAddr> = stack.contested().collect();
            let addresses: Vec<IpAddr> = stack.addresses().collect();
            let held: Held = stack.held();
            (frames, contested, addresses, held, stack.deadline())
        });
        assert_eq!(said[0], said[1]);
    }

    fn tell(&mut self, frame: &[u8]) {
        for number in VLANS {
            let tag = [0x81, 0, 0, number as u8];
            let head = [&frame[..12], &tag, &frame[12..]].concat();
            send(
                &self.uplink,
                Frame { head: head.into(), payload: vec![], checksum: None, cut: None },
            );
        }
        for (index, stack) in self.stacks.iter_mut().enumerate() {
            while let Some(frame) = taken(&self.links[index]) {
                self.heard[index] += 1;
                stack.frame(&frame.head, true, self.now, &mut |_| {});
            }
        }
    }

    fn send(&mut self, host: u8) {
        for (local, remote) in [(v4(1).into(), v4(host).into()), (v6(1).into(), v6(host).into())] {
            let [local, remote] =
                [local, remote].map(|address: IpAddr| SocketAddr::new(address, PORT));
            let peer = DatagramPeer { socket: 0, remote, local };
            self.stacks.iter_mut().for_each(|it| it.send_datagram(peer, vec![], self.now));
        }
    }

    fn pass(&mut self, seconds: u8) {
        let end = self.now + Duration::from_secs(seconds.into());
        while let Some(due) = self.stacks[0].deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.stacks.iter_mut().for_each(|it| it.advance(self.now, &mut |_| {}));
            self.compare();
        }
        self.now = end;
    }
}

#[test]
fn who_chooses_does_what_one_does_who_hears_everything() {
    let switch = SharedSwitch::new("lan", None).unwrap();
    for seed in 0..SEEDS {
        let folder = tempfile::tempdir().unwrap();
        let path = LinkSpec::Listen(folder.path().join("uplink"));
        let Uplink(uplink) = switch.uplink(&path, None, None).unwrap();
        let (mut pair, mut luck) = (Pair::new(&switch, uplink), Luck(seed));
        for _ in 0..STEPS {
            match luck.below(9) {
                0..3 => pair.tell(&arp(&mut luck)),
                3..5 => pair.tell(&advertisement(&mut luck)),
                5 => pair.tell(&solicitation(&mut luck)),
                6 => pair.tell(&ping(&mut luck)),
                7 => pair.send(2 + luck.below(4)),
                _ => pair.pass(luck.below(12)),
            }
            pair.compare();
        }
        let [chosen, all] = pair.heard;
        assert!(chosen > 100 && chosen < all, "{chosen} of {all}");
    }
}
