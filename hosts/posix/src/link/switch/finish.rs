//! Doing by hand what a frame leaves to its link: the checksum, and the cuts.
//!
//! As network cards do it (virtio 1.2 §5.1.6.2): each segment has the headers with its own lengths,
//! identification, sequence number and checksums; FIN and PSH stay with the last, CWR with the
//! first. The frame may be anybody's: what does not add up is lost.

use checksum::Sum;
use hyper::{ChecksumPlace, Cut, Frame, LinkFamily};

/// The least payload of segments, in bytes: no link wants less (IPv4's least MTU is 68), and a frame
/// does not become many thousands.
const SEGMENT_BYTES_MIN: usize = 28;

/// Flags of TCP.
const FIN_PSH: u8 = 0x01 | 0x08;
const CWR: u8 = 0x80;

/// Bytes of TCP's header without options, and where in it things stand.
const TCP_BYTES: usize = 20;
const SEQUENCE: usize = 4;
const DATA_OFFSET: usize = 12;
const FLAGS: usize = 13;
const CHECKSUM: usize = 16;

/// A frame that leaves nothing to be done.
pub(crate) fn complete(bytes: Vec<u8>) -> Frame {
    Frame { head: bytes.into(), payload: Vec::new(), checksum: None, cut: None }
}

/// Hands over the frames that `frame` is to be, complete, one after another.
pub(crate) fn finished(frame: &Frame, sink: &mut dyn FnMut(Frame)) {
    let mut bytes = Vec::with_capacity(frame.bytes());
    bytes.extend_from_slice(&frame.head);
    frame.payload.iter().for_each(|piece| bytes.extend_from_slice(piece));
    let mut sink = |bytes: Vec<u8>| sink(complete(bytes));
    match (frame.checksum, frame.cut) {
        (None, _) => sink(bytes),
        (Some(place), None) => {
            if fill_in(&mut bytes, place).is_some() {
                sink(bytes);
            }
        }
        (Some(place), Some(cut)) => {
            if let Some(large) = Large::read(&bytes, place, cut) {
                large.segments(&mut sink);
            }
        }
    }
}

/// Fills in the checksum.
fn fill_in(bytes: &mut [u8], place: ChecksumPlace) -> Option<()> {
    let start = usize::from(place.start_bytes);
    let field = start + usize::from(place.offset_bytes);
    let sum = checksum::of(bytes.get(start..)?);
    // All zeros would say that there is none, where UDP may do without (RFC 768).
    let sum = if sum == 0 { 0xffff } else { sum };
    bytes.get_mut(field..field + 2)?.copy_from_slice(&sum.to_be_bytes());
    Some(())
}

/// A large frame, whose headers are there.
struct Large<'a> {
    bytes: &'a [u8],
    family: LinkFamily,
    ip: usize,
    tcp: usize,
    data: usize,
    segment_bytes: usize,
}

impl<'a> Large<'a> {
    fn read(bytes: &'a [u8], place: ChecksumPlace, cut: Cut) -> Option<Self> {
        let ip = if bytes.get(12..14)? == [0x81, 0x00] { 18 } else { 14 };
        let (version, least) = match cut.family {
            LinkFamily::V4 => (4, 20),
            LinkFamily::V6 => (6, 40),
        };
        let tcp = usize::from(place.start_bytes);
        let header_bytes = usize::from(bytes.get(tcp + DATA_OFFSET)? >> 4) * 4;
        let data = tcp + header_bytes;
        let segment_bytes = usize::from(cut.segment_bytes);
        let is_sound = tcp >= ip + least
            && bytes[ip] >> 4 == version
            && usize::from(place.offset_bytes) == CHECKSUM
            && header_bytes >= TCP_BYTES
            && data <= bytes.len()
            && segment_bytes >= SEGMENT_BYTES_MIN;
        is_sound.then_some(Self { bytes, family: cut.family, ip, tcp, data, segment_bytes })
    }

    fn segments(&self, sink: &mut dyn FnMut(Vec<u8>)) {
        let payload = &self.bytes[self.data..];
        if payload.len() <= self.segment_bytes {
            return sink(self.segment(0, payload, true));
        }
        let count = payload.len().div_ceil(self.segment_bytes);
        for (index, piece) in payload.chunks(self.segment_bytes).enumerate() {
            sink(self.segment(index, piece, index + 1 == count));
        }
    }

    fn segment(&self, index: usize, payload: &[u8], is_last: bool) -> Vec<u8> {
        let mut bytes = [&self.bytes[..self.data], payload].concat();
        let packet_bytes = bytes.len() - self.ip;
        match self.family {
            LinkFamily::V4 => self.mend_v4(&mut bytes, index, packet_bytes),
            LinkFamily::V6 => put(&mut bytes, self.ip + 4, (packet_bytes - 40) as u16),
        }
        let tcp = self.tcp;
        let sequence = u32::from_be_bytes(self.array(tcp + SEQUENCE));
        let sequence = sequence.wrapping_add((index * self.segment_bytes) as u32);
        bytes[tcp + SEQUENCE..][..4].copy_from_slice(&sequence.to_be_bytes());
        let first = if index == 0 { 0 } else { CWR };
        bytes[tcp + FLAGS] &= !(first | if is_last { 0 } else { FIN_PSH });
        // The pseudo header's sum stands there, with the large frame's length in it.
        let [was, is] = [self.bytes.len(), bytes.len()].map(|length| (length - tcp) as u16);
        let mut sum = Sum::default();
        sum.add(&(!was).to_be_bytes());
        sum.add(&is.to_be_bytes());
        sum.add(&bytes[tcp..]);
        put(&mut bytes, tcp + CHECKSUM, sum.checksum());
        bytes
    }

    fn mend_v4(&self, bytes: &mut [u8], index: usize, packet_bytes: usize) {
        let ip = self.ip;
        put(bytes, ip + 2, packet_bytes as u16);
        let identification = u16::from_be_bytes(self.array(ip + 4)).wrapping_add(index as u16);
        put(bytes, ip + 4, identification);
        put(bytes, ip + 10, 0);
        let sum = checksum::of(&bytes[ip..self.tcp]);
        put(bytes, ip + 10, sum);
    }

    /// Bytes within the headers.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes[at..].first_chunk().copied().unwrap_or([0; N])
    }
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// A TCP frame with options, FIN, PSH and CWR, and its pseudo header's sum in place.
    fn large(family: LinkFamily, is_tagged: bool, payload_bytes: usize) -> Frame {
        let mut head = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        head.extend_from_slice(if is_tagged { &[0x81, 0, 0, 10] } else { &[] });
        let length = (32 + payload_bytes) as u16;
        match family {
            LinkFamily::V4 => {
                head.extend_from_slice(&[8, 0, 0x45, 0]);
                head.extend_from_slice(&(length + 20).to_be_bytes());
                head.extend_from_slice(&[0xff, 0xff, 0x40, 0, 64, 6, 0, 0]);
                head.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
            }
            LinkFamily::V6 => {
                head.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
                head.extend_from_slice(&length.to_be_bytes());
                head.extend_from_slice(&[6, 64]);
                head.extend_from_slice(&[0xfd; 32]);
            }
        }
        let start_bytes = head.len() as u16;
        head.extend_from_slice(&[0, 1, 0, 2, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 9, 0x80]);
        head.extend_from_slice(&[0x80 | 0x10 | 0x08 | 0x01, 1, 0, 0, 0, 0, 0]);
        head.extend_from_slice(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
        let field = usize::from(start_bytes) + CHECKSUM;
        let pseudo = pseudo_sum(&head, family, usize::from(length));
        put(&mut head, field, pseudo);
        let data: Vec<u8> = (0..payload_bytes).map(|index| (index % 251) as u8).collect();
        let cut = Cut { family, segment_bytes: 1000, head_bytes: head.len() as u16, cwr: true };
        Frame {
            head: head.into(),
            payload: data.chunks(777).map(Bytes::copy_from_slice).collect(),
            checksum: Some(ChecksumPlace { start_bytes, offset_bytes: CHECKSUM as u16 }),
            cut: Some(cut),
        }
    }

    fn pseudo_sum(bytes: &[u8], family: LinkFamily, length: usize) -> u16 {
        let ip = if bytes[12] == 0x81 { 18 } else { 14 };
        let addresses = match family {
            LinkFamily::V4 => &bytes[ip + 12..ip + 20],
            LinkFamily::V6 => &bytes[ip + 8..ip + 40],
        };
        let mut sum = Sum::default();
        sum.add(addresses);
        sum.add(&[0, 6]);
        sum.add(&(length as u16).to_be_bytes());
        sum.plain()
    }

    fn all(frame: &Frame) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        finished(frame, &mut |frame| frames.push(frame.head.to_vec()));
        frames
    }

    #[test]
    fn segments_are_whole_frames_that_add_up_to_the_large_one() {
        for (family, tagged) in
            [(LinkFamily::V4, false), (LinkFamily::V6, false), (LinkFamily::V4, true)]
        {
            let frame = large(family, tagged, 3500);
            let place = usize::from(frame.checksum.unwrap().start_bytes);
            let segments = all(&frame);
            let mut payload = Vec::new();
            for (index, segment) in segments.iter().enumerate() {
                let tcp = &segment[place..];
                let pseudo = pseudo_sum(segment, family, tcp.len());
                let mut sum = Sum::default();
                sum.add(&pseudo.to_be_bytes());
                sum.add(tcp);
                assert_eq!(sum.checksum(), 0, "TCP's checksum");
                let sequence = u32::from_be_bytes(tcp[4..8].try_into().unwrap());
                assert_eq!(sequence, 0xffff_fff0u32.wrapping_add(index as u32 * 1000));
                assert_eq!(tcp[FLAGS], [0x90, 0x10, 0x10, 0x19][index]);
                payload.extend_from_slice(&tcp[32..]);
                let ip = if tagged { 18 } else { 14 };
                let bytes = segment.len() - ip;
                if family == LinkFamily::V4 {
                    assert_eq!(checksum::of(&segment[ip..place]), 0, "IP's checksum");
                    assert_eq!(segment[ip + 2..ip + 4], (bytes as u16).to_be_bytes());
                    let number = 0xffffu16.wrapping_add(index as u16);
                    assert_eq!(segment[ip + 4..ip + 6], number.to_be_bytes());
                } else {
                    assert_eq!(segment[ip + 4..ip + 6], (bytes as u16 - 40).to_be_bytes());
                }
            }
            assert_eq!((segments.len(), payload), (4, frame.payload.concat()));
        }
    }

    #[test]
    fn what_needs_no_cut_gets_its_sum() {
        let mut frame = large(LinkFamily::V4, false, 100);
        let by_cutting = all(&frame);
        frame.cut = None;
        let alone = all(&frame);
        assert_eq!(alone[0][50..], by_cutting[0][50..]);
        frame.checksum = None;
        assert_eq!(all(&frame), [[&frame.head[..], &frame.payload.concat()].concat()]);
    }

    #[test]
    fn what_does_not_add_up_is_lost() {
        let sound = large(LinkFamily::V4, false, 3000);
        let past_the_last = sound.bytes() as u16 - TCP_BYTES as u16 + 1;
        for start_bytes in (0..34).chain(past_the_last..u16::MAX) {
            let place = ChecksumPlace { start_bytes, ..sound.checksum.unwrap() };
            assert!(all(&Frame { checksum: Some(place), ..sound.clone() }).is_empty());
        }
        for length in 0..66 {
            let head = sound.head.slice(..length);
            assert!(all(&Frame { head, payload: vec![], ..sound.clone() }).is_empty());
        }
        let place = ChecksumPlace { start_bytes: u16::MAX, offset_bytes: u16::MAX };
        assert!(all(&Frame { checksum: Some(place), cut: None, ..sound.clone() }).is_empty());
        let cut = Cut { family: LinkFamily::V6, ..sound.cut.unwrap() };
        assert!(all(&Frame { cut: Some(cut), ..sound.clone() }).is_empty());
        for segment_bytes in 0..SEGMENT_BYTES_MIN as u16 {
            let cut = Cut { segment_bytes, ..sound.cut.unwrap() };
            assert!(all(&Frame { cut: Some(cut), ..sound.clone() }).is_empty());
        }
    }

    #[test]
    fn whatever_is_asked_nothing_breaks_and_no_more_comes_out_than_fits() {
        let mut seed = 7u64;
        let mut luck = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..20_000 {
            let family = if round % 2 == 0 { LinkFamily::V4 } else { LinkFamily::V6 };
            let mut frame = large(family, round % 3 == 0, luck(300) as usize);
            let mut head = frame.head.to_vec();
            for _ in 0..luck(4) {
                let at = luck(head.len() as u64) as usize;
                head[at] = luck(256) as u8;
            }
            head.truncate(head.len() - if luck(4) == 0 { luck(60) as usize } else { 0 });
            frame.head = head.into();
            let place = frame.checksum.as_mut().unwrap();
            place.start_bytes = place.start_bytes.wrapping_add(luck(5) as u16).wrapping_sub(2);
            place.offset_bytes = [16, 16, 16, 6, u16::MAX][luck(5) as usize];
            let cut = frame.cut.as_mut().unwrap();
            cut.segment_bytes = luck(400) as u16;
            frame.cut = frame.cut.filter(|_| round % 5 != 0);
            let segments = all(&frame);
            let most = frame.bytes().div_ceil(SEGMENT_BYTES_MIN);
            assert!(
                segments.len() <= most && segments.iter().all(|one| one.len() <= frame.bytes())
            );
        }
    }
}
