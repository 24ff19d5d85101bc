//! Segments: what arrived, decoded, and what is to leave (RFC 9293 §3.1; options of §3.2, RFC 7323
//! and RFC 2018; ECE and CWR of RFC 3168).
//!
//! The header and its options are taken apart and put together by `smoltcp::wire`; only a fourth SACK
//! block, which that leaves out, is read and written here. Checksums need the addresses and are the
//! business of who has them. Urgent data is taken for any other, as RFC 6093 allows.

use super::sequence::{SeqNo, SeqRange};
use alloc::vec::Vec;
use bitflags::bitflags;
use bytes::Bytes;
use smoltcp::wire::{TCP_HEADER_LEN, TcpOption, TcpPacket, TcpSeqNumber};

/// The most SACK blocks a header has room for.
pub const SACK_BLOCKS_MAX: usize = 4;

/// Bytes that options may take up at most.
const OPTIONS_BYTES_MAX: usize = 40;

/// The kind of the option that carries SACK blocks (RFC 2018 §3).
const SACK_KIND: u8 = 5;

bitflags! {
    /// The control bits, without ACK, which is there whenever there is an acknowledgement number.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Flags: u8 {
        /// No more data from the sender.
        const FIN = 1;
        /// Numbers are to be synchronized.
        const SYN = 1 << 1;
        /// The connection is over at once.
        const RST = 1 << 2;
        /// Complete as far as it goes: worth telling the receiver.
        const PSH = 1 << 3;
        /// Congestion was experienced (or, with SYN: ECN is understood).
        const ECE = 1 << 4;
        /// The sender has slowed down because of ECE.
        const CWR = 1 << 5;
    }
}

/// The SACK blocks of one segment, the most recent first.
pub type SackBlocks = [Option<SeqRange>; SACK_BLOCKS_MAX];

/// The options we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The largest payload its sender takes, in bytes; in a SYN.
    pub mss: Option<u16>,
    /// By how many bits its sender's windows are to be shifted; in a SYN.
    pub window_scale: Option<u8>,
    /// SACK blocks may be sent to it; in a SYN.
    pub sack_permitted: bool,
    /// What its sender holds beyond the acknowledgement.
    pub sack: SackBlocks,
    /// Its sender's clock, and the one it echoes.
    pub timestamps: Option<(u32, u32)>,
}

/// A segment that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The port it comes from.
    pub source_port: u16,
    /// The port it goes to.
    pub destination_port: u16,
    /// The number of its first byte, or of its SYN.
    pub seq: SeqNo,
    /// What is expected next by its sender.
    pub ack: Option<SeqNo>,
    /// The other control bits.
    pub flags: Flags,
    /// The window as it stands in the header, not yet shifted.
    pub window: u16,
    /// Its options.
    pub options: Options,
    /// Its bytes.
    pub payload: &'a [u8],
    /// The packet that carried it had been marked on its way.
    pub congestion_experienced: bool,
}

/// A segment to be sent. The link cuts it into several if its payload is longer than
/// `segment_bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// The number of its first byte, or of its SYN.
    pub seq: SeqNo,
    /// What is expected next.
    pub ack: Option<SeqNo>,
    /// The other control bits.
    pub flags: Flags,
    /// The window, already shifted.
    pub window: u16,
    /// Its options.
    pub options: Options,
    /// Its bytes, shared.
    pub payload: Vec<Bytes>,
    /// How many those are.
    pub payload_bytes: u32,
    /// The most of them that go into one packet.
    pub segment_bytes: u16,
    /// Routers may mark the packet rather than drop it.
    pub ecn_capable: bool,
}

impl<'a> Segment<'a> {
    /// Takes apart the payload of an IP packet, whose checksum has been looked at. None if it is not
    /// a segment. Options behind one that is malformed are taken for absent, as elsewhere.
    pub fn parse(bytes: &'a [u8], congestion_experienced: bool) -> Option<Self> {
        let packet = TcpPacket::new_checked(bytes).ok()?;
        Some(Self {
            source_port: packet.src_port(),
            destination_port: packet.dst_port(),
            seq: SeqNo(packet.seq_number().0.cast_unsigned()),
            ack: packet.ack().then(|| SeqNo(packet.ack_number().0.cast_unsigned())),
            flags: flags(&packet),
            window: packet.window_len(),
            options: Options::parse(packet.options()),
            payload: packet.payload(),
            congestion_experienced,
        })
    }

    /// What it says of what its sender has received, alone.
    pub fn without_text(&self) -> Self {
        Self { payload: &[], flags: self.flags - Flags::FIN, ..*self }
    }

    /// The sequence numbers it takes up: its payload, and one each for SYN and FIN.
    pub fn sequence_bytes(&self) -> u32 {
        let marks = self.flags.intersection(Flags::SYN | Flags::FIN).bits().count_ones();
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX).saturating_add(marks)
    }
}

fn flags(packet: &TcpPacket<&[u8]>) -> Flags {
    let mut flags = Flags::empty();
    flags.set(Flags::FIN, packet.fin());
    flags.set(Flags::SYN, packet.syn());
    flags.set(Flags::RST, packet.rst());
    flags.set(Flags::PSH, packet.psh());
    flags.set(Flags::ECE, packet.ece());
    flags.set(Flags::CWR, packet.cwr());
    flags
}

impl Outgoing {
    /// The length of its header with options: what [`Self::emit`] writes.
    pub fn header_bytes(&self) -> usize {
        TCP_HEADER_LEN + self.options.bytes()
    }

    /// Writes its header to the start of `head`, with a checksum of zero; the rest is left alone.
    ///
    /// # Panics
    /// If `head` is shorter than [`Self::header_bytes`].
    pub fn emit(&self, source_port: u16, destination_port: u16, head: &mut [u8]) {
        let bytes = self.header_bytes();
        let mut packet = TcpPacket::new_unchecked(&mut head[..bytes]);
        packet.set_src_port(source_port);
        packet.set_dst_port(destination_port);
        packet.set_seq_number(TcpSeqNumber(self.seq.0.cast_signed()));
        packet.set_ack_number(TcpSeqNumber(self.ack.unwrap_or_default().0.cast_signed()));
        self.emit_flags(&mut packet);
        packet.set_header_len(bytes as u8);
        packet.set_window_len(self.window);
        packet.set_checksum(0);
        packet.set_urgent_at(0);
        self.options.emit(packet.options_mut());
    }

    fn emit_flags(&self, packet: &mut TcpPacket<&mut [u8]>) {
        packet.clear_flags();
        packet.set_ack(self.ack.is_some());
        packet.set_fin(self.flags.contains(Flags::FIN));
        packet.set_syn(self.flags.contains(Flags::SYN));
        packet.set_rst(self.flags.contains(Flags::RST));
        packet.set_psh(self.flags.contains(Flags::PSH));
        packet.set_ece(self.flags.contains(Flags::ECE));
        packet.set_cwr(self.flags.contains(Flags::CWR));
    }
}

impl Options {
    /// The room they take in a header, always a multiple of four.
    pub fn bytes(&self) -> usize {
        self.bytes_without_sack() + self.sack_bytes()
    }

    /// The same, with as many SACK blocks as so many bytes have room for: on the narrowest paths there
    /// is none for all.
    pub fn within(mut self, room_bytes: usize) -> Self {
        while self.bytes() > room_bytes
            && let Some(last) = self.sack.iter_mut().rfind(|block| block.is_some())
        {
            *last = None;
        }
        self
    }

    fn bytes_without_sack(&self) -> usize {
        let timestamps = if self.timestamps.is_some() { 12 } else { 0 };
        // The permission shares the words of the timestamps, in place of their padding.
        let permission = if self.sack_permitted && self.timestamps.is_none() { 4 } else { 0 };
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = if self.window_scale.is_some() { 4 } else { 0 };
        mss + scale + timestamps + permission
    }

    fn sack_bytes(&self) -> usize {
        match self.fitting_blocks().count() {
            0 => 0,
            count => 4 + 8 * count,
        }
    }

    /// The SACK blocks for which the other options leave room.
    fn fitting_blocks(&self) -> impl Iterator<Item = SeqRange> {
        let room = (OPTIONS_BYTES_MAX - self.bytes_without_sack()).saturating_sub(4) / 8;
        self.sack.into_iter().flatten().take(room)
    }

    fn parse(mut bytes: &[u8]) -> Self {
        let mut options = Self::default();
        while let Ok((rest, option)) = TcpOption::parse(bytes) {
            match option {
                TcpOption::EndOfList => break,
                TcpOption::MaxSegmentSize(mss) => options.mss = Some(mss),
                TcpOption::WindowScale(scale) => options.window_scale = Some(scale),
                TcpOption::SackPermitted => options.sack_permitted = true,
                TcpOption::TimeStamp { tsval, tsecr } => options.timestamps = Some((tsval, tsecr)),
                TcpOption::SackRange(_) => {
                    options.sack = parse_blocks(&bytes[2..bytes.len() - rest.len()]);
                }
                TcpOption::NoOperation | TcpOption::Unknown { .. } => {}
            }
            bytes = rest;
        }
        options
    }

    fn emit(&self, mut room: &mut [u8]) {
        if let Some(mss) = self.mss {
            room = TcpOption::MaxSegmentSize(mss).emit(room);
        }
        if self.sack_permitted {
            room = TcpOption::SackPermitted.emit(room);
        }
        if self.sack_permitted != self.timestamps.is_some() {
            room = emit_padding(room, 2);
        }
        if let Some((tsval, tsecr)) = self.timestamps {
            room = TcpOption::TimeStamp { tsval, tsecr }.emit(room);
        }
        if let Some(scale) = self.window_scale {
            room = emit_padding(room, 1);
            room = TcpOption::WindowScale(scale).emit(room);
        }
        self.emit_blocks(room);
    }

    /// All the room that is left is for these.
    fn emit_blocks(&self, room: &mut [u8]) {
        let mut blocks = Vec::with_capacity(8 * SACK_BLOCKS_MAX);
        for block in self.fitting_blocks() {
            blocks.extend(block.start.0.to_be_bytes());
            blocks.extend(block.end.0.to_be_bytes());
        }
        if !blocks.is_empty() {
            let room = emit_padding(room, 2);
            TcpOption::Unknown { kind: SACK_KIND, data: &blocks }.emit(room);
        }
    }
}

fn emit_padding(room: &mut [u8], bytes: usize) -> &mut [u8] {
    (0..bytes).fold(room, |room, _| TcpOption::NoOperation.emit(room))
}

fn parse_blocks(bytes: &[u8]) -> SackBlocks {
    let mut numbers = bytes
        .chunks_exact(4)
        .map(|number| SeqNo(number.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))));
    [(); SACK_BLOCKS_MAX].map(|()| Some(SeqRange { start: numbers.next()?, end: numbers.next()? }))
}

#[cfg(test)]
mod tests;
