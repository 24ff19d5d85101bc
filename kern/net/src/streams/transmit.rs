//! What leaves: segments become packets, one by one, as the link takes them.

use super::endpoint::Stage;
use crate::frame::{Draft, transport_start};
use crate::stack::Stack;
use crate::tcp::segment::{Flags, Outgoing};
use crate::tcp::table::numbers::Pair;
use abi::Instant;
use core::net::IpAddr;
use hyper::{Cut, LinkFamily};
use smoltcp::wire::{ETHERNET_HEADER_LEN, IpProtocol};

/// Where the checksum stands in a header, in bytes.
const CHECKSUM_OFFSET_BYTES: u16 = 16;

/// All headers that a frame may have, TCP's options included, in bytes.
const HEADERS_BYTES_MAX: u32 = 14 + 40 + 60;

/// The most that a packet's length field can tell, in bytes.
const PACKET_BYTES_MAX: u32 = 65_535;

/// May be marked rather than dropped (RFC 3168 §5).
const ECN_CAPABLE: u8 = 2;

impl Stack {
    /// Makes the next segment of whoever's turn it is. Says whether there was one.
    pub(crate) fn transmit_next(&mut self, now: Instant) -> bool {
        while let Some(key) = self.streams.ready.pop() {
            if self.transmit(key, now) {
                self.streams.ready.push(key);
                return true;
            }
            self.arm(key);
        }
        false
    }

    /// Sends what must be told before anything else arrives.
    pub(super) fn transmit_news(&mut self, key: u32, now: Instant) {
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        if endpoint.connection().is_some_and(|connection| connection.must_tell(now)) {
            self.transmit(key, now);
        }
    }

    /// Sends the next segment of a stream. Says whether there was one.
    pub(super) fn transmit(&mut self, key: u32, now: Instant) -> bool {
        let Some((pair, _, _)) = self.streams.table.get_mut(key) else { return false };
        let (pair, to) = (*pair, pair.remote.ip());
        let (path_bytes, segments_bytes) = (self.path_bytes(to), self.segments_bytes_max(to));
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return false };
        let Some(connection) = endpoint.connection() else { return false };
        if connection.path_bytes() != path_bytes {
            connection.set_path(path_bytes);
        }
        let Some(outgoing) = connection.next(now, segments_bytes) else { return false };
        self.send_segment(&pair, outgoing, now);
        true
    }

    /// Sees to it that a stream is looked at in time.
    pub(super) fn arm(&mut self, key: u32) {
        let Some((_, _, endpoint)) = self.streams.table.get_mut(key) else { return };
        let deadline = match &endpoint.stage {
            Stage::Open(connection) => connection.deadline(),
            Stage::Opening(opening) => Some(opening.deadline()),
        };
        self.streams.table.arm(key, deadline);
    }

    /// How much goes into a segment that the link cuts, in bytes; what fits a packet always does.
    fn segments_bytes_max(&self, to: IpAddr) -> u32 {
        let offload = &self.wire.offload;
        let is_cut = if to.is_ipv4() { offload.segments_v4 } else { offload.segments_v6 };
        let most_bytes = offload.segments_bytes_max.min(PACKET_BYTES_MAX);
        if is_cut { most_bytes.saturating_sub(HEADERS_BYTES_MAX) } else { 0 }
    }

    pub(super) fn send_segment(&mut self, pair: &Pair, outgoing: Outgoing, now: Instant) {
        let Pair { local, remote } = pair;
        let header_bytes = outgoing.header_bytes();
        let mut draft = Draft::new(local.ip(), remote.ip(), IpProtocol::Tcp, header_bytes);
        outgoing.emit(local.port(), remote.port(), draft.transport());
        draft.ecn = if outgoing.ecn_capable { ECN_CAPABLE } else { 0 };
        draft.is_whole = true;
        draft.cut = cut(&outgoing, local.ip());
        draft.payload = outgoing.payload;
        draft.checksum_offset_bytes = Some(CHECKSUM_OFFSET_BYTES);
        self.route(draft, now);
    }

    /// A peer acknowledged something: whoever carries packets to it does so (RFC 4861 §7.3.1).
    pub(super) fn confirm_neighbour(&mut self, to: IpAddr, now: Instant) {
        let next = if self.is_on_link(to) { Some(to) } else { self.routes.gateway(to) };
        if let Some(next) = next {
            self.neighbours.confirmed(next, now);
        }
    }
}

fn cut(outgoing: &Outgoing, from: IpAddr) -> Option<Cut> {
    let segment_bytes = outgoing.segment_bytes;
    let head_bytes = (transport_start(from) + outgoing.header_bytes()) as u16;
    let family = if from.is_ipv4() { LinkFamily::V4 } else { LinkFamily::V6 };
    let cwr = outgoing.flags.contains(Flags::CWR);
    let is_long = outgoing.payload_bytes > u32::from(segment_bytes) && segment_bytes > 0;
    is_long.then_some(Cut { family, segment_bytes, head_bytes, cwr })
}

const _: () = assert!(HEADERS_BYTES_MAX as usize >= ETHERNET_HEADER_LEN + 40 + 60);
