//! What a worker is told from other threads.

use crate::inquiry::{Answer, Inquiry};
use crate::moving::{Errand, Traveller};
use crate::report::ServiceId;
use crate::tenant::ServiceSpec;
use service::{Export, Limits};
use std::sync::mpsc::Sender;

/// See the top of the file.
pub(crate) enum Command {
    /// Takes a service in.
    Add(ServiceId, Box<ServiceSpec>),
    /// Lets one go in order.
    Stop(ServiceId),
    /// Turns one: something that it waits for has come.
    Turn(ServiceId),
    /// Has one close its image, unless that is being used.
    Rest(ServiceId),
    /// Has one start no more calls.
    Pause(ServiceId),
    /// Has it go on.
    Resume(ServiceId),
    /// Has one offer these to clients, and nothing else.
    SetExports(ServiceId, Vec<Export>),
    /// Gives one other limits, and another weight.
    SetLimits(ServiceId, Box<Limits>, u32),
    /// Has one move to another worker.
    Move(ServiceId, Errand),
    /// Takes one in that comes from another worker.
    Arrive(Box<Traveller>),
    /// Has one move to that worker whose load is about so much, in thousandths of a worker's time.
    Relieve(usize, u64),
    /// Tells how services are.
    Inspect(Inquiry, Sender<Answer>),
    /// Lets all of them go, a few at a time.
    StopAll,
    /// Lets all of them go, and ends.
    Leave,
}

impl Command {
    /// Which service it is for, if it is for one that may be elsewhere by now.
    pub(crate) fn service(&self) -> Option<ServiceId> {
        match self {
            Self::Stop(id) | Self::Turn(id) | Self::Rest(id) => Some(*id),
            Self::Pause(id) | Self::Resume(id) | Self::SetExports(id, _) => Some(*id),
            Self::SetLimits(id, ..) | Self::Move(id, _) => Some(*id),
            Self::Inspect(Inquiry::Service(id) | Inquiry::Clients(id), _) => Some(*id),
            Self::Inspect(Inquiry::Everybody, _) | Self::Add(..) | Self::Arrive(_) => None,
            Self::Relieve(..) | Self::StopAll | Self::Leave => None,
        }
    }

    /// Whether it is for every service there is.
    pub(crate) fn ends_all(&self) -> bool {
        matches!(self, Self::StopAll | Self::Leave)
    }
}
