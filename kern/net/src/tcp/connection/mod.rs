//! One connection, open (RFC 9293): what arrives is judged, what leaves is composed, and the states
//! of its end are gone through.
//!
//! ```text
//!  Segment ─► judge: in window? RST? SYN? ACK? ─► Sender, Receiver ─► bytes to the sink, News
//!  Outgoing ◄── next: RST, ACK with blocks, data, ACK      deadline, timeout ◄── time
//! ```
//! It is one plain struct without closures, pointers and clocks: a copy goes on as the original would.
//! It never knows its addresses; what is before its opening is the backlog's and [`super::opening`]'s,
//! and what is left after its end [`super::table::time_wait`]'s.

mod judge;
mod output;
mod state;
#[cfg(test)]
mod tests;
mod time;

use super::handshake::Handshake;
use super::limits::{CHALLENGES_PER_SECOND, PATH_BYTES_SMALL, TIMESTAMPS_BYTES, WINDOW_SCALE};
use super::receive::{Receiver, ReceiverSettings};
use super::segment::{Outgoing, Segment};
use super::send::{Sender, SenderSettings};
use super::sequence::{SeqNo, SeqRange};
use super::table::numbers::Pair;
use super::table::time_wait::Remembered;
use crate::limiter::Limiter;
use abi::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;
use core::time::Duration;
pub use state::State;

/// How a connection is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What to add to the time for a timestamp of ours.
    pub clock_offset: u32,
    /// The largest segment that we said we take, in bytes.
    pub mss: u16,
    /// What the path carries behind the headers of IP and TCP, options included, in bytes.
    pub path_bytes: u16,
    /// What every path carries behind those headers, in bytes.
    pub path_bytes_least: u16,
    /// After so much silence the peer is asked if it is still there.
    pub keepalive: Option<Duration>,
    /// How long the peer may leave what was sent without an answer (RFC 9293 §3.8.3).
    pub user_timeout: Duration,
}

/// What its user should hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Bytes that were given, and that the peer has from now on.
    pub sent_bytes: usize,
    /// The peer has said its end, and all before it was handed out, since now.
    pub ended: bool,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Both ends have said all, and know.
    Closed,
    /// The peer reset it.
    Reset,
    /// We reset it.
    Aborted,
    /// The peer has fallen silent.
    TimedOut,
}

/// A connection from ESTABLISHED on.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    state: State,
    handshake: Handshake,
    settings: Settings,
    receiver: Receiver,
    sender: Sender,
    /// The largest window that the peer has offered, in bytes (RFC 5961 §5).
    window_bytes_max: u32,
    challenges: Limiter,
    over: Option<Over>,
    /// What is said at last.
    reset: Option<Box<Outgoing>>,
    /// Nobody reads any more.
    is_deaf: bool,
    /// The peer has said something, and we nothing since.
    is_asked: bool,
    is_end_told: bool,
    /// Marks of congestion arrived, and the peer has not slowed down yet (RFC 3168 §6.1.3).
    echoes_congestion: bool,
    heard: Instant,
    /// Since when something was sent without any answer.
    waiting: Option<Instant>,
    probes: u8,
    is_probe_due: bool,
    /// When the peer should have closed its end.
    patience: Option<Instant>,
}

impl Connection {
    /// One whose handshake is complete. `window_bytes` is what the peer has offered.
    pub fn new(handshake: Handshake, window_bytes: u32, settings: Settings, now: Instant) -> Self {
        let receiver = ReceiverSettings {
            mss: settings.mss,
            window_scale: handshake.window_scale.map_or(0, |_| WINDOW_SCALE),
            sack: handshake.sack,
            timestamp: handshake.timestamp,
        };
        let sender = SenderSettings {
            mss: payload_bytes(&handshake, settings.path_bytes),
            mss_small: payload_bytes(&handshake, PATH_BYTES_SMALL),
            mss_least: payload_bytes(&handshake, settings.path_bytes_least),
            window_bytes,
            sack: handshake.sack,
            timestamps: handshake.timestamp.is_some(),
            ecn: handshake.ecn,
            is_repeated: handshake.is_repeated,
        };
        Self {
            state: State::Established,
            handshake,
            settings,
            receiver: Receiver::new(handshake.peer_first + 1, receiver, now),
            sender: Sender::new(handshake.first + 1, sender, now),
            window_bytes_max: window_bytes,
            challenges: Limiter::new(CHALLENGES_PER_SECOND),
            over: None,
            reset: None,
            is_deaf: false,
            is_asked: false,
            is_end_told: false,
            echoes_congestion: false,
            heard: now,
            waiting: None,
            probes: 0,
            is_probe_due: false,
            patience: None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// How it ended, if it did. What [`Self::next`] still has is to be sent nevertheless.
    pub fn over(&self) -> Option<Over> {
        self.over
    }

    /// Whether a byte is on its way: who quotes it has seen the connection (RFC 5927 §4.1).
    pub fn is_in_flight(&self, seq: SeqNo) -> bool {
        let (start, end) = (self.sender.acknowledged_seq(), self.sender.next_seq());
        SeqRange { start, end }.contains(seq)
    }

    /// Bytes that it keeps of what arrived: held back, or out of order.
    pub fn received_bytes(&self) -> u64 {
        self.receiver.kept_bytes().into()
    }

    /// Whether nothing of a segment would have to be kept.
    pub fn takes_at_once(&self, segment: &Segment<'_>) -> bool {
        self.receiver.takes_at_once(segment.seq)
    }

    /// Whether there is something to tell of what arrived that the next arrival would overtake.
    pub fn must_tell(&self, now: Instant) -> bool {
        self.receiver.must_tell(now)
    }

    /// What the path was last said to carry, in bytes: see [`Self::set_path`].
    pub fn path_bytes(&self) -> u16 {
        self.settings.path_bytes
    }

    /// Bytes that it keeps for its user and for the peer.
    pub fn kept_bytes(&self) -> u64 {
        u64::from(self.receiver.kept_bytes()) + self.sender.kept_bytes()
    }

    /// Whether the peer was ever told anything.
    pub fn has_answered(&self) -> bool {
        self.sender.has_sent()
    }

    /// Whether neither end waits for the other: all that was said was heard, and answered.
    pub fn is_at_rest(&self) -> bool {
        !self.is_asked && self.sender.is_done() && self.receiver.kept_bytes() == 0
    }

    /// When something of ours was on its way last.
    pub fn silent_since(&self) -> Instant {
        self.sender.idle_since()
    }

    /// Sends behind all that was sent before; nothing, if an end was said.
    pub fn send(&mut self, data: Vec<Bytes>, now: Instant) {
        if matches!(self.state, State::Established | State::CloseWait) {
            self.is_asked = false;
            self.sender.push(data);
            self.wait_for_answer(now);
        }
    }

    /// Holds back what arrives, or goes on.
    pub fn pause(&mut self, is_paused: bool, now: Instant, sink: &mut dyn FnMut(&[u8])) -> News {
        self.receiver.pause(is_paused, now, sink);
        self.notice_end();
        self.news(0)
    }

    /// Says the end of our direction, once what was sent has left; the peer's goes on.
    pub fn finish(&mut self, now: Instant) {
        self.sender.finish();
        self.state = self.state.closed_by_us();
        self.wait_for_answer(now);
    }

    /// Ends both directions, once what was sent has left. Who closes on what it has not read resets
    /// (RFC 9293 §3.6.1), and so is who sends afterwards.
    pub fn close(&mut self, now: Instant) {
        self.is_deaf = true;
        if self.receiver.kept_bytes() > 0 {
            self.abort();
        } else if !self.state.is_over() {
            self.finish(now);
            self.be_patient(now);
        }
    }

    /// Ends it at once.
    pub fn abort(&mut self) {
        if self.state.is_over() {
            self.end(self.state, Over::Aborted);
        } else {
            self.end_with_reset(Over::Aborted);
        }
    }

    /// An acknowledgement is sent next, whatever arrived: the last of a handshake that we began.
    pub fn acknowledge(&mut self) {
        self.receiver.acknowledge();
    }

    /// The path carries so much behind the headers of IP and TCP, options included, in bytes.
    pub fn set_path(&mut self, path_bytes: u16) {
        self.settings.path_bytes = path_bytes;
        self.sender.set_mss(payload_bytes(&self.handshake, path_bytes));
    }

    /// What the path carries, in bytes, if it was found out that it drops what is larger; once. See
    /// [`Self::set_path`], which is to follow.
    pub fn take_narrow_path(&mut self) -> Option<u16> {
        self.sender.take_proven_mss().map(|mss| mss + options_bytes(&self.handshake))
    }

    /// What is to be remembered of it for a while after its end.
    pub fn remembered(&mut self, pair: Pair) -> Option<Remembered> {
        (self.state == State::TimeWait).then(|| Remembered {
            pair,
            seq: self.sender.next_seq(),
            ack: self.receiver.next(),
            timestamp: self.receiver.timestamp_to_echo(),
            clock_offset: self.settings.clock_offset,
            window: self.receiver.acknowledged(),
        })
    }

    fn end(&mut self, state: State, over: Over) {
        self.state = state;
        self.over = self.over.or(Some(over));
        self.waiting = None;
    }

    fn end_with_reset(&mut self, over: Over) {
        self.reset = Some(Box::new(self.reset_segment()));
        self.end(State::Closed, over);
    }

    fn news(&mut self, sent_bytes: usize) -> News {
        let ended = !self.is_end_told && self.receiver.is_ended();
        self.is_end_told |= ended;
        News { sent_bytes, ended }
    }
}

/// How much payload goes into a packet, in bytes.
fn payload_bytes(handshake: &Handshake, path_bytes: u16) -> u16 {
    handshake.mss.min(path_bytes).saturating_sub(options_bytes(handshake)).max(1)
}

/// What the options of every segment take, in bytes.
fn options_bytes(handshake: &Handshake) -> u16 {
    if handshake.timestamp.is_some() { TIMESTAMPS_BYTES } else { 0 }
}
