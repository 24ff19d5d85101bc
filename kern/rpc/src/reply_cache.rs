//! The reply cache: a retransmitted call of a procedure that must not run twice gets the reply
//! of the first, or none while the first is at work.
//!
//! A call is known by a keyed 128-bit hash of the client's IP address, the transport, the xid,
//! program, version and procedure, the credential, and the length and beginning of the
//! arguments. The
//! client's *port* is left out: a client whose connection broke retransmits over a new one, from
//! a port that may be new, and must find its reply; Linux and the BSDs hash the arguments for the
//! same reason, since xids alone repeat. The key is secret, so a client cannot make its call look
//! like another's.
//!
//! A retransmission over another connection, while the call is at work, moves the reply there:
//! the first connection is most likely gone.

use crate::origin::Origin;
use abi::{Credentials, Instant};
use alloc::collections::BTreeMap;
use bytes::Bytes;
use core::hash::Hasher;
use core::net::IpAddr;
use core::time::Duration;
use hashbrown::HashMap;
use siphasher::sip128::{Hasher128, SipHasher13};

/// How long a reply is remembered. Clients retransmit after a minute over TCP, then after two
/// more.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Arguments are hashed up to here, with the length of all of them: enough, beside the xid, to
/// tell calls apart, and little beside what a WRITE of a megabyte costs.
const HASHED_BYTES_MAX: usize = 256;

/// What an entry costs beside its reply, in bytes: key, bookkeeping and allocation.
const ENTRY_BYTES: usize = 160;

/// What tells one call from another.
pub(crate) struct Identity<'a> {
    pub(crate) client: IpAddr,
    pub(crate) datagram: bool,
    pub(crate) xid: u32,
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) procedure: u32,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) arguments: &'a [u8],
}

/// An [`Identity`], hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

/// What is known of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing: run it.
    Never,
    /// It is at work: no answer now.
    AtWork,
    /// It was answered: with this.
    Done(Bytes),
}

enum Entry {
    AtWork { origin: Origin },
    Done { reply: Bytes, order: u64, since: Instant },
}

/// Replies of calls that must not run twice, the least recently used forgotten first.
pub(crate) struct ReplyCache {
    hasher: SipHasher13,
    entries: HashMap<Key, Entry>,
    /// The keys of entries that are done, by when they were last used.
    order: BTreeMap<u64, Key>,
    next_order: u64,
    bytes: usize,
    entries_max: usize,
    bytes_max: usize,
}

impl ReplyCache {
    /// An empty cache. `secret` must be unpredictable.
    pub(crate) fn new(secret: [u8; 16], entries_max: usize, bytes_max: usize) -> Self {
        Self {
            hasher: SipHasher13::new_with_key(&secret),
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next_order: 0,
            bytes: 0,
            entries_max,
            bytes_max,
        }
    }

    pub(crate) fn key(&self, call: &Identity<'_>) -> Key {
        let mut hasher = self.hasher;
        hash_address(&mut hasher, call.client);
        hasher.write_u8(u8::from(call.datagram));
        for word in [call.xid, call.program, call.version, call.procedure] {
            hasher.write_u32(word);
        }
        hash_credentials(&mut hasher, call.credentials.as_ref());
        hasher.write_usize(call.arguments.len());
        hasher.write(&call.arguments[..call.arguments.len().min(HASHED_BYTES_MAX)]);
        Key(hasher.finish128().into())
    }

    /// What is known of a call that has arrived from `origin`. If nothing, it is at work from
    /// now on, until [`ReplyCache::finish`].
    pub(crate) fn begin(&mut self, key: Key, origin: Origin, now: Instant) -> Seen {
        match self.entries.get_mut(&key) {
            None => {
                self.entries.insert(key, Entry::AtWork { origin });
                Seen::Never
            }
            Some(Entry::AtWork { origin: latest }) => {
                *latest = origin;
                Seen::AtWork
            }
            Some(Entry::Done { reply, order, since }) => {
                *since = now;
                self.order.remove(order);
                *order = self.next_order;
                self.order.insert(self.next_order, key);
                self.next_order += 1;
                Seen::Done(reply.clone())
            }
        }
    }

    /// The call is done: where its reply goes now. Remembers the reply; a call that failed for
    /// want of something gives `None`, and may be tried again.
    pub(crate) fn finish(
        &mut self,
        key: Key,
        reply: Option<Bytes>,
        now: Instant,
    ) -> Option<Origin> {
        let Some(Entry::AtWork { origin }) = self.entries.remove(&key) else { return None };
        if let Some(reply) = reply {
            self.remember(key, reply, now);
        }
        Some(origin)
    }

    /// Remembers so many from now on.
    pub(crate) fn set_limits(&mut self, entries_max: usize, bytes_max: usize) {
        (self.entries_max, self.bytes_max) = (entries_max, bytes_max);
        self.forget_surplus();
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets replies older than any client's retransmission.
    pub(crate) fn expire(&mut self, now: Instant) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.forget_oldest();
        }
    }

    /// When [`ReplyCache::expire`] will next have something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let (_, key) = self.order.first_key_value()?;
        match self.entries.get(key)? {
            Entry::Done { since, .. } => Some(*since + AGE_MAX),
            Entry::AtWork { .. } => None,
        }
    }

    fn remember(&mut self, key: Key, reply: Bytes, now: Instant) {
        self.bytes += reply.len() + ENTRY_BYTES;
        self.entries.insert(key, Entry::Done { reply, order: self.next_order, since: now });
        self.order.insert(self.next_order, key);
        self.next_order += 1;
        self.forget_surplus();
    }

    fn forget_surplus(&mut self) {
        while self.order.len() > self.entries_max || self.bytes > self.bytes_max {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key)) = self.order.pop_first() else { return };
        if let Some(Entry::Done { reply, .. }) = self.entries.remove(&key) {
            self.bytes -= reply.len() + ENTRY_BYTES;
        }
        if self.entries.is_empty() {
            self.entries = HashMap::new();
        }
    }
}

fn hash_address(hasher: &mut SipHasher13, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
}

fn hash_credentials(hasher: &mut SipHasher13, credentials: Option<&Credentials>) {
    let Some(credentials) = credentials else { return hasher.write_u8(0) };
    hasher.write_u8(1);
    hasher.write_u32(credentials.uid);
    hasher.write_u32(credentials.gid);
    credentials.groups().iter().for_each(|&group| hasher.write_u32(group));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::ConnectionId;
    use core::net::Ipv4Addr;

    const FIRST: Origin = Origin::Connection(ConnectionId(1));
    const SECOND: Origin = Origin::Connection(ConnectionId(2));
    const NOW: Instant = Instant(0);

    fn cache(entries_max: usize, bytes_max: usize) -> ReplyCache {
        ReplyCache::new([7; 16], entries_max, bytes_max)
    }

    fn identity(xid: u32, arguments: &[u8]) -> Identity<'_> {
        Identity {
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            datagram: false,
            xid,
            program: 100_003,
            version: 3,
            procedure: 12,
            credentials: Some(Credentials::new(7, 8)),
            arguments,
        }
    }

    fn complete(cache: &mut ReplyCache, xid: u32, reply: &'static [u8]) -> Key {
        let key = cache.key(&identity(xid, b""));
        assert_eq!(cache.begin(key, FIRST, NOW), Seen::Never);
        assert!(cache.finish(key, Some(Bytes::from_static(reply)), NOW).is_some());
        key
    }

    #[test]
    fn a_duplicate_waits_and_then_gets_the_same_reply() {
        let mut cache = cache(10, 10_000);
        let key = cache.key(&identity(5, b"a"));
        assert_eq!(cache.begin(key, FIRST, NOW), Seen::Never);
        assert_eq!(cache.begin(key, FIRST, NOW), Seen::AtWork);
        let reply = Bytes::from_static(b"done");
        assert_eq!(cache.finish(key, Some(reply.clone()), NOW), Some(FIRST));
        assert_eq!(cache.begin(key, SECOND, NOW), Seen::Done(reply));
    }

    #[test]
    fn the_reply_follows_the_client_to_its_new_connection() {
        let mut cache = cache(10, 10_000);
        let key = cache.key(&identity(5, b"a"));
        cache.begin(key, FIRST, NOW);
        cache.begin(key, SECOND, NOW);
        assert_eq!(cache.finish(key, None, NOW), Some(SECOND));
        assert_eq!(cache.begin(key, FIRST, NOW), Seen::Never, "a failure is not remembered");
    }

    #[test]
    fn anything_that_differs_is_another_call() {
        let cache = cache(10, 10_000);
        let base = cache.key(&identity(5, b"a"));
        assert_eq!(base, cache.key(&identity(5, b"a")));
        let others = [
            identity(6, b"a"),
            identity(5, b"b"),
            identity(5, b"a\0"),
            identity(5, &[0; 1000]),
            identity(5, &[0; 1001]),
            Identity { datagram: true, ..identity(5, b"a") },
            Identity { procedure: 13, ..identity(5, b"a") },
            Identity { credentials: None, ..identity(5, b"a") },
            Identity { client: IpAddr::V4(Ipv4Addr::BROADCAST), ..identity(5, b"a") },
        ];
        assert!(others.iter().all(|other| cache.key(other) != base));
    }

    #[test]
    fn entries_and_bytes_are_bounded_and_the_unused_go_first() {
        let mut cache = cache(3, 10_000);
        let first = complete(&mut cache, 1, b"one");
        let second = complete(&mut cache, 2, b"two");
        complete(&mut cache, 3, b"three");
        assert!(matches!(cache.begin(first, FIRST, NOW), Seen::Done(_)));
        complete(&mut cache, 4, b"four");
        assert!(matches!(cache.begin(first, FIRST, NOW), Seen::Done(_)));
        assert_eq!(cache.begin(second, FIRST, NOW), Seen::Never);

        let mut small = self::cache(100, 2 * (ENTRY_BYTES + 8));
        (0..50).for_each(|xid| {
            complete(&mut small, xid, b"replies!");
            assert!(small.bytes <= small.bytes_max);
        });
        assert_eq!(small.entries.len(), 2);
    }

    #[test]
    fn a_reply_larger_than_the_cache_is_not_kept() {
        let mut cache = cache(10, ENTRY_BYTES);
        let key = complete(&mut cache, 1, b"large");
        assert_eq!(cache.begin(key, FIRST, NOW), Seen::Never);
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn replies_age() {
        let mut cache = cache(10, 10_000);
        complete(&mut cache, 1, b"one");
        let deadline = cache.deadline().unwrap();
        cache.expire(Instant(deadline.0 - 1));
        assert_eq!(cache.entries.len(), 1);
        cache.expire(deadline);
        assert_eq!((cache.entries.len(), cache.deadline()), (0, None));
    }
}
