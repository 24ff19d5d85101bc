//! The log at work: made, replayed, appended to. What it looks like on disk is [`layout::log`].
//!
//! ```text
//! make     two headers of an empty log
//! replay   newest header ─► walk tail to head ─► newest contents of each extent, in place ─►
//!          flush ─► header of a log with nothing in it but the list of inodes to be freed
//! append   records behind the head (meanwhile: data that must come first) ─► flush ─►
//!          header with the new head, and with the tail as far as what it passes is in place ─►
//!          flush
//! ```
//! A header is written only when everything that it says is durable, and space is written again
//! only when a durable header leaves it out. So at every moment the newest whole header describes
//! whole records, and to replay them twice does no harm.
//!
//! This room never looks into what it logs, and takes no part in deciding what is logged together.
//!
//! [`layout::log`]: crate::layout::log

mod append;
mod batch;
mod contents;
mod headers;
mod ledger;
mod need;
mod replay;
mod stream;
mod window;

pub use append::Log;
pub use batch::{Batch, LoggedPage};
pub use need::Need;
pub use replay::{ReplayError, Replayed, replay};

#[cfg(test)]
mod tests;
