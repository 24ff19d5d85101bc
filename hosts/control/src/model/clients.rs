//! Who uses a service.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A client, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// Its address.
    pub address: String,
    /// Its connections.
    pub connections: u64,
    /// What it said it has mounted.
    pub mounts: Vec<String>,
    /// Calls of its that were answered.
    pub calls: u64,
    /// Bytes of those calls and of the replies.
    pub bytes: u64,
    /// When the last was answered.
    pub last_call: Option<Timestamp>,
}

/// The clients of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clients {
    /// These, by address.
    pub items: Vec<Client>,
}
