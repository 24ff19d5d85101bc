//! What a worker is told from other threads.

use crate::inquiry::{Answer, Inquiry};
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
    /// Tells how services are.
    Inspect(Inquiry, Sender<Answer>),
    /// Lets all of them go, a few at a time.
    StopAll,
    /// Lets all of them go, and ends.
    Leave,
}
