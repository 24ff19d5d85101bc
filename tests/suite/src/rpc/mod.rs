//! RPC over sockets, by hand where a test wants to send what no client would.

mod connection;
mod message;

pub use connection::Connection;
pub use message::{AUTH_BADCRED, AUTH_TOOWEAK, Answer, Credential, call, record};
