//! What a fleet file comes to: every service by itself, with nothing left to look up.
//!
//! It is plain data, the same for the same file and the same images beside it. Programs read it as
//! JSON.

use crate::address::{self, Mac};
use crate::limits::LimitsPlan;
use net::AddressSource;
use posix::{Backend, LinkSpec, Vlan};
use serde::{Serialize, Serializer};
use service::Opening;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// Services of one fleet.
pub const SERVICES_MAX: usize = 100_000;

/// A fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What concerns the process.
    pub process: ProcessPlan,
    /// The switches.
    pub switches: Vec<SwitchPlan>,
    /// The services, in the order of the file.
    pub services: Vec<Arc<ServicePlan>>,
    /// Which of them are of one `[[services]]`, in the order of the file.
    pub groups: Vec<Group>,
}

/// Services that one section describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Where it begins in the file.
    pub line: usize,
    /// Which of [`Plan::services`] they are.
    pub services: Range<usize>,
}

/// What concerns the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessPlan {
    /// Threads that turn services; one for each core if it is not said.
    pub workers: Option<usize>,
    /// How sockets and disks are reached.
    #[serde(serialize_with = "backend")]
    pub backend: Backend,
    /// The socket that commands go to.
    pub control: Option<PathBuf>,
    /// Where figures are served.
    pub metrics: Option<SocketAddr>,
    /// Changed data of all services that disks do not have yet.
    pub dirty_bytes: u64,
    /// What arrived through links of services' own and waits.
    pub received_bytes: u64,
    /// Images open at a time.
    pub open_images_max: Option<usize>,
    /// Services that start at a time.
    pub starts_max: usize,
    /// Least important lines of the log.
    pub log_level: Option<LogLevel>,
    /// Who the process is once everything is open.
    pub user: Option<String>,
}

impl Default for ProcessPlan {
    fn default() -> Self {
        let limits = service::ProcessLimits::default();
        Self {
            workers: None,
            backend: Backend::Auto,
            control: None,
            metrics: None,
            dirty_bytes: limits.dirty.total_bytes,
            received_bytes: limits.received.total_bytes,
            open_images_max: None,
            starts_max: 64,
            log_level: None,
            user: None,
        }
    }
}

impl ProcessPlan {
    /// What all services together may take.
    pub fn limits(&self) -> service::ProcessLimits {
        let mut limits = service::ProcessLimits::default();
        limits.dirty.total_bytes = self.dirty_bytes;
        limits.received.total_bytes = self.received_bytes;
        limits
    }
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing is told.
    Off,
    /// Something failed.
    Error,
    /// Something is wrong.
    Warn,
    /// What an administrator expects.
    Info,
    /// What only a developer wants.
    Debug,
}

/// A switch of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwitchPlan {
    /// What services' links call it.
    pub name: String,
    /// The largest packet.
    pub mtu_bytes: Option<u32>,
    /// What leads to the world.
    pub uplinks: Vec<UplinkPlan>,
}

/// What leads from a switch to the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UplinkPlan {
    /// The link.
    #[serde(serialize_with = "shown")]
    pub link: LinkSpec,
    /// The one VLAN that it carries; all of them if it is not said.
    #[serde(serialize_with = "number")]
    pub vlan: Option<Vlan>,
    /// What crosses it is written there.
    pub pcap: Option<PathBuf>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServicePlan {
    /// What it is called. No other service of the fleet has this name.
    pub name: String,
    /// What it is called where names may change.
    #[serde(serialize_with = "shown")]
    pub uuid: Uuid,
    /// Where its files come from.
    pub source: SourcePlan,
    /// What clients may mount.
    pub exports: Arc<[ExportPlan]>,
    /// How clients reach it.
    pub network: NetworkPlan,
    /// What it may take.
    pub limits: LimitsPlan,
    /// Its share of a full machine.
    pub weight: u32,
    /// Words for people and programs.
    pub labels: Arc<BTreeMap<String, String>>,
    /// What is around it.
    pub isolation: Isolation,
    /// When its image is opened.
    #[serde(serialize_with = "opening")]
    pub opening: Opening,
    /// Whether it is started with the fleet.
    pub start: bool,
}

impl ServicePlan {
    /// The exports as the service takes them.
    pub fn nfs_exports(&self) -> Vec<nfs::Export> {
        self.exports.iter().map(|export| export.export.clone()).collect()
    }
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourcePlan {
    /// An image.
    Image(ImagePlan),
    /// Memory.
    Memory {
        /// How much.
        size_bytes: u64,
    },
}

/// An image, and how it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImagePlan {
    /// Where it is.
    pub path: PathBuf,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Whether changes go through its log.
    pub journal: bool,
    /// Whether space of removed files is given back.
    pub discard: bool,
    /// An image of this size is made where none is.
    pub create_bytes: Option<u64>,
}

/// What clients may mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPlan {
    /// In words.
    pub text: String,
    /// As the service takes it.
    pub export: nfs::Export,
}

impl Serialize for ExportPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// How clients reach a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkPlan {
    /// At these addresses of this machine.
    Listen(Vec<SocketAddr>),
    /// On a link of its own.
    Link(Box<LinkPlan>),
}

/// A link of a service's own, and who it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkPlan {
    /// The link.
    #[serde(serialize_with = "shown")]
    pub spec: LinkSpec,
    /// Where its addresses come from.
    #[serde(serialize_with = "addresses")]
    pub addresses: Vec<AddressSource>,
    /// Routers for all that is not on the link.
    pub gateways: Vec<IpAddr>,
    /// Its Ethernet address; made of names if it is not said.
    #[serde(serialize_with = "perhaps_shown")]
    pub mac: Option<Mac>,
    /// The largest packet.
    pub mtu_bytes: Option<u32>,
    /// What crosses it is written there.
    pub pcap: Option<PathBuf>,
}

/// What is around a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// A worker thread, with other services.
    Thread,
    /// A process of its own.
    Process,
}

fn shown<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn perhaps_shown<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

fn number<S: Serializer>(vlan: &Option<Vlan>, serializer: S) -> Result<S::Ok, S::Error> {
    vlan.map(Vlan::number).serialize(serializer)
}

fn addresses<S: Serializer>(addresses: &[AddressSource], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(address::shown))
}

fn backend<S: Serializer>(backend: &Backend, serializer: S) -> Result<S::Ok, S::Error> {
    let word = match backend {
        Backend::Auto => "auto",
        Backend::Uring => "uring",
        Backend::Poll => "poll",
    };
    serializer.serialize_str(word)
}

fn opening<S: Serializer>(opening: &Opening, serializer: S) -> Result<S::Ok, S::Error> {
    let word = match opening {
        Opening::WhenUsed => "when-used",
        Opening::AtOnce => "at-once",
    };
    serializer.serialize_str(word)
}
