//! Frames that nobody sent.

use sim::{ETHERNET_BYTES, Family, TcpFrame, fill_checksums};
use smoltcp::wire::{IpAddress, IpProtocol, checksum};

/// TCP's control bits.
pub mod flags {
    /// No more data.
    pub const FIN: u8 = 0x01;
    /// Numbers are to be synchronized.
    pub const SYN: u8 = 0x02;
    /// It is over.
    pub const RST: u8 = 0x04;
    /// There is an acknowledgement.
    pub const ACK: u8 = 0x10;
}

/// A segment as somebody sent it, to be changed.
#[derive(Clone, Debug)]
pub struct Forged {
    bytes: Vec<u8>,
    tcp: TcpFrame,
}

impl Forged {
    /// After a frame; `None` if it carries no segment.
    pub fn after(frame: &[u8]) -> Option<Self> {
        let tcp = TcpFrame::of(frame)?;
        let bytes = frame[..tcp.end].to_vec();
        Some(Self { bytes, tcp })
    }

    /// The original's number.
    pub fn seq(&self) -> u32 {
        self.tcp.seq(&self.bytes)
    }

    /// What the original acknowledges.
    pub fn ack(&self) -> u32 {
        self.tcp.ack(&self.bytes)
    }

    /// Its control bits.
    pub fn flags(&self) -> u8 {
        self.tcp.flags(&self.bytes)
    }

    /// With another number.
    pub fn with_seq(self, seq: u32) -> Self {
        self.put(4, &seq.to_be_bytes())
    }

    /// With another acknowledgement.
    pub fn with_ack(self, ack: u32) -> Self {
        self.put(8, &ack.to_be_bytes())
    }

    /// With other control bits.
    pub fn with_flags(self, flags: u8) -> Self {
        self.put(13, &[flags])
    }

    /// With another window.
    pub fn with_window(self, window: u16) -> Self {
        self.put(14, &window.to_be_bytes())
    }

    /// With other bytes.
    pub fn with_text(mut self, text: &[u8]) -> Self {
        self.bytes.truncate(self.tcp.text);
        self.bytes.extend_from_slice(text);
        self.tcp.end = self.bytes.len();
        self.put_length();
        self
    }

    /// A SYN with another largest segment, where its options begin with that, as ours do.
    pub fn with_mss(self, mss: u16) -> Self {
        let is_first = self.bytes.get(self.tcp.start + 20) == Some(&2);
        if is_first { self.put(22, &mss.to_be_bytes()) } else { self }
    }

    /// With other options; their length is a multiple of four.
    pub fn with_options(mut self, options: &[u8]) -> Self {
        let text = self.bytes.split_off(self.tcp.text);
        self.bytes.truncate(self.tcp.start + 20);
        self.bytes.extend_from_slice(options);
        self.tcp.text = self.bytes.len();
        self.bytes.extend_from_slice(&text);
        self.tcp.end = self.bytes.len();
        self.put_length();
        let words = (self.tcp.text - self.tcp.start) as u8 / 4;
        self.put(12, &[words << 4])
    }

    /// The frame, its checksums right.
    pub fn done(mut self) -> Vec<u8> {
        fill_checksums(&mut self.bytes, &self.tcp);
        self.bytes
    }

    fn put(mut self, at: usize, value: &[u8]) -> Self {
        self.bytes[self.tcp.start + at..][..value.len()].copy_from_slice(value);
        self
    }

    fn put_length(&mut self) {
        let (at, from) = match self.tcp.family {
            Family::V4 => (ETHERNET_BYTES + 2, ETHERNET_BYTES),
            Family::V6 => (ETHERNET_BYTES + 4, ETHERNET_BYTES + 40),
        };
        let length = ((self.bytes.len() - from) as u16).to_be_bytes();
        self.bytes[at..at + 2].copy_from_slice(&length);
    }
}

/// An error that somebody on the way may send about a frame, to its sender: `[type, code]` of the
/// family, and the four bytes behind the checksum. Its source is the frame's destination.
pub fn error_about(frame: &[u8], kind_v4: [u8; 2], kind_v6: [u8; 2], word: u32) -> Option<Vec<u8>> {
    let tcp = TcpFrame::of(frame)?;
    let (kind, quoted_bytes) = match tcp.family {
        Family::V4 => (kind_v4, 28),
        Family::V6 => (kind_v6, 1200),
    };
    let quoted = &frame[ETHERNET_BYTES..tcp.end.min(ETHERNET_BYTES + quoted_bytes)];
    let mut message = [&kind[..], &[0, 0], &word.to_be_bytes(), quoted].concat();
    let mut packet = match tcp.family {
        Family::V4 => {
            let sum = !checksum::data(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            head_v4(&quoted[16..20], &quoted[12..16], message.len())
        }
        Family::V6 => {
            let [from, to] = [&quoted[24..40], &quoted[8..24]].map(v6);
            let length = message.len() as u32;
            let pseudo = checksum::pseudo_header(&from, &to, IpProtocol::Icmpv6, length);
            let sum = !checksum::combine(&[pseudo, checksum::data(&message)]);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            head_v6(&quoted[24..40], &quoted[8..24], message.len())
        }
    };
    packet.extend_from_slice(&message);
    Some([&frame[6..12], &frame[..6], &frame[12..14], &packet].concat())
}

fn v6(bytes: &[u8]) -> IpAddress {
    let mut octets = [0; 16];
    octets.copy_from_slice(bytes);
    IpAddress::Ipv6(octets.into())
}

fn head_v4(from: &[u8], to: &[u8], payload_bytes: usize) -> Vec<u8> {
    let length = ((20 + payload_bytes) as u16).to_be_bytes();
    let mut head = [&[0x45, 0][..], &length, &[0, 0, 0, 0, 64, 1, 0, 0], from, to].concat();
    let sum = !checksum::data(&head);
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    head
}

fn head_v6(from: &[u8], to: &[u8], payload_bytes: usize) -> Vec<u8> {
    let length = (payload_bytes as u16).to_be_bytes();
    [&[0x60, 0, 0, 0][..], &length, &[58, 64], from, to].concat()
}
