//! Which ports may carry a VLAN: those that every flood has to visit, and no others.
//!
//! A port for one known station is there only while it listens to everything; the others are found
//! by what they listen to (`listeners.rs`).

use crate::header::Vlan;
use crate::port::{Mode, PortId, PortSettings};
use alloc::collections::{BTreeMap, BTreeSet};

/// See the module's text.
#[derive(Default)]
pub(crate) struct Members {
    access: BTreeMap<Vlan, Access>,
    /// All of them: each says itself what it carries.
    trunks: BTreeSet<PortId>,
}

/// The access ports of one VLAN.
#[derive(Default)]
struct Access {
    /// Those for one known station, which have no use for what is another's.
    stations: BTreeSet<PortId>,
    others: BTreeSet<PortId>,
}

impl Access {
    fn is_empty(&self) -> bool {
        self.stations.is_empty() && self.others.is_empty()
    }
}

impl Members {
    /// Adds a port behind which may be anybody.
    pub(crate) fn add(&mut self, id: PortId, settings: &PortSettings) {
        match settings.mode {
            Mode::Access(vlan) => self.access.entry(vlan).or_default().others.insert(id),
            Mode::Trunk { .. } => self.trunks.insert(id),
        };
    }

    /// Adds a port for one station, which listens to everything.
    pub(crate) fn add_station(&mut self, id: PortId, vlan: Vlan) {
        self.access.entry(vlan).or_default().stations.insert(id);
    }

    pub(crate) fn remove(&mut self, id: PortId, settings: &PortSettings) {
        self.trunks.remove(&id);
        if let Mode::Access(vlan) = settings.mode
            && let Some(access) = self.access.get_mut(&vlan)
        {
            access.stations.remove(&id);
            access.others.remove(&id);
            if access.is_empty() {
                self.access.remove(&vlan);
            }
        }
    }

    /// The ports that a frame for many has to visit, every trunk among them; or one for a single
    /// station that is not known.
    pub(crate) fn of(&self, vlan: Vlan, is_for_one: bool) -> impl Iterator<Item = PortId> {
        let access = self.access.get(&vlan);
        let stations = access.filter(|_| !is_for_one).map(|access| &access.stations);
        let others = access.map(|access| &access.others);
        [stations, others].into_iter().flatten().flatten().chain(&self.trunks).copied()
    }
}
