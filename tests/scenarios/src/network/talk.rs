//! One side of a conversation: what it does, one act after the other.

use super::content::Content;
use super::ledger::Ledger;
use abi::Instant;
use hyper::StreamId;
use net::Stack;
use std::collections::VecDeque;
use std::time::Duration;

/// What a side does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It sends so many bytes.
    Send(u64),
    /// It waits until it has heard so many bytes in all.
    Hear(u64),
    /// It waits until the other side has said its last.
    HearEnd,
    /// It waits until the other side has all that was sent.
    Confirm,
    /// It waits for so long.
    Rest(Duration),
    /// It does not listen for so long, and goes on meanwhile.
    Deafen(Duration),
    /// It says that this was its last.
    Finish,
    /// It ends the connection, once all has arrived.
    Close,
    /// It ends the connection at once.
    Abort,
}

/// One side.
#[derive(Clone, Debug)]
pub struct Talk {
    acts: VecDeque<Act>,
    own: Content,
    /// What it was told.
    pub ledger: Ledger,
    /// How long it took between each thing sent and what was waited for behind it.
    pub times: Vec<Duration>,
    resting: Option<Instant>,
    deaf: Option<Instant>,
    asked: Option<Instant>,
}

impl Talk {
    /// Side 0 or 1 of a conversation.
    pub fn new(conversation: usize, side: usize, acts: &[Act]) -> Self {
        Self {
            acts: acts.iter().copied().collect(),
            own: Content::of(conversation, side),
            ledger: Ledger::new(Content::of(conversation, 1 - side)),
            times: Vec::new(),
            resting: None,
            deaf: None,
            asked: None,
        }
    }

    /// When it will do something by itself.
    pub fn next_due(&self) -> Option<Instant> {
        [self.resting, self.deaf].into_iter().flatten().min().filter(|_| !self.ledger.is_closed)
    }

    /// Whether it has nothing left to do.
    pub fn is_done(&self) -> bool {
        self.ledger.is_closed || self.acts.is_empty() && self.deaf.is_none()
    }

    /// What it waits for, in words.
    pub fn waits_for(&self) -> String {
        let Ledger { heard, sent, confirmed, is_closed, .. } = self.ledger;
        let next = self.acts.front();
        format!("{next:?}; heard {heard}, sent {sent}, confirmed {confirmed}, over {is_closed}")
    }

    /// Goes on for as long as it need not wait. Says whether it did anything.
    pub fn go_on(&mut self, stack: &mut Stack, stream: StreamId, now: Instant) -> bool {
        if !self.ledger.is_open || self.ledger.is_closed {
            return false;
        }
        let listens_again = self.deaf.is_some_and(|until| until <= now);
        if listens_again {
            self.deaf = None;
            stack.pause(stream, false, now, &mut |event| self.ledger.note(&event));
        }
        let mut did = listens_again;
        while let Some(&act) = self.acts.front()
            && self.need_not_wait(act, now)
        {
            self.acts.pop_front();
            self.act(act, stack, stream, now);
            did = true;
        }
        did
    }

    fn need_not_wait(&mut self, act: Act, now: Instant) -> bool {
        match act {
            _ if self.ledger.is_closed => false,
            Act::Hear(bytes) => self.ledger.heard >= bytes,
            Act::HearEnd => self.ledger.is_ended,
            Act::Confirm => self.ledger.confirmed == self.ledger.sent,
            Act::Rest(time) => *self.resting.get_or_insert(now + time) <= now,
            _ => true,
        }
    }

    fn act(&mut self, act: Act, stack: &mut Stack, stream: StreamId, now: Instant) {
        let ledger = &mut self.ledger;
        match act {
            Act::Send(bytes) => {
                let data = self.own.pieces(ledger.sent, bytes);
                ledger.sent += bytes;
                stack.send(stream, data, now);
                self.asked.get_or_insert(now);
            }
            Act::Hear(_) => self.note_time(now),
            Act::HearEnd | Act::Confirm => {}
            Act::Rest(_) => self.resting = None,
            Act::Deafen(time) => {
                self.deaf = Some(now + time);
                stack.pause(stream, true, now, &mut |event| ledger.note(&event));
            }
            Act::Finish => stack.finish(stream, now),
            Act::Close => stack.close(stream, now, &mut |event| ledger.note(&event)),
            Act::Abort => stack.abort(stream, now, &mut |event| ledger.note(&event)),
        }
    }

    fn note_time(&mut self, now: Instant) {
        self.times.extend(self.asked.take().map(|asked| now.since(asked)));
    }
}
