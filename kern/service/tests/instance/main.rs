//! A whole service on a host in memory: real calls of real clients' shape, no network, no time.

mod lifecycle;
mod memory;
mod nfs_calls;
mod rpc_client;
mod upkeep;
mod world;
