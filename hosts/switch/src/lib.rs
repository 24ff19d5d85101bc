//! An Ethernet switch as a machine: the first bytes of a frame, the port it came by and the time go
//! in; the ports it leaves by come out.
//!
//! ```text
//!   service ── access, VLAN 10 ──┐           ┌── access, VLAN 20 ── service
//!   service ── access, VLAN 10 ──┤  Switch   ├── access, VLAN 20 ── a virtual machine
//!                                └─────┬─────┘
//!                                    trunk: VLAN 10 and 20 tagged, another untagged ── tap
//! ```
//! It forwards as IEEE 802.1Q §8 says: learn the sender, look the receiver up in the sender's VLAN,
//! flood what is unknown or for many. VLANs share nothing: the same address may live in each.
//! Against ports that mean ill there are bounds ([`Limits`]), and ports that carry one known
//! station ([`PortSettings::station`]), whose address nobody else can take.
//!
//! Such a port is spared frames to many that its station has no use for ([`Switch::listen`]): what
//! ten thousand services announce to each other is heard by those whom it concerns. Who that is
//! depends on what the frame is about (`subject.rs`), and is looked up (`listeners.rs`).
//!
//! Never: holds or copies a frame, answers one, looks behind the Ethernet header of what is for one
//! station, asks the time, or knows what a port is attached to.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod bucket;
mod header;
mod keyed;
mod listeners;
mod members;
mod port;
mod stations;
mod subject;
#[cfg(test)]
mod tests;

pub use bucket::Rate;
pub use header::{HEADER_BYTES, Header, Mac, TAG_BYTES, Vlan, retagged};
pub use port::{Counts, Mode, PortId, PortSettings};

use abi::Instant;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use hyper::Listening;
use keyed::Keyed;
use listeners::Listeners;
use members::Members;
use port::Port;
use slab::Slab;
use stations::{Seen, Stations};
use subject::Subject;

/// Copies that a frame to many may have before it counts as one more of [`PortSettings::floods`]: so
/// that the work that a port makes is bounded however many ports there are.
pub const COPIES_PER_FLOOD: usize = 64;

/// What a switch bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ports it may have.
    pub ports_max: usize,
    /// Addresses it remembers, of all VLANs together. A frame to one it does not know is flooded.
    pub stations_max: usize,
    /// How long a station is remembered that says nothing.
    pub station_age_max: Duration,
    /// Topics that all ports together may listen to; a port for which there is no room hears
    /// everything, as one that asks for more than [`TOPICS_PER_PORT_MAX`].
    pub topics_max: usize,
}

/// Topics that one port may listen to.
pub const TOPICS_PER_PORT_MAX: usize = 256;

/// IEEE 802.1Q's own ageing time, and room for ten thousand services and what they talk to.
impl Default for Limits {
    fn default() -> Self {
        Self {
            ports_max: 16 << 10,
            stations_max: 32 << 10,
            station_age_max: Duration::from_secs(300),
            topics_max: 512 << 10,
        }
    }
}

/// Where a frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Egress {
    /// The port.
    pub port: PortId,
    /// The VLAN that its tag names there; `None` if it leaves without: see [`retagged`].
    pub tag: Option<Vlan>,
}

/// Why a frame goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// It is too short, from nobody or from a group, or for the bridges themselves (802.1D).
    Malformed,
    /// Its port is not a member of its VLAN, or carries untagged frames only.
    Vlan,
    /// Its sender is not the station its port is for, or is another port's.
    Sender,
    /// Its port has flooded more than it may.
    Rate,
    /// The receiver is on the port it came by, or nobody else is in the VLAN.
    Nowhere,
}

/// Why a port was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The switch has [`Limits::ports_max`] of them.
    Full,
    /// Its station is another port's, in the same VLAN.
    StationTaken,
    /// It names a station, but is a trunk or the station is a group's address.
    StationMakesNoSense,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full => "it has all the ports it may have",
            Self::StationTaken => "another port of the VLAN has this station's address",
            Self::StationMakesNoSense => "one station's address, on a port of one VLAN, is needed",
        })
    }
}

/// See the module's text.
pub struct Switch {
    limits: Limits,
    ports: Slab<Port>,
    members: Members,
    listeners: Listeners,
    stations: Stations,
}

impl Switch {
    /// Without ports. `secret` keys its tables, so that nobody can foresee what collides in them.
    pub fn new(limits: Limits, secret: [u8; 16]) -> Self {
        let keyed = Keyed::new(secret);
        let listeners = Listeners::new(limits.topics_max, TOPICS_PER_PORT_MAX, keyed.clone());
        let stations = Stations::new(limits.stations_max, limits.station_age_max, keyed);
        let (ports, members) = (Slab::new(), Members::default());
        Self { limits, ports, members, listeners, stations }
    }

    /// Adds a port.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add(&mut self, settings: PortSettings) -> Result<PortId, Refused> {
        if self.ports.len() >= self.limits.ports_max {
            return Err(Refused::Full);
        }
        let id = PortId(self.ports.vacant_key());
        if let Some(station) = settings.station {
            let vlan = settings.mode.access().filter(|_| station.is_one());
            let vlan = vlan.ok_or(Refused::StationMakesNoSense)?;
            if !self.stations.fix(vlan, station, id) {
                return Err(Refused::StationTaken);
            }
        } else {
            self.members.add(id, &settings);
        }
        self.ports.insert(Port::new(settings));
        Ok(id)
    }

    /// Removes a port and forgets its stations. Its id may be used again for another.
    pub fn remove(&mut self, id: PortId) {
        if let Some(port) = self.ports.try_remove(id.0) {
            self.members.remove(id, &port.settings);
            self.listeners.remove(id);
            let station = port.settings.mode.access().zip(port.settings.station);
            self.stations.forget_port(id, station);
        }
    }

    /// Says what of frames to many a port for one station is to get. Behind others may be anybody:
    /// they get everything, whatever is said.
    pub fn listen(&mut self, id: PortId, to: &Listening) {
        let Some(Port { settings, .. }) = self.ports.get(id.0) else { return };
        let Some((vlan, _)) = settings.mode.access().zip(settings.station) else { return };
        let is_everything = match to {
            Listening::Topics(topics) => !self.listeners.set(vlan, id, topics),
            Listening::Everything => {
                self.listeners.remove(id);
                true
            }
        };
        if is_everything {
            self.members.add_station(id, vlan);
        } else {
            self.members.remove(id, settings);
        }
    }

    /// What a port has been through.
    pub fn counts(&self, id: PortId) -> Option<Counts> {
        self.ports.get(id.0).map(|port| port.counts)
    }

    /// Stations known now.
    pub fn stations_known(&self) -> usize {
        self.stations.len()
    }

    /// Says where a frame goes that came by `from` and begins with `head`: `egresses`, emptied
    /// first, lists each port once.
    ///
    /// # Errors
    /// Why it goes nowhere. That is counted, and no concern of anybody else's.
    pub fn forward(
        &mut self,
        from: PortId,
        head: &[u8],
        now: Instant,
        egresses: &mut Vec<Egress>,
    ) -> Result<(), Drop> {
        egresses.clear();
        let decided = self.decide(from, head, now, egresses);
        if let Some(port) = self.ports.get_mut(from.0) {
            port.counts.count(decided);
        }
        decided
    }

    fn decide(
        &mut self,
        from: PortId,
        head: &[u8],
        now: Instant,
        egresses: &mut Vec<Egress>,
    ) -> Result<(), Drop> {
        let port = self.ports.get(from.0).ok_or(Drop::Nowhere)?;
        let header = Header::read(head).filter(Header::is_to_be_forwarded);
        let header = header.ok_or(Drop::Malformed)?;
        let vlan = port.settings.mode.vlan_of(&header).ok_or(Drop::Vlan)?;
        self.stations.expire(now);
        learn(&mut self.stations, &port.settings, from, (vlan, header.sender), now)?;
        match self.stations.port_of(vlan, header.receiver) {
            Some(to) if to == from => return Err(Drop::Nowhere),
            Some(to) => egresses.push(Egress { port: to, tag: self.tag_at(to, vlan) }),
            None => self.flood(from, (vlan, &header, head), now, egresses)?,
        }
        if egresses.is_empty() { Err(Drop::Nowhere) } else { Ok(()) }
    }

    fn flood(
        &mut self,
        from: PortId,
        (vlan, header, head): (Vlan, &Header, &[u8]),
        now: Instant,
        egresses: &mut Vec<Egress>,
    ) -> Result<(), Drop> {
        let Some(port) = self.ports.get_mut(from.0) else { return Err(Drop::Nowhere) };
        if !port.floods.has_one(now) {
            return Err(Drop::Rate);
        }
        let is_for_one = header.receiver.is_one();
        let egress = |to: PortId| self.egress(to, vlan).filter(|_| to != from);
        egresses.extend(self.members.of(vlan, is_for_one).filter_map(egress));
        if !is_for_one {
            let (subject, unasked) = (Subject::read(header, head), egresses.len());
            egresses.extend(self.listeners.hearing(vlan, subject).filter_map(egress));
            egresses[unasked..].sort_unstable_by_key(|egress| egress.port);
            egresses.dedup();
        }
        let cost = 1 + egresses.len() / COPIES_PER_FLOOD;
        self.ports[from.0].floods.take(cost as u64);
        Ok(())
    }

    /// How a frame of a VLAN leaves by a port, if that carries it.
    fn egress(&self, port: PortId, vlan: Vlan) -> Option<Egress> {
        let mode = &self.ports.get(port.0)?.settings.mode;
        mode.carries(vlan).then(|| Egress { port, tag: mode.tag_of(vlan) })
    }

    fn tag_at(&self, port: PortId, vlan: Vlan) -> Option<Vlan> {
        self.ports.get(port.0).and_then(|port| port.settings.mode.tag_of(vlan))
    }
}

/// Learns that the sender is behind `from`, as far as the port may have stations.
fn learn(
    stations: &mut Stations,
    settings: &PortSettings,
    from: PortId,
    (vlan, sender): (Vlan, Mac),
    now: Instant,
) -> Result<(), Drop> {
    if let Some(station) = settings.station {
        return if station == sender { Ok(()) } else { Err(Drop::Sender) };
    }
    match stations.see(vlan, sender, from, settings.stations_max, now) {
        Seen::Fixed => Err(Drop::Sender),
        Seen::Known | Seen::NoRoom => Ok(()),
    }
}
