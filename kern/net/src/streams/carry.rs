//! Connections that go on elsewhere: all that one is, as plain data.

use super::Streams;
use super::endpoint::{Endpoint, Stage};
use crate::stack::Stack;
use crate::tcp::connection::Connection;
use crate::tcp::table::numbers::Pair;
use abi::Instant;
use hyper::StreamId;

/// An open connection on its way from one stack to another. Its peer notices nothing, if frames for
/// its address arrive at the other stack from now on. The clocks of both must tell the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pair: Pair,
    connection: Connection,
}

impl Stack {
    /// Takes an open connection out, without a word to anybody.
    pub fn export(&mut self, stream: StreamId, now: Instant) -> Option<Conversation> {
        let key = self.streams.table.key_of(stream.0)?;
        let Streams { table, received, .. } = &mut self.streams;
        let (pair, _, endpoint) = table.get_mut(key)?;
        let pair = *pair;
        endpoint.connection()?;
        received.set(received.bytes() - endpoint.kept_bytes);
        match table.remove(key, None, now)?.stage {
            Stage::Open(connection) => Some(Conversation { pair, connection }),
            Stage::Opening(_) => None,
        }
    }

    /// Goes on with a connection, under a new name. `None` if its two ends are in use already, or
    /// there is no room.
    pub fn import(&mut self, conversation: Conversation) -> Option<StreamId> {
        let Conversation { pair, connection } = conversation;
        let endpoint = Endpoint::new(Stage::Open(connection));
        let (key, stream) = self.streams.table.insert(pair, endpoint).ok()?;
        self.streams.count_received(key);
        self.streams.ready.push(key);
        self.arm(key);
        Some(StreamId(stream))
    }
}
