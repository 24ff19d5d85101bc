//! The hypercalls on a POSIX host.
//!
//! A [`Pool`] has workers: threads that each drive any number of services. A worker waits for the
//! kernel, tells each service what happened, turns those that have reason to be turned, and enters
//! the kernel once for all they began. Programs without a service use a [`SyncDisk`].
//!
//! | module | what it is |
//! |---|---|
//! | `pool`, `command`, `inquiry`, `report` | the workers, who is where, what is said to and by them |
//! | `moving` | a service between two workers |
//! | `worker` | one of the threads |
//! | `tenants`, `slot` | who is turned when; arrivals, departures, panics |
//! | `fairness`, `meter` | whose turn it is by the time that each used |
//! | `network` | sockets, whose they are, and what to do with them next |
//! | `connection`, `door` | the life of one connection, of one address |
//! | `link`, `uplink` | taps, streams of frames and a switch, for services that are hosts of their own |
//! | `listen` | opening addresses: TCP and UDP on one port |
//! | `streams`, `disk` | the hypercalls that gather wishes during a turn |
//! | `driver` | the way to the kernel: io_uring, or readiness and threads |
//! | `message`, `transfer` | gathered messages, disk transfers |
//! | `opener` | images that are opened when they are wanted |
//! | `zero`, `hasten` | holes, and writes that go on to the disk at once |
//! | `budget`, `descriptors` | what all services of the process share |
//! | `clock`, `random`, `log`, `image`, `sync_disk` | the simple hypercalls |
//!
//! Never: a service's code on two threads, a blocking call on a worker's thread but the driver's
//! wait, anything of Linux alone that another system could not do without.

mod budget;
mod clock;
mod command;
mod connection;
mod descriptors;
mod disk;
mod door;
mod driver;
mod failures;
mod fairness;
mod hasten;
mod image;
mod inquiry;
mod link;
mod listen;
mod log;
mod message;
mod meter;
mod moving;
mod network;
mod opener;
mod patience;
mod pool;
mod random;
mod report;
mod slot;
mod spare;
mod streams;
mod sync_disk;
mod tenant;
mod tenants;
mod timers;
mod transfer;
mod uplink;
mod worker;
mod zero;

pub use ::switch::{Counts, Vlan};
pub use budget::{Budgets, SharedBudget};
pub use clock::HostClock;
pub use driver::Backend;
pub use fairness::WEIGHT_USUAL;
pub use image::{Access, Image, ImageError};
pub use inquiry::{Answer, Inquiry, ServiceStatus};
pub use link::{LinkError, LinkOptions, LinkSpec, OpenLink, PortStatus, SharedSwitch};
pub use listen::await_free;
pub use log::HostLog;
pub use moving::Moved;
pub use pool::{Pool, PoolOptions, WorkerGone, WorkerStatus};
pub use random::HostRandom;
pub use report::{Progress, Report, ServiceId};
pub use sync_disk::SyncDisk;
pub use tenant::{CONNECTIONS_MAX, Configure, MakeTenant, ServiceSpec, Site, Tenant};
pub use uplink::Uplink;
