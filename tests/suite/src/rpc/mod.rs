//! RPC over sockets, by hand where a test wants to send what no client would.

mod connection;
mod datagrams;
mod message;

pub use connection::Connection;
pub use datagrams::Datagrams;
pub use message::{AUTH_BADCRED, AUTH_TOOWEAK, Answer, Credential, call, record};
