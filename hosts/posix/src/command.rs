//! What a worker is told from other threads.

use crate::report::ServiceId;
use crate::tenant::ServiceSpec;

/// See the top of the file.
pub(crate) enum Command {
    /// Takes a service in.
    Add(ServiceId, Box<ServiceSpec>),
    /// Lets one go in order.
    Stop(ServiceId),
    /// Lets all of them go, a few at a time.
    StopAll,
    /// Lets all of them go, and ends.
    Leave,
}
