//! A whole service on a host in memory: real calls of real clients' shape, no network, no time.

mod lan;
mod lifecycle;
mod memory;
mod nfs_calls;
mod own_stack;
mod router;
mod rpc_client;
mod upkeep;
mod world;
