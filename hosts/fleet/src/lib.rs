//! Fleets of services: the file that describes one, what it comes to, what a changed file changes,
//! and who keeps services running.
//!
//! ```text
//!  fleet.toml ── read ──► Plan ── Supervisor::apply ──► commands ──► the pool of workers
//!                  │                    ▲                                  │
//!                  └─► faults           └──────────── reports ─────────────┘
//! ```
//! | module | what it does |
//! |---|---|
//! | `keys` | every key that a file may have, for the reader and for the reference |
//! | `fault`, `table`, `values`, `pattern`, `ranges` | places in the file, tables, and single values of it |
//! | `settings`, `limits`, `exports`, `templates` | what the layers of the file say of services, and which layer goes before which |
//! | `process`, `section`, `images` | what services share, and who they are |
//! | `expand`, `claims`, `identity`, `address` | services by themselves, and whether they can be beside each other |
//! | `plan`, `read` | the result, and the way there |
//! | `changes` | what it takes to get from one plan to another |
//! | `supervisor` | who is started, stopped and tried again |
//!
//! Everything here is a machine: text, time and reports go in; plans and commands come out. Never: a
//! thread, a socket, a clock, or a look at an image. A service that cannot start is no fault of the
//! file.
#![forbid(unsafe_code)]

pub mod address;
mod changes;
mod claims;
mod expand;
mod exports;
mod fault;
pub mod identity;
mod images;
pub mod keys;
mod limits;
mod pattern;
mod plan;
mod process;
mod ranges;
mod read;
mod section;
mod settings;
mod supervisor;
mod table;
mod templates;
mod values;

pub use address::Mac;
pub use changes::{Change, NeedsProcess, What, changes};
pub use fault::{FAULTS_MAX, Fault};
pub use images::{Entry, Surroundings};
pub use limits::LimitsPlan;
pub use plan::{
    ExportPlan, Group, ImagePlan, Isolation, LinkPlan, LogLevel, NetworkPlan, Plan, ProcessPlan,
    SERVICES_MAX, ServicePlan, SourcePlan, SwitchPlan, UplinkPlan,
};
pub use read::{FILE_BYTES_MAX, read};
pub use supervisor::{Command, News, Overview, STABLE_AFTER, State, Status, Supervisor};
