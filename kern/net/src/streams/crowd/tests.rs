//! More connections than there may be.

use super::*;
use crate::config::{AddressSource, Config};
use crate::tcp::limits::CONNECTIONS_MAX;
use crate::tcp::segment::{Flags, Options, Segment};
use crate::tcp::sequence::SeqNo;
use crate::tcp::table::Verdict;
use crate::{Prefix, Stack};
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;
use hyper::{LinkOffload, LinkProperties, StreamEvent};

const PEER: SeqNo = SeqNo(7000);
const MSS: u16 = 1460;
const FLOOD: IpAddr = address(0x0a00_0042);

const fn address(bits: u32) -> IpAddr {
    IpAddr::V4(core::net::Ipv4Addr::from_bits(bits))
}

fn at(seconds: u64) -> Instant {
    Instant((1000 + seconds) * 1_000_000_000)
}

fn server() -> Stack {
    let prefix = Prefix { address: address(0x0a00_0001), bits: 8 };
    let config = Config {
        mac: [2, 0, 0, 0, 0, 1],
        addresses: [AddressSource::Fixed(prefix)].into(),
        gateways: Vec::new(),
        detects_duplicates: false,
        stable_secret: None,
    };
    let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
    let mut stack = Stack::new(config, &link, [5; 16], at(0));
    assert!(stack.listen(2049));
    stack
}

fn segment(flags: Flags, seq: SeqNo, ack: Option<SeqNo>) -> Segment<'static> {
    Segment {
        source_port: 0,
        destination_port: 2049,
        seq,
        ack,
        flags,
        window: 65_535,
        options: Options::default(),
        payload: &[],
        congestion_experienced: false,
    }
}

/// Somebody at the other end.
struct Client {
    pair: Pair,
    first: SeqNo,
    stream: StreamId,
}

impl Client {
    fn new(stack: &mut Stack, from: IpAddr, port: u16, now: Instant) -> Self {
        let local = SocketAddr::new(address(0x0a00_0001), 2049);
        let pair = Pair { local, remote: SocketAddr::new(from, port) };
        let syn = segment(Flags::SYN, PEER, None);
        let Verdict::Answer(answer) = stack.streams.table.segment(&pair, &syn, MSS, now) else {
            panic!("no answer to {pair:?}")
        };
        let third = segment(Flags::empty(), PEER + 1, Some(answer.seq + 1));
        let mut stream = None;
        stack.segment(&pair, &third, now, &mut |event| {
            if let StreamEvent::Opened { stream: opened, .. } = event {
                stream = Some(opened);
            }
        });
        Self { pair, first: answer.seq, stream: stream.expect("who proves to be there is let in") }
    }

    /// Asks, is answered, and says so.
    fn call(&self, stack: &mut Stack, now: Instant) {
        let ask =
            Segment { payload: b"null", ..segment(Flags::PSH, PEER + 1, Some(self.first + 1)) };
        let mut heard = 0;
        let mut hear = |event: StreamEvent<'_>| {
            heard += usize::from(matches!(event, StreamEvent::Received { .. }));
        };
        stack.segment(&self.pair, &ask, now, &mut hear);
        stack.send(self.stream, [Bytes::from_static(b"void")].into(), now);
        drain(stack, now);
        let thanks = segment(Flags::empty(), PEER + 5, Some(self.first + 5));
        stack.segment(&self.pair, &thanks, now, &mut hear);
        assert_eq!(heard, 1);
    }

    fn is_there(&self, stack: &Stack) -> bool {
        stack.streams.table.key_of(self.stream.0).is_some()
    }
}

fn drain(stack: &mut Stack, now: Instant) {
    while stack.next_frame(now).is_some() {}
}

#[test]
fn who_holds_all_places_makes_room_for_the_others() {
    let mut stack = server();
    let idle = Client::new(&mut stack, address(0x0a00_0007), 700, at(0));
    idle.call(&mut stack, at(0));
    let flood: Vec<Client> =
        (0..17_000).map(|number| Client::new(&mut stack, FLOOD, 1024 + number, at(200))).collect();
    drain(&mut stack, at(200));
    assert_eq!(stack.connection_count(), CONNECTIONS_MAX);
    let honest: Vec<Client> = (0..500)
        .map(|number| {
            let client = Client::new(&mut stack, address(0x0a00_0100 + number), 800, at(201));
            client.call(&mut stack, at(201));
            client
        })
        .collect();
    assert!(idle.is_there(&stack) && honest.iter().all(|client| client.is_there(&stack)));
    let displaced = stack.displaced();
    let left = flood.iter().filter(|client| client.is_there(&stack)).count();
    assert_eq!((displaced.count, displaced.last), (17_000 - left as u64, Some(FLOOD)));
    assert_eq!(stack.connection_count(), CONNECTIONS_MAX);
}

#[test]
fn of_many_sources_those_make_room_that_never_got_an_answer() {
    let mut stack = server();
    let clients = |stack: &mut Stack, from: u32, count: u32, now| -> Vec<Client> {
        (0..count).map(|number| Client::new(stack, address(from + number), 700, now)).collect()
    };
    let idle = clients(&mut stack, 0x0a01_0000, 100, at(0));
    idle.iter().for_each(|client| client.call(&mut stack, at(0)));
    clients(&mut stack, 0x0a02_0000, 20_000, at(200));
    assert!(idle.iter().all(|client| client.is_there(&stack)));
    assert_eq!(stack.displaced().count, 20_100 - CONNECTIONS_MAX as u64);
}

#[test]
fn what_would_be_missed_counts_in_this_order() {
    let silent = |seconds| Worth {
        crowd: 0,
        never_answered: false,
        is_at_rest: false,
        silence: Duration::from_secs(seconds),
    };
    let at_rest = Worth { is_at_rest: true, ..silent(1) };
    let never_answered = Worth { never_answered: true, ..silent(0) };
    let of_a_crowd = Worth { crowd: CROWD_MIN, ..silent(0) };
    let order = [silent(1), silent(9), at_rest, never_answered, of_a_crowd];
    assert!(order.is_sorted());
}

#[test]
fn an_ipv6_host_is_one_source_whatever_address_it_takes() {
    let of = |text: &str| {
        let end = SocketAddr::new(text.parse().unwrap(), 1);
        source(&Pair { local: end, remote: end })
    };
    assert_eq!(of("fd00::1"), of("fd00::ffff:1"));
    assert_ne!(of("fd00::1"), of("fd00:0:0:1::1"));
    assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
}
