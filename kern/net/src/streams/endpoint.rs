//! What stands in the table for a stream: a connection, or one that we are still opening.

use crate::tcp::connection::Connection;
use crate::tcp::opening::Opening;

/// Our end of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) stage: Stage,
    /// What it keeps of what arrived, as it was last counted, in bytes.
    pub(crate) kept_bytes: u64,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are open, and each is in a box already")]
pub(crate) enum Stage {
    Opening(Opening),
    Open(Connection),
}

impl Endpoint {
    pub(crate) fn new(stage: Stage) -> Self {
        Self { stage, kept_bytes: 0 }
    }

    /// The connection, once it is open.
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.stage {
            Stage::Open(connection) => Some(connection),
            Stage::Opening(_) => None,
        }
    }
}
