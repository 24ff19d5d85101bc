//! RFC 5531: records, calls, authentication flavours, program tables, and the reply cache.
//!
//! A machine: bytes go in, calls come out; answers go in, bytes come out. It owns no socket and
//! knows no program but portmap, which speaks about the table itself. Who runs the calls, and
//! when, is the service's business.
//!
//! ```text
//! received ──► record ──► message, auth ──► programs ──► reply_cache ──► next_call
//! next_output ◄── connection's output ◄── reply ◄── Job::run
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod agenda;
mod auth;
mod call;
mod connection;
mod counters;
mod intake;
mod job;
mod limits;
mod message;
mod origin;
mod output;
mod parcel;
mod portmap;
mod program;
mod programs;
mod record;
mod replies;
mod reply_cache;
mod server;
mod strangers;
mod unfinished;
mod usage;

pub use auth::AuthStatus;
pub use call::Call;
pub use counters::{Counters, ProcedureCount};
pub use job::{Answered, Job, Reply};
pub use limits::Limits;
pub use origin::{ConnectionId, Peer};
pub use parcel::{Parcel, Renames};
pub use portmap::Ports;
pub use program::{
    Answer, Bound, Facts, Fault, Needs, Procedure, Program, Replay, Run, Table, Version,
};
pub use server::{Output, Server};
pub use usage::{ConnectionUse, Usage};
