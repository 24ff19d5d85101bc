//! Answers by datagram to whoever asks, which may be somebody else than he says.
//!
//! The sender of a datagram is whom it names, and the answer goes there: where it is much larger than
//! its call, anybody can have this server send more to a victim than he sends himself. Procedures that
//! take no file handle and no name of a user (portmap, MOUNT) are open to all who can reach us, so their
//! large answers are paid for: each group of networks has so many bytes a second, and what it cannot
//! pay is dropped, as the network might have done. An honest client asks again, or by a stream.
//!
//! Which networks share a group is a secret's to say: nobody can be shut out by flooding from, or in the
//! name of, networks that were chosen for it. Handles are not asked for here, see `docs/rpc.md`.

use crate::origin::Peer;
use abi::Instant;
use core::hash::Hasher;
use core::net::IpAddr;
use core::time::Duration;
use siphasher::sip::SipHasher13;

/// How much larger than its call an answer may be without being paid for.
const FREE_RATIO: usize = 2;

/// Groups of networks: a victim's traffic bothers one honest client in so many.
const GROUPS: usize = 16;

/// What an answer's byte costs: 8 KiB a second and group, 1 Mbit/s for all of them.
const NANOSECONDS_PER_BYTE: u64 = 1_000_000_000 / (8 << 10);

/// How far a group may be in debt before it has to wait: one who has asked for nothing lately is given
/// one answer of any size, or a dozen of a usual one.
const DEBT_MAX: Duration = Duration::from_secs(1);

/// What each group of networks owes.
pub(crate) struct Strangers {
    hasher: SipHasher13,
    /// When all is paid.
    paid_at: [Instant; GROUPS],
}

impl Strangers {
    /// Nobody owes anything. `secret` must be unpredictable.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self { hasher: SipHasher13::new_with_key(&secret), paid_at: [Instant(0); GROUPS] }
    }

    /// Whether an answer to a call of `asked_bytes` may leave for `peer`. It is taken to leave then.
    pub(crate) fn may_have(
        &mut self,
        peer: &Peer,
        asked_bytes: usize,
        answer_bytes: usize,
        now: Instant,
    ) -> bool {
        if answer_bytes <= asked_bytes.saturating_mul(FREE_RATIO) {
            return true;
        }
        let group = self.group(peer.remote.ip());
        let paid_at = &mut self.paid_at[group];
        if *paid_at > now + DEBT_MAX {
            return false;
        }
        let price = Duration::from_nanos(answer_bytes as u64 * NANOSECONDS_PER_BYTE);
        *paid_at = (*paid_at).max(now) + price;
        true
    }

    /// The group of a client's network: what one site of it has.
    fn group(&self, client: IpAddr) -> usize {
        let mut hasher = self.hasher;
        match client.to_canonical() {
            IpAddr::V4(address) => hasher.write(&address.octets()[..3]),
            IpAddr::V6(address) => hasher.write(&address.octets()[..8]),
        }
        (hasher.finish() % GROUPS as u64) as usize
    }
}
