//! What is told of a fleet, and what comes of telling it something: plain data, the same in Rust, in
//! JSON and in the description of the interface, which is derived from it.
//!
//! Units stand at the end of names. Times are RFC 3339. A field that may be absent is `null`.
//! Programs ignore fields that they do not know: later versions may add some.

mod changes;
mod clients;
mod fleet;
mod problem;
mod service;
mod traffic;

pub use changes::{Change, Changes, LogLevel, LogLevels, Outcome, Trace, TraceWish, What};
pub use clients::{Client, Clients};
pub use fleet::{Counts, Fleet, Load, Memory, Worker};
pub use problem::{Code, Failure, Fault, Problem};
pub use service::{Limits, Service, Services, Source, Space, State};
pub use traffic::{BUCKETS, Counters, Disk, Histogram, Procedure, Procedures, SlowCall, Slowest};
