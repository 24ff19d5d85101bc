//! A server without its programs, as plain data: to be taken to another thread, where the same
//! clients have connections of other names.

use crate::agenda::Agenda;
use crate::connection::Connection;
use crate::intake::{Intake, PackedIntake};
use crate::portmap::Ports;
use crate::{ConnectionId, Program, Server};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use hashbrown::HashMap;

/// How connections are called from now on, by the names they had.
pub type Renames = BTreeMap<ConnectionId, ConnectionId>;

/// What a server without calls at work knows and has promised: connections and what arrived on them,
/// replies that have not left, replies remembered, and all counts.
pub struct Parcel {
    connections: HashMap<ConnectionId, Connection>,
    agenda: Agenda,
    intake: PackedIntake,
}

impl Server {
    /// Whether it can be packed: no call is at work, and the network has no buffer of its.
    #[expect(clippy::disallowed_methods, reason = "whether all are so is the same in any order")]
    pub fn can_be_packed(&self) -> bool {
        let is_here = |one: &Connection| !one.assembly.is_lent();
        self.intake.is_idle() && self.connections.values().all(is_here)
    }

    /// Packs it.
    ///
    /// # Panics
    /// If it cannot be: [`Server::can_be_packed`].
    pub fn pack(self) -> Parcel {
        assert!(self.can_be_packed(), "calls at work cannot be moved");
        let Self { connections, agenda, intake, .. } = self;
        Parcel { connections, agenda, intake: intake.pack() }
    }

    /// The same server, for the same programs. A connection without a new name is gone.
    pub fn unpack(
        parcel: Parcel,
        programs: Vec<Rc<dyn Program>>,
        ports: Ports,
        renames: &Renames,
    ) -> Self {
        let Parcel { connections, agenda, intake } = parcel;
        let (intake, counts) = Intake::unpack(intake);
        let mut server = Self { connections, intake, agenda, portmap: None };
        server.rename(renames);
        server.open(programs, ports);
        server.intake.programs.set_counts(counts);
        server
    }

    fn rename(&mut self, renames: &Renames) {
        let mut ids: Vec<_> = self.connection_ids();
        ids.retain(|id| !renames.contains_key(id));
        ids.into_iter().for_each(|id| self.closed(id));
        let name = |id: ConnectionId| renames.get(&id).copied();
        self.agenda.rename(&name);
        self.intake.unfinished.rename(&name);
        self.intake.output.rename(&name);
        let connections = core::mem::take(&mut self.connections);
        let renamed = connections.into_iter().filter_map(|(id, one)| Some((name(id)?, one)));
        self.connections = renamed.collect();
    }

    #[expect(clippy::disallowed_methods, reason = "they are put in order before anybody sees them")]
    fn connection_ids(&self) -> Vec<ConnectionId> {
        let mut ids: Vec<_> = self.connections.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}
