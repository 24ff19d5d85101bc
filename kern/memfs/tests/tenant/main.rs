//! VFS and its first tenant together: every operation of VFS, executed over memfs.
//!
//! | module | what it shows |
//! |---|---|
//! | `looks`, `changes`, `names`, `renames` | rights, errors and attributes, operation by operation |
//! | `contents`, `directories` | what memfs keeps: bytes, holes, space, cookies, generations |
//! | `model` | any sequence of operations, compared with a plain map |
//! | `concurrency` | any interleaving of operations, over a file system that waits at random |

#[cfg(test)]
mod changes;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod contents;
#[cfg(test)]
mod directories;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod luck;
#[cfg(test)]
mod model;
#[cfg(test)]
mod names;
#[cfg(test)]
mod renames;
#[cfg(test)]
mod world;
#[cfg(test)]
mod wrapper;
