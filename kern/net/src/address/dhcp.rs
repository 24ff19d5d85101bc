//! An address on loan: the client's side of DHCP (RFC 2131 §4.4), without a clock or a socket.
//!
//! ```text
//!            ┌────────── nobody answers, refused, expired, somebody has it ──────────┐
//!            ▼   DISCOVER             REQUEST              T1               T2       │
//!          Waiting ──────► Selecting ───offer──► Requesting ──► Bound ──► Renewing ──► Rebinding
//!                                                      ack  ▲     REQUEST to the server │ to all
//!                                                           └────────── ack ────────────┘
//! ```
//! A message that is not answered is sent again, after 4, 8, 16 … 64 seconds, less up to one
//! (RFC 2131 §4.1); one for more time, after half of what is left of it, a minute at least (§4.4.5).
//! More time is asked for a little before T1, so that a fleet that began at once does not renew at
//! once.
//!
//! Left out: the wait of one to ten seconds before the first message (§4.4.1), for offices whose
//! machines come back after a power cut: a service has to answer soon after it starts, and what
//! collides comes apart when it is sent again. And INIT-REBOOT (§4.4.2): nothing remembers the address
//! between two lives, and servers know a client by its MAC.

use super::Prefix;
use crate::luck::Luck;
use abi::Instant;
use core::net::Ipv4Addr;
use core::time::Duration;
use smoltcp::wire::DhcpMessageType;

/// Times that a request is repeated before the search begins anew.
const REQUESTS_MAX: u32 = 4;
/// The first time to wait for an answer, and the longest.
const ANSWER_MIN: Duration = Duration::from_secs(4);
const ANSWER_DOUBLINGS_MAX: u32 = 4;
/// The shortest loan that is believed.
const LEASE_MIN: Duration = Duration::from_secs(60);
/// The shortest time between two requests for more time (RFC 2131 §4.4.5).
const RENEWAL_MIN: Duration = Duration::from_secs(60);
/// By which part of its time, at most, T1 comes earlier.
const RENEWAL_FUZZ: u32 = 16;
/// After an address that somebody else has (RFC 2131 §3.1).
const AFTER_DECLINE: Duration = Duration::from_secs(10);

/// What a server lends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) address: Ipv4Addr,
    pub(crate) prefix_bits: u8,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) server: Ipv4Addr,
    /// When to ask its server for more time.
    pub(crate) renew: Instant,
    /// When to ask any server.
    pub(crate) rebind: Instant,
    /// When it is over.
    pub(crate) until: Instant,
}

/// A server's answer, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: DhcpMessageType,
    pub(crate) transaction: u32,
    pub(crate) address: Ipv4Addr,
    pub(crate) mask: Option<Ipv4Addr>,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) server: Option<Ipv4Addr>,
    pub(crate) lease_s: Option<u32>,
    pub(crate) renew_s: Option<u32>,
    pub(crate) rebind_s: Option<u32>,
}

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: DhcpMessageType,
    pub(crate) transaction: u32,
    pub(crate) seconds: u16,
    /// The address that we have, if the server is to know it by that.
    pub(crate) own: Option<Ipv4Addr>,
    /// The address that it is about, if it is not ours yet.
    pub(crate) requested: Option<Ipv4Addr>,
    /// Which server is meant.
    pub(crate) server: Option<Ipv4Addr>,
    /// Whether it goes to that server alone.
    pub(crate) to_server: Option<Ipv4Addr>,
}

/// What follows from the time or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Send(Message),
    /// The address is ours for a while, or a while longer.
    Take {
        lease: Lease,
        /// The lease that it takes the place of.
        before: Option<Lease>,
    },
    /// It is ours no more.
    Lose(Lease),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Selecting,
    Requesting { address: Ipv4Addr, server: Ipv4Addr },
    Bound(Lease),
    Renewing(Lease),
    Rebinding(Lease),
}

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    state: State,
    transaction: u32,
    /// When the exchange began.
    since: Instant,
    /// Times that its message was sent.
    sent: u32,
    due: Instant,
}

impl Client {
    /// One that begins at once.
    pub(crate) fn new(now: Instant) -> Self {
        Self { state: State::Waiting, transaction: 0, since: now, sent: 0, due: now }
    }

    /// Whether answers may come to an address that is not ours yet.
    pub(crate) fn is_searching(&self) -> bool {
        matches!(self.state, State::Selecting | State::Requesting { .. })
    }

    /// When [`Client::advance`] has something to do.
    pub(crate) fn deadline(&self) -> Instant {
        self.due
    }

    /// Does what is due.
    pub(crate) fn advance(&mut self, now: Instant, luck: &mut Luck) -> Option<Action> {
        if now < self.due {
            return None;
        }
        match self.state {
            State::Waiting => Some(self.begin(State::Selecting, now, luck)),
            State::Requesting { .. } if self.sent >= REQUESTS_MAX => {
                Some(self.begin(State::Selecting, now, luck))
            }
            State::Bound(lease) => Some(self.begin(State::Renewing(lease), now, luck)),
            State::Renewing(lease) if now >= lease.rebind => {
                Some(self.begin(State::Rebinding(lease), now, luck))
            }
            State::Rebinding(lease) if now >= lease.until => {
                self.wait(Duration::ZERO, now);
                Some(Action::Lose(lease))
            }
            _ => Some(self.send(now, luck)),
        }
    }

    /// Takes a server's answer.
    pub(crate) fn answered(
        &mut self,
        answer: &Answer,
        now: Instant,
        luck: &mut Luck,
    ) -> Option<Action> {
        if answer.transaction != self.transaction {
            return None;
        }
        match (self.state, answer.kind) {
            (State::Selecting, DhcpMessageType::Offer) => {
                let (address, server) = (answer.address, answer.server?);
                let requesting = State::Requesting { address, server };
                super::is_host(address.into()).then(|| self.begin(requesting, now, luck))
            }
            (State::Requesting { address, .. }, DhcpMessageType::Ack) => {
                let lease = lease(answer, now).filter(|lease| lease.address == address)?;
                Some(self.bind(lease, None, now, luck))
            }
            (State::Renewing(old) | State::Rebinding(old), DhcpMessageType::Ack) => {
                let lease = lease(answer, now).filter(|lease| lease.address == old.address)?;
                Some(self.bind(lease, Some(old), now, luck))
            }
            (State::Requesting { .. }, DhcpMessageType::Nak) => {
                self.wait(AFTER_DECLINE, now);
                None
            }
            (State::Renewing(lease) | State::Rebinding(lease), DhcpMessageType::Nak) => {
                self.wait(Duration::ZERO, now);
                Some(Action::Lose(lease))
            }
            _ => None,
        }
    }

    /// Somebody else has what was lent to us.
    pub(crate) fn decline(&mut self, now: Instant) -> Option<Action> {
        let lease = self.lease()?;
        let message = Message {
            own: None,
            requested: Some(lease.address),
            server: Some(lease.server),
            to_server: None,
            ..self.message(DhcpMessageType::Decline, now)
        };
        self.wait(AFTER_DECLINE, now);
        Some(Action::Send(message))
    }

    /// What is lent to us, if something is.
    pub(crate) fn lease(&self) -> Option<Lease> {
        match self.state {
            State::Bound(lease) | State::Renewing(lease) | State::Rebinding(lease) => Some(lease),
            State::Waiting | State::Selecting | State::Requesting { .. } => None,
        }
    }

    /// What gives that back, as the last thing that a client says (RFC 2131 §4.4.6).
    pub(crate) fn release(mut self, now: Instant, luck: &mut Luck) -> Option<Message> {
        let lease = self.lease()?;
        (self.transaction, self.since) = (luck.draw() as u32, now);
        let server = Some(lease.server);
        let message = self.message(DhcpMessageType::Release, now);
        Some(Message { server, to_server: server, ..message })
    }

    fn wait(&mut self, time: Duration, now: Instant) {
        (self.state, self.due) = (State::Waiting, now + time);
    }

    fn bind(
        &mut self,
        lease: Lease,
        before: Option<Lease>,
        now: Instant,
        luck: &mut Luck,
    ) -> Action {
        let time = lease.renew.since(now);
        let renew = now + (time - luck.draw_below(time / RENEWAL_FUZZ));
        (self.state, self.due) = (State::Bound(lease), renew);
        Action::Take { lease, before }
    }

    /// Begins to send the message of a state. A request belongs to the exchange of its offer.
    fn begin(&mut self, state: State, now: Instant, luck: &mut Luck) -> Action {
        if !matches!(state, State::Requesting { .. }) {
            (self.transaction, self.since) = (luck.draw() as u32, now);
        }
        (self.state, self.sent) = (state, 0);
        self.send(now, luck)
    }

    fn send(&mut self, now: Instant, luck: &mut Luck) -> Action {
        self.due = match self.state {
            State::Renewing(lease) => half_way(now, lease.rebind),
            State::Rebinding(lease) => half_way(now, lease.until),
            _ => {
                let wait = ANSWER_MIN * (1 << self.sent.min(ANSWER_DOUBLINGS_MAX));
                now + wait.saturating_sub(luck.draw_below(Duration::from_secs(1)))
            }
        };
        self.sent += 1;
        let kind = match self.state {
            State::Waiting | State::Selecting => DhcpMessageType::Discover,
            _ => DhcpMessageType::Request,
        };
        Action::Send(self.message(kind, now))
    }

    fn message(&self, kind: DhcpMessageType, now: Instant) -> Message {
        let (own, requested, server, to_server) = match self.state {
            State::Waiting | State::Selecting => (None, None, None, None),
            State::Requesting { address, server } => (None, Some(address), Some(server), None),
            State::Bound(lease) | State::Renewing(lease) => {
                (Some(lease.address), None, None, Some(lease.server))
            }
            State::Rebinding(lease) => (Some(lease.address), None, None, None),
        };
        let seconds = u16::try_from(now.since(self.since).as_secs()).unwrap_or(u16::MAX);
        Message { kind, transaction: self.transaction, seconds, own, requested, server, to_server }
    }
}

/// When to ask once more for time that is over at `end`.
fn half_way(now: Instant, end: Instant) -> Instant {
    (now + (end.since(now) / 2).max(RENEWAL_MIN)).min(end)
}

/// What an acknowledgement lends; its times put in order if they are not.
fn lease(answer: &Answer, now: Instant) -> Option<Lease> {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let whole = seconds(answer.lease_s?).max(LEASE_MIN);
    let rebind = answer.rebind_s.map_or(whole * 7 / 8, seconds).min(whole);
    let renew =
        answer.renew_s.map_or(whole / 2, seconds).clamp(LEASE_MIN / 2, rebind.max(LEASE_MIN / 2));
    let mask = answer.mask.unwrap_or(Ipv4Addr::new(255, 255, 255, 0)).to_bits();
    let prefix = Prefix { address: answer.address.into(), bits: mask.leading_ones() as u8 };
    let is_everybodys = prefix.broadcast() == Some(answer.address);
    (super::is_host(prefix.address) && !is_everybodys).then(|| Lease {
        address: answer.address,
        prefix_bits: prefix.bits,
        gateway: answer.gateway,
        server: answer.server.unwrap_or(Ipv4Addr::BROADCAST),
        renew: now + renew,
        rebind: now + rebind,
        until: now + whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_lent(address: [u8; 4], mask: [u8; 4]) -> bool {
        let answer = Answer {
            kind: DhcpMessageType::Ack,
            transaction: 1,
            address: address.into(),
            mask: Some(mask.into()),
            gateway: None,
            server: None,
            lease_s: Some(60),
            renew_s: None,
            rebind_s: None,
        };
        lease(&answer, Instant(0)).is_some()
    }

    #[test]
    fn nobody_is_lent_what_is_everybodys() {
        assert!(is_lent([10, 1, 0, 254], [255, 255, 255, 0]));
        assert!(is_lent([10, 1, 0, 255], [255, 255, 0, 0]));
        assert!(is_lent([10, 1, 0, 255], [255, 255, 255, 254]));
        assert!(!is_lent([10, 1, 0, 255], [255, 255, 255, 0]));
        assert!(!is_lent([224, 0, 0, 1], [255, 255, 255, 0]));
    }
}
