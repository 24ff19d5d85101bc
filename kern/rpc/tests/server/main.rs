//! The server from outside: bytes in, bytes out, and what it asks of the network.

mod calls;
mod chaos;
mod datagrams;
mod duplicates;
mod filling;
mod output;
mod portmap;
mod strangers;
mod windows;
mod wire;
mod world;
