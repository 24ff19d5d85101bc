//! Links: what a service's frames go through when it is a host of its own.
//!
//! | name | what it is |
//! |---|---|
//! | `tap:NAME`, `tap-fd:N` | a virtual network card of the host's kernel, with offloads |
//! | `unix:PATH`, `unix-connect:PATH` | a byte stream to a virtual machine, in QEMU's framing |
//! | `switch:NAME`, `switch:NAME.VLAN` | a port of a switch in this process: [`SharedSwitch`] |
//!
//! [`OpenLink::open`] is for the control thread, which may wait; what follows is the worker's
//! (`network/links.rs`). Either can be traced to a file. Never: looks into a frame.

mod framing;
#[cfg(target_os = "linux")]
mod inherit;
#[cfg(target_os = "linux")]
mod interface;
mod open;
mod outgoing;
mod peer;
mod plug;
mod queue;
mod spec;
mod switch;
#[cfg(target_os = "linux")]
mod tap;
mod trace;
mod unix;
mod vnet;

/// Tests of taps run in network namespaces of their own, here and in `tests/worker`.
#[cfg(all(test, target_os = "linux"))]
#[path = "../../tests/worker/namespace.rs"]
mod namespace;

pub(crate) use self::switch::{Mailroom, Port, complete, finished};
pub use self::switch::{PortStatus, SharedSwitch};
pub(crate) use open::Means;
pub(crate) use open::check_mtu;
pub use open::{LinkOptions, OpenLink};
pub(crate) use outgoing::pieces_of;
pub(crate) use peer::Peer;
pub(crate) use plug::{Plug, PlugStep, Role};
pub(crate) use queue::{Amount, Queue, TenantLink};
pub use spec::LinkSpec;
#[cfg(target_os = "linux")]
use tap::Tap;
pub(crate) use trace::Trace;
pub(crate) use unix::{Patience, SocketFile, connect_to};
pub(crate) use vnet::{VNET_HEADER_BYTES, arrived, frame_of};

use std::fmt;

/// What links carry that say nothing else, in bytes.
const MTU_BYTES_USUAL: u32 = 1500;

/// The largest IP packet with an Ethernet header: what the kernel cuts and puts together.
const SEGMENTS_BYTES_MAX: u32 = 65_535 + 14;

/// Why a link cannot be had: a sentence for the administrator, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError(String);

impl LinkError {
    fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for LinkError {}
