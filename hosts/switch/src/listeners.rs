//! Who listens to what: ports by the topics that they named, so that a frame to many finds them
//! without a look at the others.
//!
//! ```text
//!  (hash of VLAN and topic, station known, port)     one ordered set, 24 bytes a topic
//!                             └ of a neighbour: who knows what is claimed need not hear it
//! ```
//! Should two topics have one hash, a port hears a little more than it asked for.

use crate::header::{Mac, Vlan};
use crate::keyed::Keyed;
use crate::port::PortId;
use crate::subject::{Claim, Subject};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::ops::Bound::{Excluded, Included};
use hyper::LinkTopic;

/// A topic of a VLAN, and the station that a neighbour is known to be.
type Key = (u64, Option<Mac>);

/// The ports that come first and last of those with one key.
const FIRST: PortId = PortId(0);
const LAST: PortId = PortId(usize::MAX);

/// The greatest station there is.
const LAST_STATION: Mac = Mac([0xff; 6]);

/// See the module's text.
pub(crate) struct Listeners {
    keyed: Keyed,
    all: BTreeSet<(u64, Option<Mac>, PortId)>,
    /// What each port listens to, in order.
    by_port: Vec<Box<[Key]>>,
    count_max: usize,
    port_max: usize,
}

impl Listeners {
    /// Of `count_max` topics of all ports together, and `port_max` of each.
    pub(crate) fn new(count_max: usize, port_max: usize, keyed: Keyed) -> Self {
        let (all, by_port) = Default::default();
        Self { keyed, all, by_port, count_max, port_max }
    }

    /// A port listens to these topics and no others. Says whether there is room for that; if not, it
    /// listens to none.
    pub(crate) fn set(&mut self, vlan: Vlan, port: PortId, topics: &[LinkTopic]) -> bool {
        let before = self.of(port).len();
        if topics.len() > self.port_max || self.all.len() - before + topics.len() > self.count_max {
            self.remove(port);
            return false;
        }
        let mut keys: Vec<Key> = topics.iter().map(|&topic| self.key(vlan, topic)).collect();
        keys.sort_unstable();
        keys.dedup();
        self.change(port, keys.into());
        true
    }

    /// A port listens to nothing any more.
    pub(crate) fn remove(&mut self, port: PortId) {
        self.change(port, Box::default());
    }

    fn of(&self, port: PortId) -> &[Key] {
        self.by_port.get(port.0).map_or(&[], |keys| keys)
    }

    fn change(&mut self, port: PortId, keys: Box<[Key]>) {
        if self.by_port.len() <= port.0 {
            self.by_port.resize_with(port.0 + 1, Box::default);
        }
        let before = core::mem::replace(&mut self.by_port[port.0], keys);
        let keys = &self.by_port[port.0];
        for key in before.iter().filter(|key| keys.binary_search(key).is_err()) {
            self.all.remove(&(key.0, key.1, port));
        }
        for key in keys.iter().filter(|key| before.binary_search(key).is_err()) {
            self.all.insert((key.0, key.1, port));
        }
    }

    fn key(&self, vlan: Vlan, topic: LinkTopic) -> Key {
        match topic {
            LinkTopic::Neighbour(of, station) => (self.claims(vlan, of), station.map(Mac)),
            topic => (self.keyed.hash_one((vlan, topic)), None),
        }
    }

    fn claims(&self, vlan: Vlan, of: IpAddr) -> u64 {
        self.keyed.hash_one((vlan, LinkTopic::Neighbour(of, None)))
    }

    /// The ports that listen to what a frame is about; one that does so for several reasons is told
    /// as often.
    pub(crate) fn hearing(&self, vlan: Vlan, subject: Subject) -> impl Iterator<Item = PortId> {
        let topics = subject.topics.into_iter().flatten();
        let topics = topics.flat_map(move |topic| {
            let hash = self.keyed.hash_one((vlan, topic));
            self.all.range((hash, None, FIRST)..=(hash, None, LAST))
        });
        let claim = subject.claim.into_iter();
        let surprised = claim.flat_map(move |claim| self.surprised(vlan, claim));
        topics.chain(surprised).map(|(_, _, port)| *port)
    }

    /// Who does not know yet what is claimed. The others, who may be many, are passed over at once.
    fn surprised(
        &self,
        vlan: Vlan,
        claim: Claim,
    ) -> impl Iterator<Item = &(u64, Option<Mac>, PortId)> {
        let hash = self.claims(vlan, claim.of);
        let (start, end) = ((hash, None, FIRST), (hash, Some(LAST_STATION), LAST));
        let (knowing, beyond) = match claim.station {
            Some(station) => (Excluded((hash, Some(station), FIRST)), (hash, Some(station), LAST)),
            None => (Included(end), end),
        };
        let before = self.all.range((Included(start), knowing));
        before.chain(self.all.range((Excluded(beyond), Included(end))))
    }
}
