//! What one side of a conversation was told, held against what may be told.

use super::content::Content;
use hyper::StreamEvent;

/// What came of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    others: Content,
    /// Whether there is a connection yet.
    pub is_open: bool,
    /// Bytes given to the stack.
    pub sent: u64,
    /// Bytes of those that the peer has.
    pub confirmed: u64,
    /// Bytes that arrived.
    pub heard: u64,
    /// The other side has said its last.
    pub is_ended: bool,
    /// The connection is over.
    pub is_closed: bool,
    /// What is heard need not be what was sent.
    pub is_lied_to: bool,
    /// What must not happen, and did.
    pub fault: Option<String>,
}

impl Ledger {
    /// Of somebody who should hear this.
    pub fn new(others: Content) -> Self {
        Self {
            others,
            is_open: false,
            sent: 0,
            confirmed: 0,
            heard: 0,
            is_ended: false,
            is_closed: false,
            is_lied_to: false,
            fault: None,
        }
    }

    /// Notes what happened.
    pub fn note(&mut self, event: &StreamEvent<'_>) {
        if let Err(why) = self.judge(event) {
            self.fault.get_or_insert(why);
        }
    }

    fn judge(&mut self, event: &StreamEvent<'_>) -> Result<(), String> {
        if self.is_closed {
            return Err(format!("{} after the end", name(event)));
        }
        match event {
            StreamEvent::Opened { .. } if !self.is_open => self.is_open = true,
            StreamEvent::Received { bytes, .. } if self.is_open => return self.bytes(bytes),
            StreamEvent::Sent { count_bytes, .. } => self.confirmed += *count_bytes as u64,
            StreamEvent::Ended { .. } if self.is_open && !self.is_ended => self.is_ended = true,
            StreamEvent::Closed { .. } => self.is_closed = true,
            other => return Err(format!("{} out of turn", name(other))),
        }
        if self.confirmed > self.sent {
            return Err(format!("{} of {} bytes confirmed", self.confirmed, self.sent));
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() || self.is_ended {
            return Err(format!("{} bytes, the end told: {}", bytes.len(), self.is_ended));
        }
        if !self.is_lied_to && !self.others.holds(self.heard, bytes) {
            return Err(format!("not what was sent: {} bytes at {}", bytes.len(), self.heard));
        }
        self.heard += bytes.len() as u64;
        Ok(())
    }
}

fn name(event: &StreamEvent<'_>) -> &'static str {
    match event {
        StreamEvent::Opened { .. } => "opened",
        StreamEvent::Received { .. } => "bytes",
        StreamEvent::Filled { .. } => "a buffer",
        StreamEvent::Sent { .. } => "a confirmation",
        StreamEvent::Ended { .. } => "an end",
        StreamEvent::Closed { .. } => "closed",
        StreamEvent::Datagram { .. } => "a datagram",
    }
}
