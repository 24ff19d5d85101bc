//! Segments that follow each other, put together into one, as drivers do before a stack sees them.

use super::headers::{ETHERNET_BYTES, Family, TcpFrame};
use super::lane::Parcel;
use super::sums::{fill_header_checksum, is_intact};

/// The largest frame that is made, in bytes: what IP's length can name.
const GATHERED_BYTES_MAX: usize = 65_535;

/// TCP's flags ACK and PSH: with others a segment stays by itself.
const PLAIN: u8 = 0x18;
const PSH: u8 = 0x08;

/// A frame that others may be appended to.
struct Open {
    bytes: Vec<u8>,
    tcp: TcpFrame,
    /// Payload of all but the last, in bytes.
    segment_bytes: usize,
    count: usize,
}

/// Puts together what follows each other in `parcels`.
pub(super) fn gather(parcels: Vec<Parcel>) -> Vec<Parcel> {
    let (mut out, mut open) = (Vec::with_capacity(parcels.len()), None::<Open>);
    for parcel in parcels {
        if let Some(gathered) = &mut open
            && gathered.append(&parcel.bytes)
        {
            continue;
        }
        out.extend(open.take().map(Open::closed));
        match Open::of(&parcel) {
            Some(first) => open = Some(first),
            None => out.push(parcel),
        }
    }
    out.extend(open.map(Open::closed));
    out
}

impl Open {
    fn of(parcel: &Parcel) -> Option<Self> {
        let tcp = TcpFrame::of(&parcel.bytes)?;
        let segment_bytes = tcp.end - tcp.text;
        let flags = tcp.flags(&parcel.bytes);
        let can = flags & !PLAIN == 0 && segment_bytes > 0 && !parcel.checked;
        let mut bytes = parcel.bytes.clone();
        bytes.truncate(tcp.end);
        (can && is_intact(&parcel.bytes)).then_some(Self { bytes, tcp, segment_bytes, count: 1 })
    }

    fn append(&mut self, other: &[u8]) -> bool {
        let Some(tcp) = TcpFrame::of(other) else { return false };
        let text = &other[tcp.text..tcp.end];
        let follows =
            self.tcp.seq(&self.bytes).wrapping_add((self.bytes.len() - self.tcp.text) as u32);
        let fits = self.bytes.len() + text.len() <= GATHERED_BYTES_MAX
            && self.bytes.len() - self.tcp.text == self.count * self.segment_bytes
            && !text.is_empty()
            && text.len() <= self.segment_bytes;
        let is_next = fits
            && self.tcp.flags(&self.bytes) & PSH == 0
            && tcp.seq(other) == follows
            && same_heads(&self.bytes, other, &self.tcp, &tcp)
            && is_intact(other);
        if is_next {
            self.bytes.extend_from_slice(text);
            self.bytes[self.tcp.start + 13] |= tcp.flags(other);
            self.count += 1;
        }
        is_next
    }

    fn closed(self) -> Parcel {
        let Self { mut bytes, tcp, count, .. } = self;
        if count > 1 {
            tcp.put_length(&mut bytes);
            fill_header_checksum(&mut bytes);
        }
        Parcel { bytes, checked: true }
    }
}

/// Whether two frames are of one connection and say the same but for text and numbers.
fn same_heads(first: &[u8], other: &[u8], tcp: &TcpFrame, others: &TcpFrame) -> bool {
    let addresses = match tcp.family {
        Family::V4 => ETHERNET_BYTES + 8..ETHERNET_BYTES + 10,
        Family::V6 => ETHERNET_BYTES + 6..ETHERNET_BYTES + 40,
    };
    let same = |from: usize, to: usize| first[from..to] == other[from..to];
    (tcp.family, tcp.start, tcp.text) == (others.family, others.start, others.text)
        && same(0, ETHERNET_BYTES + 2)
        && same(addresses.start, addresses.end)
        && (tcp.family == Family::V6 || same(ETHERNET_BYTES + 12, tcp.start))
        && same(tcp.start, tcp.start + 4)
        && same(tcp.start + 8, tcp.start + 13)
        && tcp.flags(other) & !PLAIN == 0
        && same(tcp.start + 14, tcp.start + 16)
        && same(tcp.start + 18, tcp.text)
}
