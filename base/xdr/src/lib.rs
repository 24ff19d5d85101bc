//! RFC 4506: a reader, a writer, and one [`Xdr`] trait. Knows no protocol.
//!
//! Types are declared once, with [`xdr_struct!`], [`xdr_enum!`] or [`xdr_union!`], and gain both
//! directions. Decoding borrows from the record; encoding appends to a [`Writer`], which takes
//! large payloads by reference, so that file data is never copied into a reply.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod declare;
mod primitives;
mod reader;
mod writer;

pub use primitives::{Opaque, Xdr};
pub use reader::{Malformed, Reader};
pub use writer::Writer;
