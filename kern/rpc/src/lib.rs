//! RFC 5531: records, calls, authentication flavours, program tables, and the reply cache.
//!
//! A machine: bytes go in, calls come out; answers go in, bytes come out. It owns no socket and
//! knows no program but portmap, which speaks about the table itself. Who runs the calls, and
//! when, is the service's business.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod call;
mod program;

pub use call::Call;
pub use program::{Answer, Fault, Procedure, Program, Replay, Run, Table, Version};
