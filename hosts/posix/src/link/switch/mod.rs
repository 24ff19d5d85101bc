//! An Ethernet switch inside the process: services on any worker, and uplinks to the world.
//!
//! ```text
//!  service ── Link ─► Port ─┐                 ┌─► Outlet ─ mail ─► its worker ─► service
//!                           ├─ SharedSwitch ──┤
//!  tap, socket ─────► Port ─┘  (one lock)     └─► Outlet ─ mail ─► its worker ─► tap, socket
//! ```
//! Where a frame goes is [`::switch`]'s to say; here it is carried there. Frames are shared, not
//! copied, with their checksums and cuts left undone: an uplink that cannot do them has them done
//! before they leave ([`finish`]). What finds its outlet full is lost, as on any switch.
//!
//! No two of the locks (the switch's, an outlet's, a mailroom's) are ever held at once.

mod finish;
mod mail;
mod port;
#[cfg(test)]
mod tests;

pub(crate) use finish::{complete, finished};
pub(crate) use mail::{Mailroom, Outlet};
pub(crate) use port::Port;
pub use port::PortStatus;

use super::open::{Means, OpenLink};
use super::{
    LinkError, LinkOptions, LinkSpec, MTU_BYTES_USUAL, SEGMENTS_BYTES_MAX, Trace, check_mtu,
};
use crate::clock::HostClock;
use crate::random::HostRandom;
use crate::uplink::Uplink;
use ::switch::{Counts, Egress, Limits, Mac, Mode, PortId, PortSettings, Refused, Switch, Vlan};
use hyper::{Clock, LinkOffload, LinkProperties, Random};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A switch; cheap to clone, for each who adds ports to it. It lives as long as one of those does.
#[derive(Clone)]
pub struct SharedSwitch {
    name: Arc<str>,
    mtu_bytes: u32,
    core: Arc<Mutex<Core>>,
}

struct Core {
    switch: Switch,
    /// What is plugged in, by the port's number.
    plugged: Vec<Option<Plugged>>,
    plugged_count: usize,
    egresses: Vec<Egress>,
}

#[derive(Clone)]
struct Plugged {
    link: String,
    mac: Option<[u8; 6]>,
    outlet: Arc<Outlet>,
}

/// Where a frame is carried, and the tag that it has there.
type Way = (Arc<Outlet>, Option<Vlan>);

impl SharedSwitch {
    /// A switch without ports, for packets of `mtu_bytes`, or of 1500 bytes.
    ///
    /// # Errors
    /// If no link carries such packets.
    pub fn new(name: &str, mtu_bytes: Option<u32>) -> Result<Self, LinkError> {
        check_mtu(mtu_bytes)?;
        let mut secret = [0; 16];
        HostRandom.fill(&mut secret);
        let switch = Switch::new(Limits::default(), secret);
        let (plugged, egresses) = Default::default();
        let core = Core { switch, plugged, plugged_count: 0, egresses };
        let mtu_bytes = mtu_bytes.unwrap_or(MTU_BYTES_USUAL);
        Ok(Self { name: name.into(), mtu_bytes, core: Arc::new(Mutex::new(core)) })
    }

    /// The network card of a service, plugged in. Nobody else in the VLAN can have its address, and
    /// it can pass for nobody else.
    ///
    /// # Errors
    /// If the address is taken or no station's, or the switch carries no packets that long.
    pub fn card(
        &self,
        vlan: Vlan,
        mac: [u8; 6],
        options: LinkOptions,
    ) -> Result<OpenLink, LinkError> {
        let spec = LinkSpec::Switch { name: self.name.to_string(), vlan };
        let mtu_bytes = self.mtu_bytes_of(options.mtu_bytes)?;
        let trace = options.trace.as_deref().map(Trace::create).transpose()?;
        let port = self.plug_in(&spec.to_string(), PortSettings::station(vlan, Mac(mac)))?;
        Ok(OpenLink {
            name: spec.to_string(),
            properties: LinkProperties { mac: Some(mac), mtu_bytes, offload: OFFLOAD },
            means: Means::Card,
            trace,
            port: Some(port),
        })
    }

    /// Plugs in a link to the world: a trunk, on which all VLANs but the default one are tagged; or
    /// of one VLAN, which is not. It needs a worker: [`crate::ServiceSpec::uplink`].
    ///
    /// # Errors
    /// If the link cannot be had, or carries no packets as long as the switch does.
    pub fn uplink(
        &self,
        spec: &LinkSpec,
        vlan: Option<Vlan>,
        trace: Option<PathBuf>,
    ) -> Result<Uplink, LinkError> {
        let options = LinkOptions { mtu_bytes: Some(self.mtu_bytes), trace };
        let link = OpenLink::open(spec, options)?;
        let trunk = PortSettings::trunk();
        let mode = vlan.map_or_else(|| trunk.mode.clone(), Mode::Access);
        let port = self.plug_in(&link.name, PortSettings { mode, ..trunk })?;
        Ok(Uplink(OpenLink { port: Some(port), ..link }))
    }

    /// What its ports have been through.
    pub fn ports(&self) -> Vec<PortStatus> {
        let plugged = lock(&self.core).plugged_in();
        let status = |(Plugged { link, mac, outlet }, counts)| {
            let (carried, lost) = outlet.counts();
            PortStatus { link, mac, counts, carried, lost }
        };
        plugged.into_iter().map(status).collect()
    }

    fn mtu_bytes_of(&self, asked: Option<u32>) -> Result<u32, LinkError> {
        check_mtu(asked)?;
        let (name, own) = (&self.name, self.mtu_bytes);
        match asked {
            Some(mtu) if mtu > own => Err(LinkError::new(format!(
                "switch {name} carries packets of {own} bytes, not of {mtu}: give the switch that MTU"
            ))),
            _ => Ok(asked.unwrap_or(own)),
        }
    }

    fn plug_in(&self, link: &str, settings: PortSettings) -> Result<Port, LinkError> {
        let mac = settings.station.map(|station| station.0);
        let outlet = Arc::<Outlet>::default();
        let plugged = Plugged { link: link.to_owned(), mac, outlet: outlet.clone() };
        let id = lock(&self.core).plug_in(settings, plugged).map_err(|refused| {
            LinkError::new(format!("{link} cannot be plugged into switch {}: {refused}", self.name))
        })?;
        Ok(Port { id, core: self.core.clone(), outlet })
    }
}

/// What a card leaves to whoever receives: nothing is summed up or cut that stays in the process.
const OFFLOAD: LinkOffload = LinkOffload {
    checksums: true,
    segments_v4: true,
    segments_v6: true,
    segments_bytes_max: SEGMENTS_BYTES_MAX,
};

impl fmt::Debug for SharedSwitch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedSwitch({})", self.name)
    }
}

impl Core {
    fn plug_in(&mut self, settings: PortSettings, plugged: Plugged) -> Result<PortId, Refused> {
        let id = self.switch.add(settings)?;
        if self.plugged.len() <= id.0 {
            self.plugged.resize_with(id.0 + 1, || None);
        }
        self.plugged[id.0] = Some(plugged);
        self.plugged_count += 1;
        Ok(id)
    }

    fn unplug(&mut self, id: PortId) {
        self.switch.remove(id);
        self.plugged[id.0] = None;
        self.plugged_count -= 1;
    }

    fn plugged_in(&self) -> Vec<(Plugged, Counts)> {
        let numbered = self.plugged.iter().enumerate();
        let counted = |(number, plugged): (usize, &Option<Plugged>)| {
            Some((plugged.clone()?, self.switch.counts(PortId(number))?))
        };
        numbered.filter_map(counted).collect()
    }

    /// Where a frame goes that came by `from`: nowhere, for reasons that the switch counts.
    fn ways(&mut self, from: PortId, head: &[u8]) -> Vec<Way> {
        let Self { switch, plugged, egresses, .. } = self;
        let decided = switch.forward(from, head, HostClock.now(), egresses);
        let way = |egress: &Egress| {
            let plugged = plugged.get(egress.port.0)?.as_ref()?;
            Some((plugged.outlet.clone(), egress.tag))
        };
        decided.map(|()| egresses.iter().filter_map(way).collect()).unwrap_or_default()
    }
}

/// The lock's content, whoever panicked while holding it: nothing here is left half-done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
