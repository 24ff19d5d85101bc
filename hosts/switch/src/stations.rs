//! Which station is behind which port.
//!
//! A table of bounded size, by VLAN and address, under a keyed hash. Ageing costs nothing while a
//! station talks: each has one place in a queue by the time of its next examination, and is put
//! back there if it has been heard of since.

use crate::header::{Mac, Vlan};
use crate::keyed::Keyed;
use crate::port::PortId;
use abi::Instant;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

type Key = (Vlan, Mac);

/// Examinations of one call at most: so that no frame waits for many.
const EXAMINED_MAX: usize = 4;

struct Station {
    port: PortId,
    /// When it was last heard of; `None` if it was put there and does not age.
    heard: Option<Instant>,
}

/// What hearing of a station came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is known to be there now.
    Known,
    /// The table or its port is full: it stays unknown, or where it was.
    NoRoom,
    /// It belongs to another port, for good.
    Fixed,
}

/// See the module's text.
pub(crate) struct Stations {
    table: HashMap<Key, Station, Keyed>,
    /// Learned stations, each once, by the time when it may have aged.
    ageing: VecDeque<(Instant, Key)>,
    /// How many were learned of each port.
    learned: Vec<usize>,
    count_max: usize,
    age_max: Duration,
}

impl Stations {
    pub(crate) fn new(count_max: usize, age_max: Duration, keyed: Keyed) -> Self {
        let table = HashMap::with_hasher(keyed);
        let (ageing, learned) = Default::default();
        Self { table, ageing, learned, count_max, age_max }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn port_of(&self, vlan: Vlan, mac: Mac) -> Option<PortId> {
        self.table.get(&(vlan, mac)).map(|station| station.port)
    }

    /// Puts a station where it stays. Says whether it is not another port's for good.
    pub(crate) fn fix(&mut self, vlan: Vlan, mac: Mac, port: PortId) -> bool {
        match self.table.get_mut(&(vlan, mac)) {
            Some(Station { heard: None, .. }) => return false,
            Some(learned) => {
                self.learned[learned.port.0] -= 1;
                *learned = Station { port, heard: None };
                // Rare: a service whose station was elsewhere comes here.
                self.ageing.retain(|(_, key)| *key != (vlan, mac));
            }
            None => {
                self.table.insert((vlan, mac), Station { port, heard: None });
            }
        }
        true
    }

    /// A frame of the station came by `port`, which may have `port_max` of them.
    pub(crate) fn see(
        &mut self,
        vlan: Vlan,
        mac: Mac,
        port: PortId,
        port_max: usize,
        now: Instant,
    ) -> Seen {
        if self.learned.len() <= port.0 {
            self.learned.resize(port.0 + 1, 0);
        }
        let is_full = self.table.len() >= self.count_max;
        let has_room = self.learned[port.0] < port_max;
        match self.table.entry((vlan, mac)) {
            Entry::Occupied(mut entry) => {
                let station = entry.get_mut();
                if station.heard.is_none() {
                    return Seen::Fixed;
                }
                if station.port != port && !has_room {
                    return Seen::NoRoom;
                }
                self.learned[station.port.0] -= 1;
                self.learned[port.0] += 1;
                *station = Station { port, heard: Some(now) };
            }
            Entry::Vacant(_) if is_full || !has_room => return Seen::NoRoom,
            Entry::Vacant(entry) => {
                entry.insert(Station { port, heard: Some(now) });
                self.learned[port.0] += 1;
                self.ageing.push_back((now + self.age_max, (vlan, mac)));
            }
        }
        Seen::Known
    }

    /// Forgets stations that have said nothing for long; a few at a time.
    pub(crate) fn expire(&mut self, now: Instant) {
        for _ in 0..EXAMINED_MAX {
            let Some((_, key)) = self.ageing.pop_front_if(|(due, _)| *due <= now) else { return };
            let Some(heard) = self.table.get(&key).and_then(|station| station.heard) else {
                continue;
            };
            if heard + self.age_max > now {
                self.ageing.push_back((heard + self.age_max, key));
            } else if let Some(station) = self.table.remove(&key) {
                self.learned[station.port.0] -= 1;
            }
        }
    }

    /// Forgets all that is behind a port, and `fixed`, the station it was for.
    pub(crate) fn forget_port(&mut self, port: PortId, fixed: Option<Key>) {
        if let Some(key) = fixed {
            self.table.remove(&key);
        }
        if self.learned.get(port.0).is_some_and(|&count| count > 0) {
            let Self { table, ageing, .. } = self;
            ageing.retain(|(_, key)| {
                let is_there = table.get(key).is_some_and(|station| station.port == port);
                if is_there {
                    table.remove(key);
                }
                !is_there
            });
            self.learned[port.0] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_has_one_place_among_the_ageing_whatever_it_was_before() {
        let age_max = Duration::from_secs(300);
        let mut stations = Stations::new(100, age_max, Keyed::new([7; 16]));
        let (mac, start) = (Mac([2; 6]), Instant(1 << 40));
        for round in 0..3 {
            let now = start + Duration::from_secs(round);
            assert_eq!(stations.see(Vlan::DEFAULT, mac, PortId(1), 64, now), Seen::Known);
            assert_eq!(stations.ageing.len(), 1);
            assert!(stations.fix(Vlan::DEFAULT, mac, PortId(2)));
            assert_eq!((stations.ageing.len(), stations.learned[1]), (0, 0));
            stations.forget_port(PortId(2), Some((Vlan::DEFAULT, mac)));
            assert_eq!(stations.len(), 0);
        }
    }
}
