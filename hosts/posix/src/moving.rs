//! A service on its way from one worker to another: plain data, its sockets, and who wants to know.

use crate::fairness::Share;
use crate::network::Luggage;
use crate::report::ServiceId;
use crate::slot::Told;
use crate::tenant::Configure;
use hyper::StreamId;
use service::Parcel;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;

/// What came of a wish to move a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Which service.
    pub service: ServiceId,
    /// The worker that has it now; or why it stays where it is, a sentence for the administrator.
    pub outcome: Result<usize, String>,
}

/// Where to, and who wants to know what came of it.
pub(crate) struct Errand {
    pub(crate) to: usize,
    pub(crate) reply: Option<Sender<Moved>>,
}

impl Errand {
    /// Tells what came of it.
    pub(crate) fn tell(self, service: ServiceId, outcome: Result<usize, String>) {
        match (self.reply, outcome) {
            // Whoever asked may have gone.
            (Some(reply), outcome) => drop(reply.send(Moved { service, outcome })),
            (None, Ok(worker)) => tracing::debug!("service {} moved to worker {worker}", service.0),
            (None, Err(reason)) => tracing::debug!("service {} stays: {reason}", service.0),
        }
    }
}

/// See the top of the file.
pub(crate) struct Traveller {
    pub(crate) id: ServiceId,
    pub(crate) errand: Errand,
    pub(crate) name: String,
    pub(crate) parcel: Parcel,
    pub(crate) remake: Configure,
    pub(crate) luggage: Luggage,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) told: Told,
    pub(crate) share: Share,
    pub(crate) used_ns: u64,
    pub(crate) half_closed: BTreeSet<StreamId>,
}
