//! NFSv3 and MOUNT, called through the tables of their programs on a file system in memory.
//!
//! Arguments are encoded and results decoded by `nfs3_types`, a reading of RFC 1813 that is not
//! ours; every result must be used up to its last byte.

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod attributes;
#[cfg(test)]
mod create;
#[cfg(test)]
mod data;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod file_system;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod meddling;
#[cfg(test)]
mod mount;
#[cfg(test)]
mod names;
#[cfg(test)]
mod world;
