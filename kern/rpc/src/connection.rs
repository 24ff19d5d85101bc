//! One connection: what has arrived and is not taken yet, and what is to be sent.
//!
//! ```text
//! received ──► kept ──► assembly ──► call at work ──► output ──► unsent
//! ```
//! `kept` is empty unless a limit was reached: then bytes wait there, undecoded, and receiving is
//! paused once they are more than [`KEPT_BYTES_MAX`]. An idle connection owns no buffer at all.

use crate::Limits;
use crate::output::OutputShare;
use crate::record::Assembly;
use crate::unfinished::Share;
use crate::usage::ConnectionUse;
use abi::Instant;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::SocketAddr;
use xdr::Writer;

/// Bytes that may wait undecoded before receiving is paused; what was on its way by then, one
/// receive buffer at most, comes on top. Small, and yet some thirty calls: a busy moment does not
/// stop and start every connection.
pub(crate) const KEPT_BYTES_MAX: usize = 4096;

/// Bytes of replies that a new connection may owe. It earns more by taking what it is sent: a
/// quarter of that, so that filling the network's own buffers earns little. Clients that ask and
/// never read thus hold the room of one large reply each.
const OUTPUT_BYTES_AT_FIRST: usize = 256 << 10;

pub(crate) struct Connection {
    pub(crate) remote: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) assembly: Assembly,
    pub(crate) unfinished: Share,
    pub(crate) share: OutputShare,
    /// Whether its turn will come to have a record taken.
    pub(crate) waiting: bool,
    /// Whether its output is listed to be sent.
    pub(crate) replying: bool,
    pub(crate) paused: bool,
    /// Whether its peer has said its last.
    pub(crate) ended: bool,
    /// Whether it is to be closed: nothing is taken from it or sent to it any more.
    pub(crate) closing: bool,
    /// Whether the network has been told to close it.
    pub(crate) closed: bool,
    kept: Vec<u8>,
    /// How much of `kept` has been taken.
    kept_start: usize,
    output: Writer,
    /// Length of the output and of what was sent and has not left yet.
    unsent_bytes: usize,
    /// What the network took so far, up to the largest number there is room for.
    taken_bytes: u32,
    calls: usize,
    /// Calls taken so far, and their arguments, up to the largest number there is room for.
    calls_taken: u32,
    asked_bytes: u64,
    last_call: Option<Instant>,
    argument_bytes: usize,
    /// Room kept for the replies of its calls at work.
    reply_bytes: usize,
}

impl Connection {
    pub(crate) fn new(remote: SocketAddr, local: SocketAddr) -> Self {
        Self {
            remote,
            local,
            assembly: Assembly::default(),
            unfinished: Share::default(),
            share: OutputShare::default(),
            waiting: false,
            replying: false,
            paused: false,
            ended: false,
            closing: false,
            closed: false,
            kept: Vec::new(),
            kept_start: 0,
            output: Writer::default(),
            unsent_bytes: 0,
            taken_bytes: 0,
            calls: 0,
            calls_taken: 0,
            asked_bytes: 0,
            last_call: None,
            argument_bytes: 0,
            reply_bytes: 0,
        }
    }

    /// Whether the connection's own limits allow another call.
    pub(crate) fn has_room(&self, limits: &Limits) -> bool {
        !self.closing
            && self.calls < limits.connection_calls_max
            && self.argument_bytes < limits.connection_input_bytes_max
            && self.unsent_bytes + self.reply_bytes < self.output_bytes_max(limits)
    }

    fn output_bytes_max(&self, limits: &Limits) -> usize {
        let earned = OUTPUT_BYTES_AT_FIRST + self.taken_bytes as usize / 4;
        earned.min(limits.connection_output_bytes_max)
    }

    /// Whether its peer has said its last and has had all replies.
    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.has_nothing_outstanding() && !self.has_input()
    }

    /// Whether nothing of it is at work or owed.
    pub(crate) fn has_nothing_outstanding(&self) -> bool {
        self.calls == 0 && self.unsent_bytes == 0
    }

    /// Whether enough has been finished since a pause to receive again.
    pub(crate) fn is_relieved(&self, limits: &Limits) -> bool {
        !self.has_input()
            && self.calls <= limits.connection_calls_max / 2
            && self.argument_bytes <= limits.connection_input_bytes_max / 2
            && self.unsent_bytes <= self.output_bytes_max(limits) / 2
    }

    /// Keeps what cannot be taken yet.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.kept.drain(..self.kept_start);
        self.kept_start = 0;
        self.kept.extend_from_slice(bytes);
    }

    /// Whether there is something to take: bytes, or a record that had no room.
    pub(crate) fn has_input(&self) -> bool {
        self.kept_bytes() > 0 || self.assembly.is_whole()
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept.len() - self.kept_start
    }

    /// Lends what is kept to `take`, which leaves behind what it did not use.
    pub(crate) fn with_kept(&mut self, take: impl FnOnce(&mut Self, &mut &[u8])) {
        let kept = core::mem::take(&mut self.kept);
        let mut input = &kept[core::mem::take(&mut self.kept_start)..];
        take(self, &mut input);
        if !input.is_empty() && !self.closing {
            self.kept_start = kept.len() - input.len();
            self.kept = kept;
        }
    }

    /// A call has been taken.
    pub(crate) fn begin_call(&mut self, argument_bytes: usize, reply_bytes: usize) {
        self.calls_taken = self.calls_taken.saturating_add(1);
        self.asked_bytes += argument_bytes as u64;
        self.calls += 1;
        self.argument_bytes += argument_bytes;
        self.reply_bytes += reply_bytes;
    }

    /// What became of it so far.
    pub(crate) fn usage(&self) -> ConnectionUse {
        ConnectionUse {
            remote: self.remote,
            calls: self.calls_taken,
            bytes: self.asked_bytes + u64::from(self.taken_bytes),
            last_call: self.last_call,
        }
    }

    /// A call is done.
    pub(crate) fn end_call(&mut self, argument_bytes: usize, reply_bytes: usize, now: Instant) {
        self.last_call = Some(now);
        self.calls -= 1;
        self.argument_bytes -= argument_bytes;
        self.reply_bytes -= reply_bytes;
    }

    /// Appends a message to the output, unless the connection is closing: small parts are joined,
    /// payloads stay shared.
    pub(crate) fn push(&mut self, message: Writer) {
        if self.closing {
            return;
        }
        self.unsent_bytes += message.length_bytes();
        if self.output.length_bytes() == 0 {
            self.output = message;
        } else {
            self.output.append(message);
        }
    }

    pub(crate) fn has_output(&self) -> bool {
        self.output.length_bytes() > 0
    }

    pub(crate) fn take_output(&mut self) -> Vec<Bytes> {
        self.replying = false;
        core::mem::take(&mut self.output).into_pieces()
    }

    /// The network has taken over `count_bytes`.
    pub(crate) fn sent(&mut self, count_bytes: usize) {
        let count = u32::try_from(count_bytes).unwrap_or(u32::MAX);
        self.taken_bytes = self.taken_bytes.saturating_add(count);
        self.unsent_bytes = self.unsent_bytes.saturating_sub(count_bytes);
    }

    pub(crate) fn unsent_bytes(&self) -> usize {
        self.unsent_bytes
    }

    /// Gives up everything that is not output.
    pub(crate) fn forget_input(&mut self) {
        self.kept = Vec::new();
        self.kept_start = 0;
        self.assembly = Assembly::default();
    }
}
