//! A switch in the process: services of several workers, and uplinks of both kinds.

use crate::card::{plain, serve, stop};
use crate::harness::{Home, eventually, pattern, with_every_backend};
use crate::links::{connect, framed, receive};
use crate::namespace::{inside, ip};
use crate::packets::{Flow, OUR_MAC, OUR_V4, OUR_V6, TCP, UDP, read, sum};
use crate::taps::{Peer, bulk, ping};
use hyper::{Link, LinkEvent};
use posix::{Backend, LinkOptions, OpenLink, ServiceId, ServiceSpec, SharedSwitch, Vlan};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The test's own station, behind an uplink.
const TEST_MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];
const OTHER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 5];
const EVERYBODY: [u8; 6] = [0xff; 6];

/// What is answered, in bytes: many segments.
const ANSWER_BYTES: usize = 20_000;

fn vlan(number: u16) -> Vlan {
    Vlan::new(number).unwrap()
}

fn card(switch: &SharedSwitch, number: u16, mac: [u8; 6]) -> OpenLink {
    switch.card(vlan(number), mac, LinkOptions::default()).unwrap()
}

/// Adds an uplink and waits until it works.
fn uplink(home: &Home, switch: &SharedSwitch, link: &str, vlan: Option<Vlan>) -> ServiceId {
    let uplink = switch.uplink(&link.parse().unwrap(), vlan, None).unwrap();
    let service = home.add(ServiceSpec::uplink(uplink));
    assert!(format!("{:?}", home.report().progress).starts_with("Serving"));
    service
}

/// Adds an uplink that the test is behind.
fn plug_in(
    home: &Home,
    switch: &SharedSwitch,
    path: &Path,
    vlan: Option<Vlan>,
) -> (ServiceId, UnixStream) {
    let service = uplink(home, switch, &format!("unix:{}", path.display()), vlan);
    (service, connect(path))
}

/// From the test to a service.
fn flow(is_v4: bool) -> Flow {
    let (to, from) = if is_v4 {
        (OUR_V4.to_vec(), vec![10, 9, 0, 9])
    } else {
        (OUR_V6.to_vec(), [&OUR_V6[..15], &[9]].concat())
    };
    Flow { to_mac: OUR_MAC, from_mac: TEST_MAC, to, from }
}

/// A frame of a kind of its own.
fn frame(to: [u8; 6], from: [u8; 6], text: &[u8]) -> Vec<u8> {
    [&to[..], &from, &[0x88, 0xb5], text].concat()
}

fn in_vlan(frame: &[u8], number: u16) -> Vec<u8> {
    [&frame[..12], &[0x81, 0], &number.to_be_bytes(), &frame[12..]].concat()
}

/// A question, and who asks it of whom.
fn question(flow: &Flow) -> Vec<u8> {
    let header = [0, 8, 0, 7, 0, 12, 0, 0];
    let frame = flow.frame(UDP, &header, b"what", 6);
    [&frame.head[..], &frame.payload.concat()].concat()
}

/// Answers each question with one large frame that begins with `name`, and leaves all to the link.
fn answering(name: u8) -> impl FnMut(&dyn Link, LinkEvent<'_>) + Send {
    move |link, event| {
        let LinkEvent::Received { bytes, .. } = event else { return };
        let Some((flow, UDP, _)) = read(bytes) else { return };
        let header = [0, 7, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 1, 0, 0, 0, 0, 0];
        let data = [&[name][..], &pattern(ANSWER_BYTES)].concat();
        let frame = flow.back().frame(TCP, &header, &data, 16);
        assert!(link.send(flow.back().cut(frame, 1400)));
    }
}

/// Receives the answer, of which each frame must be complete and no longer than the MTU.
fn assert_answered(peer: &mut UnixStream, tag: Option<u16>, name: u8) {
    let mut data = Vec::new();
    while data.len() < 1 + ANSWER_BYTES {
        let mut frame = receive(peer);
        if let Some(number) = tag {
            let tag: Vec<_> = frame.drain(12..16).collect();
            assert_eq!(tag, [&[0x81, 0][..], &number.to_be_bytes()].concat());
        }
        let Some((flow, TCP, packet)) = read(&frame) else { continue };
        assert!(frame.len() <= 1514, "{}", frame.len());
        let pseudo = flow.pseudo_sum(TCP, packet.len() as u32).to_be_bytes();
        assert_eq!(sum(&[&pseudo[..], packet].concat()), 0xffff, "TCP's checksum");
        assert!(frame[12] != 8 || sum(&frame[14..34]) == 0xffff, "IP's checksum");
        let sequence = u32::from_be_bytes(packet[4..8].try_into().unwrap());
        assert_eq!(sequence as usize, data.len());
        data.extend_from_slice(&packet[20..]);
    }
    assert!(data == [&[name][..], &pattern(ANSWER_BYTES)].concat());
}

#[test]
fn services_of_two_workers_talk_and_nothing_is_summed_up_or_cut() {
    for backends in [[Backend::Uring, Backend::Poll], [Backend::Poll, Backend::Uring]] {
        let [here, there] = backends.map(Home::new);
        let switch = SharedSwitch::new("lan", None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (uplink, mut peer) = plug_in(&here, &switch, &folder.path().join("up"), None);
        let answerer = serve(&there, card(&switch, 1, OUR_MAC), answering(b'A'));
        // Asks when it is told to by the test, and tells the test of the answer.
        let asker = serve(&here, card(&switch, 1, OTHER_MAC), |link, event| {
            let LinkEvent::Received { bytes, checked } = event else { return };
            if bytes[6..12] == TEST_MAC {
                let flow = Flow { from_mac: OTHER_MAC, ..flow(true) };
                assert!(!checked && link.send(plain(&question(&flow))));
            } else {
                let (_, _, packet) = read(bytes).unwrap();
                let is_whole = packet[20] == b'A' && packet[21..] == pattern(ANSWER_BYTES);
                let text: &[u8] = if checked && is_whole { b"whole" } else { b"broken" };
                assert!(link.send(plain(&frame(TEST_MAC, OTHER_MAC, text))));
            }
        });
        for _ in 0..100 {
            peer.write_all(&framed(&frame(OTHER_MAC, TEST_MAC, b"go"))).unwrap();
            assert_eq!(receive(&mut peer)[14..], *b"whole");
        }
        assert_eq!(switch.ports().iter().map(|port| port.lost).sum::<u64>(), 0);
        stop(&here, asker);
        stop(&there, answerer);
        stop(&here, uplink);
        assert_eq!(switch.ports(), []);
        [here, there].into_iter().for_each(|home| home.pool.join().unwrap());
    }
}

#[test]
fn an_uplink_without_offloads_is_given_complete_frames_and_vlans_are_apart() {
    with_every_backend(|home| {
        let switch = SharedSwitch::new("lan", None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (uplink, mut peer) = plug_in(home, &switch, &folder.path().join("up"), None);
        let [ten, twenty] = [10, 20]
            .map(|number| serve(home, card(&switch, number, OUR_MAC), answering(number as u8)));
        for (is_v4, number) in [(true, 10), (true, 20), (false, 20), (false, 10)] {
            let question = question(&flow(is_v4));
            peer.write_all(&framed(&in_vlan(&question, number))).unwrap();
            assert_answered(&mut peer, Some(number), number as u8);
        }
        [ten, twenty, uplink].into_iter().for_each(|service| stop(home, service));
    });
}

#[test]
fn who_floods_delays_only_itself() {
    with_every_backend(|home| {
        let switch = SharedSwitch::new("lan", None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (uplink, mut peer) = plug_in(home, &switch, &folder.path().join("up"), Some(vlan(7)));
        let heard = Arc::new(AtomicUsize::new(0));
        let count = heard.clone();
        let victim = serve(home, card(&switch, 7, OUR_MAC), move |link, event| {
            let LinkEvent::Received { bytes, .. } = event else { return };
            if bytes[6..12] == TEST_MAC {
                assert!(link.send(plain(&frame(TEST_MAC, OUR_MAC, &bytes[14..]))));
            } else {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        // As much as its link takes, again and again: to everybody, and to one who is not there.
        let flooder = serve(home, card(&switch, 7, OTHER_MAC), |link, _| {
            let [all, one] = [EVERYBODY, [2, 8, 8, 8, 8, 8]]
                .map(|to| plain(&frame(to, OTHER_MAC, &pattern(60))));
            while link.send(all.clone()) && link.send(one.clone()) {}
        });
        peer.write_all(&framed(&frame(EVERYBODY, TEST_MAC, b"go"))).unwrap();
        let flooded = || {
            let ports = switch.ports();
            ports.into_iter().find(|port| port.mac == Some(OTHER_MAC)).unwrap().counts
        };
        eventually("a flood", || flooded().rate > 50_000);
        for number in 0..200u32 {
            let text = [&b"is anybody there"[..], &number.to_be_bytes()].concat();
            peer.write_all(&framed(&frame(OUR_MAC, TEST_MAC, &text))).unwrap();
            while receive(&mut peer)[14..] != text {}
        }
        let (counts, heard) = (flooded(), heard.load(Ordering::Relaxed));
        assert!(counts.rate > 10 * counts.forwarded, "{counts:?}");
        assert!(heard as u64 <= counts.forwarded, "{heard} of {counts:?}");
        [flooder, victim, uplink].into_iter().for_each(|service| stop(home, service));
    });
}

#[test]
fn one_who_is_sent_too_much_loses_it_and_the_neighbours_are_answered() {
    let [here, there] = [Backend::Uring, Backend::Poll].map(Home::new);
    let switch = SharedSwitch::new("lan", None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (uplink, mut peer) = plug_in(&there, &switch, &folder.path().join("up"), None);
    let buried = serve(&there, card(&switch, 1, [2, 0, 0, 0, 0, 4]), |_, _| {
        std::thread::sleep(std::time::Duration::from_micros(20));
    });
    let victim = serve(&there, card(&switch, 1, OUR_MAC), answering(b'V'));
    let flooder = serve(&here, card(&switch, 1, OTHER_MAC), |link, _| {
        let frame = plain(&frame([2, 0, 0, 0, 0, 4], OTHER_MAC, &pattern(1000)));
        while link.send(frame.clone()) {}
    });
    peer.write_all(&framed(&frame(OTHER_MAC, TEST_MAC, b"go"))).unwrap();
    let lost = |mac| {
        let ports = switch.ports();
        ports.into_iter().find(|port| port.mac == mac).unwrap().lost
    };
    eventually("more than it can take", || lost(Some([2, 0, 0, 0, 0, 4])) > 10_000);
    for is_v4 in [true, false].into_iter().cycle().take(50) {
        peer.write_all(&framed(&question(&flow(is_v4)))).unwrap();
        assert_answered(&mut peer, None, b'V');
    }
    assert_eq!((lost(Some(OUR_MAC)), lost(None)), (0, 0));
    stop(&here, flooder);
    [buried, victim, uplink].into_iter().for_each(|service| stop(&there, service));
    [here, there].into_iter().for_each(|home| home.pool.join().unwrap());
}

#[test]
fn the_kernel_reaches_a_service_behind_a_tap() {
    inside("switches::the_kernel_reaches_a_service_behind_a_tap", || {
        with_every_backend(|home| {
            let switch = SharedSwitch::new("lan", None).unwrap();
            let uplink = uplink(home, &switch, "tap:vt0", None);
            ip("addr add 10.9.0.1/24 dev vt0");
            ip("addr add fd09::1/64 dev vt0 nodad");
            let mut peer = Peer::default();
            let card = card(&switch, 1, OUR_MAC);
            let service = serve(home, card, move |link, event| peer.event(link, event));
            for server in ["10.9.0.2", "fd09::2"] {
                ping(SocketAddr::new(server.parse().unwrap(), 7));
                bulk(SocketAddr::new(server.parse().unwrap(), 9));
            }
            assert_eq!(switch.ports().iter().map(|port| port.lost).sum::<u64>(), 0);
            [service, uplink].into_iter().for_each(|service| stop(home, service));
        });
    });
}

#[test]
fn tenants_with_the_same_addresses_share_a_trunk_between_two_switches() {
    inside("switches::tenants_with_the_same_addresses_share_a_trunk_between_two_switches", || {
        with_every_backend(|home| {
            let folder = tempfile::tempdir().unwrap();
            let [here, there] =
                ["here", "there"].map(|name| SharedSwitch::new(name, None).unwrap());
            let trunks =
                [uplink(home, &here, "tap:vt0", None), uplink(home, &there, "tap:vt1", None)];
            ip("link add br0 type bridge");
            ["vt0", "vt1"]
                .into_iter()
                .for_each(|tap| ip(&format!("link set dev {tap} master br0")));
            ip("link set dev br0 up");
            let mut ends = [10, 20].map(|number| {
                let path = folder.path().join(number.to_string());
                let (uplink, peer) = plug_in(home, &here, &path, Some(vlan(number)));
                let card = card(&there, number, OUR_MAC);
                (number, serve(home, card, answering(number as u8)), uplink, peer)
            });
            for is_v4 in [true, false] {
                for (number, _, _, peer) in &mut ends {
                    peer.write_all(&framed(&question(&flow(is_v4)))).unwrap();
                    assert_answered(peer, None, *number as u8);
                }
            }
            for (_, service, uplink, _) in ends {
                [service, uplink].into_iter().for_each(|service| stop(home, service));
            }
            trunks.into_iter().for_each(|trunk| stop(home, trunk));
            ip("link del br0");
        });
    });
}
