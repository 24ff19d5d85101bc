//! The protocol, spoken by hand: what no well-behaved client sends, and what a client must be
//! able to rely on.

mod attributes;
mod calls;
mod directories;
mod exports;
mod handles;
mod load;
mod malformed;
mod names;
mod permissions;
mod read_only;
mod records;
mod replay;
mod udp;
mod writes;
