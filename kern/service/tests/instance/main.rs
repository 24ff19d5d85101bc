//! A whole service on a host in memory: real calls of real clients' shape, no network, no time.

mod image_disk;
mod lan;
mod lease;
mod lifecycle;
mod live_changes;
mod memory;
mod moving;
mod nfs_calls;
mod own_stack;
mod resting;
mod router;
mod rpc_client;
mod statistics;
mod upkeep;
mod world;
