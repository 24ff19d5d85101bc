//! Taps, with the kernel's own stack at the other end.

use crate::card::{open, serve, stop};
use crate::harness::{Home, PATIENCE, pattern, with_every_backend};
use crate::namespace::{inside, ip};
use crate::packets::{Flow, ICMP, ICMP_V6, TCP, UDP, here_we_are, read};
use hyper::{Link, LinkEvent, LinkFamily};
use posix::{LinkOptions, OpenLink, Progress, ServiceId};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;

/// What is sent over TCP each way, in bytes: more than a frame, less than a window.
const BULK_BYTES: usize = 40_000;

/// How often somebody is asked who does not answer.
const ASKED_MAX: u32 = 20;

/// Our end: answers what is asked on the way to the test.
#[derive(Default)]
pub struct Peer {
    /// Who asked for a ping by UDP, and from which port.
    asked: Option<(Flow, [u8; 2])>,
    received: Vec<u8>,
    largest_bytes: usize,
}

impl Peer {
    pub fn event(&mut self, link: &dyn Link, event: LinkEvent<'_>) {
        let LinkEvent::Received { bytes, checked } = event else { return };
        if let Some(answer) = here_we_are(bytes) {
            assert!(link.send(answer));
        }
        let Some((flow, protocol, packet)) = read(bytes) else { return };
        match protocol {
            UDP => self.datagram(link, &flow, packet, checked),
            TCP => self.segment(link, &flow, packet, checked),
            ICMP | ICMP_V6 => self.echoed(link, packet),
            _ => {}
        }
    }

    /// By UDP the kernel is asked to ask us: we ping it.
    fn datagram(&mut self, link: &dyn Link, flow: &Flow, packet: &[u8], checked: bool) {
        if packet[2..4] == [0, 7] {
            assert!(checked, "it never left this machine");
            self.asked = Some((flow.clone(), [packet[0], packet[1]]));
            let (protocol, kind) =
                if flow.family() == LinkFamily::V4 { (ICMP, 8) } else { (ICMP_V6, 128) };
            let request = [kind, 0, 0, 0, 0x12, 0x34, 0, 1];
            assert!(link.send(flow.back().frame(protocol, &request, &packet[8..], 2)));
        }
    }

    /// The kernel has answered our ping: so does the one who asked for it hear.
    fn echoed(&mut self, link: &dyn Link, packet: &[u8]) {
        if matches!(packet[0], 0 | 129) && packet[4..6] == [0x12, 0x34] {
            let (flow, port) = self.asked.clone().unwrap();
            let payload = &packet[8..];
            let length = (8 + payload.len() as u16).to_be_bytes();
            let header = [&[0, 7][..], &port, &length, &[0, 0]].concat();
            assert!(link.send(flow.back().frame(UDP, &header, payload, 6)));
        }
    }

    /// As much of TCP as a connection without losses needs.
    fn segment(&mut self, link: &dyn Link, flow: &Flow, packet: &[u8], checked: bool) {
        const SYN: u8 = 2;
        let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        let (seq, ack, flags) = (number(4), number(8), packet[13]);
        let payload = &packet[usize::from(packet[12] >> 4) * 4..];
        let answer = |seq: u32, ack: u32, flags: u8, data: &[u8]| {
            let mut header = [&packet[2..4], &packet[..2]].concat();
            header.extend_from_slice(&seq.to_be_bytes());
            header.extend_from_slice(&ack.to_be_bytes());
            header.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
            if flags & SYN != 0 {
                header[12] = 0x60;
                header.extend_from_slice(&[2, 4, 5, 0xb4]);
            }
            let frame = flow.back().frame(TCP, &header, data, 16);
            // No segment is longer than the MTU, whichever headers it has.
            let frame = if data.len() > 1400 { flow.back().cut(frame, 1400) } else { frame };
            assert!(link.send(frame));
        };
        if flags & SYN != 0 {
            *self = Self::default();
            return answer(1000, seq.wrapping_add(1), SYN | 0x10, &[]);
        }
        if !payload.is_empty() {
            assert!(checked, "it never left this machine");
            self.largest_bytes = self.largest_bytes.max(payload.len());
            self.received.extend_from_slice(payload);
            answer(ack, seq.wrapping_add(payload.len() as u32), 0x10, &[]);
            if self.received.len() == BULK_BYTES {
                assert!(self.received == pattern(BULK_BYTES));
                assert!(self.largest_bytes > 1500, "frames come whole: {}", self.largest_bytes);
                answer(ack, seq.wrapping_add(payload.len() as u32), 0x18, b"done");
            }
        } else if ack == 1001 {
            answer(1001, seq, 0x18, &pattern(BULK_BYTES));
        }
    }
}

pub fn ping(server: SocketAddr) {
    let socket =
        UdpSocket::bind((if server.is_ipv4() { "10.9.0.1" } else { "fd09::1" }, 0)).unwrap();
    let question = pattern(700);
    let mut answer = [0; 2000];
    socket.set_read_timeout(Some(PATIENCE / ASKED_MAX)).unwrap();
    // Datagrams may be lost, and under load they are: it asks again, as clients do.
    let mut answers = (0..ASKED_MAX).filter_map(|_| {
        socket.send_to(&question, server).unwrap();
        socket.recv(&mut answer).ok()
    });
    let count = answers.next().expect("an answer in time");
    assert!(answer[..count] == question);
}

pub fn bulk(server: SocketAddr) {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut arrived = vec![0; BULK_BYTES];
    stream.read_exact(&mut arrived).unwrap();
    assert!(arrived == pattern(BULK_BYTES));
    stream.write_all(&pattern(BULK_BYTES)).unwrap();
    let mut done = [0; 4];
    stream.read_exact(&mut done).unwrap();
    assert_eq!(&done, b"done");
}

#[test]
fn the_kernel_answers_and_large_frames_cross_whole() {
    inside("taps::the_kernel_answers_and_large_frames_cross_whole", || {
        with_every_backend(|home| {
            let folder = tempfile::tempdir().unwrap();
            let trace = folder.path().join("trace.pcap");
            let options = LinkOptions { mtu_bytes: None, trace: Some(trace.clone()) };
            let link = open("tap:vt0", options);
            assert_eq!(link.properties().mtu_bytes, 1500);
            assert!(link.properties().offload.segments_v6);
            ip("addr add 10.9.0.1/24 dev vt0");
            ip("addr add fd09::1/64 dev vt0 nodad");
            let mut peer = Peer::default();
            let service = serve(home, link, move |link, event| peer.event(link, event));
            for server in ["10.9.0.2", "fd09::2"] {
                ping(SocketAddr::new(server.parse().unwrap(), 7));
                bulk(SocketAddr::new(server.parse().unwrap(), 9));
            }
            stop(home, service);
            assert_well_formed(&trace);
        });
    });
}

/// By another hand's reading: nothing malformed, and large frames both ways.
fn assert_well_formed(trace: &Path) {
    let large_from = |address: &str| format!("tcp.len > 1500 && eth.src == {address}");
    assert_eq!(tshark(trace, "_ws.malformed || _ws.short || _ws.unreassembled"), "");
    for (filter, what) in [
        (large_from("02:00:00:00:00:02"), "large frames of ours"),
        ("tcp.len > 1500 && eth.dst == 02:00:00:00:00:02".into(), "large frames of the kernel's"),
        ("arp.opcode == 2".into(), "our answer to ARP"),
        ("icmpv6.type == 136".into(), "our answer to neighbour discovery"),
        ("icmp.type == 0".into(), "the kernel's answer to a ping"),
        ("icmpv6.type == 129".into(), "its answer by IPv6"),
    ] {
        assert_ne!(tshark(trace, &filter), "", "{what}");
    }
}

/// The numbers of the frames that the filter picks.
fn tshark(trace: &Path, filter: &str) -> String {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(trace).args(["-Y", filter, "-T", "fields", "-e", "frame.number"]);
    let output = command.output().expect("tshark is there (install tshark)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The reason why a link cannot be had.
fn refused(link: &str) -> String {
    OpenLink::open(&link.parse().unwrap(), LinkOptions::default()).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_attached_is_told_with_what_to_do() {
    inside("taps::what_cannot_be_attached_is_told_with_what_to_do", || {
        let held = open("tap:vt0", LinkOptions::default());
        let busy = refused("tap:vt0");
        assert!(busy.contains("another process is attached"), "{busy}");
        let none = refused("tap:lo");
        assert!(none.contains("is no tap"), "{none}");
        drop(held);
        ip("tuntap add dev vt1 mode tap multi_queue");
        ip("link set dev vt1 mtu 9000 up");
        let kept = open("tap:vt1", LinkOptions::default());
        assert_eq!(kept.properties().mtu_bytes, 9000);
        drop(kept);
        let small = LinkOptions { mtu_bytes: Some(1400), trace: None };
        assert_eq!(open("tap:vt1", small).properties().mtu_bytes, 1400);
        let large = LinkOptions { mtu_bytes: Some(9001), trace: None };
        let error = OpenLink::open(&"tap:vt1".parse().unwrap(), large).unwrap_err().to_string();
        assert!(error.contains("ip link set dev vt1 mtu 9001"), "{error}");
    });
}

#[test]
fn an_inherited_descriptor_is_checked_to_be_a_tap() {
    inside("taps::an_inherited_descriptor_is_checked_to_be_a_tap", || {
        let file = std::fs::File::open("/dev/null").unwrap();
        let error = refused(&format!("tap-fd:{}", file.as_raw_fd()));
        assert!(error.contains("no attached tap"), "{error}");
        let device = std::fs::File::open("/dev/net/tun").unwrap();
        let error = refused(&format!("tap-fd:{}", device.as_raw_fd()));
        assert!(error.contains("no attached tap"), "{error}");
    });
}

/// A tenant ends by itself when its tap does, and is told why.
fn assert_gone(home: &Home, service: ServiceId) {
    let report = home.report();
    let Progress::Failed(reason) = report.progress else { panic!("{report:?}") };
    assert_eq!(report.service, service);
    assert!(reason.contains("tap:vt0: the tap is gone") && reason.contains("make it again"));
}

#[test]
fn an_interface_that_is_down_loses_frames_and_one_that_goes_ends_the_link() {
    inside("taps::an_interface_that_is_down_loses_frames_and_one_that_goes_ends_the_link", || {
        with_every_backend(|home| {
            let link = open("tap:vt0", LinkOptions::default());
            ip("addr add 10.9.0.1/24 dev vt0");
            let mut peer = Peer::default();
            let service = serve(home, link, move |link, event| peer.event(link, event));
            let server = SocketAddr::new("10.9.0.2".parse().unwrap(), 7);
            ping(server);
            ip("link set dev vt0 down");
            ip("link set dev vt0 up");
            ping(server);
            ip("link del dev vt0");
            assert_gone(home, service);
        });
    });
}
