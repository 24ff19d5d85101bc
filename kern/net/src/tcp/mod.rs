//! The Transmission Control Protocol (RFC 9293), as plain structs that can be carried elsewhere.

pub mod connection;
pub mod handshake;
pub mod limits;
pub mod opening;
pub mod receive;
pub mod segment;
pub mod send;
pub mod sequence;
pub mod table;
