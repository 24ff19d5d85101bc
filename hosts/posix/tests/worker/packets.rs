//! Packets made by hand, with their checksums left to the link, and just as much of a reader.

use bytes::Bytes;
use hyper::{ChecksumPlace, Cut, Frame, LinkFamily};

pub const UDP: u8 = 17;
pub const TCP: u8 = 6;
pub const ICMP: u8 = 1;
pub const ICMP_V6: u8 = 58;

/// Our own address.
pub const OUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
pub const OUR_V4: [u8; 4] = [10, 9, 0, 2];
pub const OUR_V6: [u8; 16] = [0xfd, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// Who talks to whom.
#[derive(Clone, Debug)]
pub struct Flow {
    pub to_mac: [u8; 6],
    pub from_mac: [u8; 6],
    pub to: Vec<u8>,
    pub from: Vec<u8>,
}

impl Flow {
    pub fn back(&self) -> Self {
        Self {
            to_mac: self.from_mac,
            from_mac: OUR_MAC,
            to: self.from.clone(),
            from: self.to.clone(),
        }
    }

    pub fn family(&self) -> LinkFamily {
        if self.to.len() == 4 { LinkFamily::V4 } else { LinkFamily::V6 }
    }

    /// A frame of this flow. `checksum_offset` is where its protocol's checksum stands.
    pub fn frame(
        &self,
        protocol: u8,
        header: &[u8],
        payload: &[u8],
        checksum_offset: u16,
    ) -> Frame {
        let length = header.len() + payload.len();
        let mut head = [&self.to_mac[..], &self.from_mac].concat();
        self.put_ip(&mut head, protocol, length as u16);
        let start = head.len();
        head.extend_from_slice(header);
        let place = start + usize::from(checksum_offset);
        // ICMP of version 4 alone has no pseudo header.
        let sum = if protocol == ICMP { 0 } else { self.pseudo_sum(protocol, length as u32) };
        head[place..place + 2].copy_from_slice(&sum.to_be_bytes());
        let place = ChecksumPlace { start_bytes: start as u16, offset_bytes: checksum_offset };
        let pieces = payload.chunks(4096).map(Bytes::copy_from_slice).collect();
        Frame { head: head.into(), payload: pieces, checksum: Some(place), cut: None }
    }

    /// The same, to be cut into segments of this size.
    pub fn cut(&self, mut frame: Frame, segment_bytes: u16) -> Frame {
        let head_bytes = frame.head.len() as u16;
        frame.cut = Some(Cut { family: self.family(), segment_bytes, head_bytes, cwr: false });
        frame
    }

    fn put_ip(&self, head: &mut Vec<u8>, protocol: u8, length: u16) {
        let start = head.len() + 2;
        match self.family() {
            LinkFamily::V4 => {
                head.extend_from_slice(&[8, 0, 0x45, 0]);
                head.extend_from_slice(&(length + 20).to_be_bytes());
                head.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
            }
            LinkFamily::V6 => {
                head.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
                head.extend_from_slice(&length.to_be_bytes());
                head.extend_from_slice(&[protocol, 255]);
            }
        }
        head.extend_from_slice(&self.from);
        head.extend_from_slice(&self.to);
        if self.family() == LinkFamily::V4 {
            let sum = !sum(&head[start..]);
            head[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
        }
    }

    /// What TCP and UDP sum up before the packet itself, not complemented.
    pub fn pseudo_sum(&self, protocol: u8, length: u32) -> u16 {
        let words = [0, 0, 0, protocol];
        sum(&[&self.from[..], &self.to, &length.to_be_bytes(), &words].concat())
    }
}

/// RFC 1071, not complemented.
pub fn sum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | word.get(1).map_or(0, |&b| u32::from(b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// What a frame carries: who to whom, which protocol, and from its header on.
pub fn read(frame: &[u8]) -> Option<(Flow, u8, &[u8])> {
    let mac = |start: usize| frame[start..start + 6].try_into().unwrap();
    let address = |start: usize, length: usize| frame[start..start + length].to_vec();
    let (from, to, protocol, start, end) = match frame.get(12..14)? {
        [8, 0] => {
            let length = u16::from_be_bytes([frame[16], frame[17]]);
            (address(26, 4), address(30, 4), frame[23], 34, 14 + usize::from(length))
        }
        [0x86, 0xdd] => {
            let length = u16::from_be_bytes([frame[18], frame[19]]);
            (address(22, 16), address(38, 16), frame[20], 54, 54 + usize::from(length))
        }
        _ => return None,
    };
    let flow = Flow { to_mac: mac(0), from_mac: mac(6), to, from };
    Some((flow, protocol, frame.get(start..end)?))
}

/// The answer, if a frame asks for our address by ARP or neighbour discovery.
pub fn here_we_are(frame: &[u8]) -> Option<Frame> {
    if frame.get(12..14)? == [8, 6] && frame.get(20..22)? == [0, 1] && frame.get(38..42)? == OUR_V4
    {
        let mut head =
            [&frame[6..12], &OUR_MAC, &frame[12..20], &[0, 2], &OUR_MAC, &OUR_V4].concat();
        head.extend_from_slice(&frame[22..32]);
        return Some(Frame { head: head.into(), payload: vec![], checksum: None, cut: None });
    }
    let (flow, protocol, packet) = read(frame)?;
    let asks = protocol == ICMP_V6 && packet[0] == 135 && packet[8..24] == OUR_V6;
    let answer = Flow { to: flow.from.clone(), from: OUR_V6.into(), ..flow.back() };
    let body = [&[136, 0, 0, 0, 0x60, 0, 0, 0][..], &OUR_V6, &[2, 1], &OUR_MAC].concat();
    asks.then(|| answer.frame(ICMP_V6, &body, &[], 2))
}
