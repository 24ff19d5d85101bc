//! One port: what it carries, what it may do, what it has done.

use crate::Drop;
use crate::bucket::{Bucket, Rate};
use crate::header::{Header, Mac, Vlan};
use alloc::collections::BTreeSet;

/// A port of one switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub usize);

/// Which VLANs a port carries, and how they are told apart on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One VLAN, whose frames have no tag here.
    Access(Vlan),
    /// Several, tagged.
    Trunk {
        /// Which; all if `None`.
        allowed: Option<BTreeSet<Vlan>>,
        /// The VLAN of frames without a tag, which it need not name as allowed; if `None`, such
        /// frames are dropped.
        native: Option<Vlan>,
    },
}

impl Mode {
    /// The VLAN of an access port.
    pub(crate) fn access(&self) -> Option<Vlan> {
        if let Self::Access(vlan) = self { Some(*vlan) } else { None }
    }

    pub(crate) fn carries(&self, vlan: Vlan) -> bool {
        match self {
            Self::Access(own) => *own == vlan,
            Self::Trunk { allowed, native } => {
                *native == Some(vlan) || allowed.as_ref().is_none_or(|all| all.contains(&vlan))
            }
        }
    }

    /// The tag of the VLAN's frames here.
    pub(crate) fn tag_of(&self, vlan: Vlan) -> Option<Vlan> {
        match self {
            Self::Trunk { native, .. } if *native != Some(vlan) => Some(vlan),
            _ => None,
        }
    }

    /// The VLAN of a frame that came by a port of this mode. A tag of VLAN 0 says only how urgent
    /// the frame is (802.1Q §6.9.1).
    pub(crate) fn vlan_of(&self, header: &Header) -> Option<Vlan> {
        match (self, header.vlan_number()) {
            (Self::Access(vlan), 0) => Some(*vlan),
            (Self::Access(_), _) => None,
            (Self::Trunk { native, .. }, 0) => *native,
            (Self::Trunk { .. }, number) => Vlan::new(number).filter(|&vlan| self.carries(vlan)),
        }
    }
}

/// What a port is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSettings {
    /// Its VLANs.
    pub mode: Mode,
    /// The one station on it, if that is known: frames from others are dropped, nobody else can
    /// pass for it, and it is spared frames to stations that are not known. Of frames to many it
    /// gets what it listens to ([`crate::Switch::listen`]), which is nothing at first. Access ports
    /// only.
    pub station: Option<Mac>,
    /// Stations that may be learned of it.
    pub stations_max: usize,
    /// Frames to many and to unknown stations that it may send; each counts once more for every
    /// [`crate::COPIES_PER_FLOOD`] copies of it.
    pub floods: Rate,
}

impl PortSettings {
    /// A port for one known station.
    pub fn station(vlan: Vlan, station: Mac) -> Self {
        Self { station: Some(station), stations_max: 0, ..Self::access(vlan) }
    }

    /// A port for a virtual machine or a few, behind a tap or a socket.
    pub fn access(vlan: Vlan) -> Self {
        let floods = Rate { per_second: 1000, burst: 1000 };
        Self { mode: Mode::Access(vlan), station: None, stations_max: 64, floods }
    }

    /// An uplink of the default VLAN without tags and of all others with.
    pub fn trunk() -> Self {
        let mode = Mode::Trunk { allowed: None, native: Some(Vlan::DEFAULT) };
        let floods = Rate { per_second: 20_000, burst: 20_000 };
        Self { mode, station: None, stations_max: 16 << 10, floods }
    }
}

/// What became of the frames that came by a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They left by one port or several.
    pub forwarded: u64,
    /// [`Drop::Malformed`].
    pub malformed: u64,
    /// [`Drop::Vlan`].
    pub vlan: u64,
    /// [`Drop::Sender`].
    pub sender: u64,
    /// [`Drop::Rate`].
    pub rate: u64,
    /// [`Drop::Nowhere`].
    pub nowhere: u64,
}

impl Counts {
    pub(crate) fn count(&mut self, decided: Result<(), Drop>) {
        let count = match decided {
            Ok(()) => &mut self.forwarded,
            Err(Drop::Malformed) => &mut self.malformed,
            Err(Drop::Vlan) => &mut self.vlan,
            Err(Drop::Sender) => &mut self.sender,
            Err(Drop::Rate) => &mut self.rate,
            Err(Drop::Nowhere) => &mut self.nowhere,
        };
        *count = count.wrapping_add(1);
    }
}

pub(crate) struct Port {
    pub(crate) settings: PortSettings,
    pub(crate) floods: Bucket,
    pub(crate) counts: Counts,
}

impl Port {
    pub(crate) fn new(settings: PortSettings) -> Self {
        let floods = Bucket::new(settings.floods);
        Self { settings, floods, counts: Counts::default() }
    }
}
