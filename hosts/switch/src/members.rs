//! Which ports may carry a VLAN: those that a flood has to visit, and no others.

use crate::header::Vlan;
use crate::port::{Mode, PortId, PortSettings};
use alloc::collections::{BTreeMap, BTreeSet};

/// See the module's text.
#[derive(Default)]
pub(crate) struct Members {
    access: BTreeMap<Vlan, BTreeSet<PortId>>,
    /// All of them: each says itself what it carries.
    trunks: BTreeSet<PortId>,
}

impl Members {
    pub(crate) fn add(&mut self, id: PortId, settings: &PortSettings) {
        match settings.mode {
            Mode::Access(vlan) => self.access.entry(vlan).or_default().insert(id),
            Mode::Trunk { .. } => self.trunks.insert(id),
        };
    }

    pub(crate) fn remove(&mut self, id: PortId, settings: &PortSettings) {
        self.trunks.remove(&id);
        if let Mode::Access(vlan) = settings.mode
            && let Some(ports) = self.access.get_mut(&vlan)
        {
            ports.remove(&id);
            if ports.is_empty() {
                self.access.remove(&vlan);
            }
        }
    }

    /// The access ports of `vlan`, and every trunk.
    pub(crate) fn of(&self, vlan: Vlan) -> impl Iterator<Item = PortId> {
        let access = self.access.get(&vlan).into_iter().flatten();
        access.chain(&self.trunks).copied()
    }
}
