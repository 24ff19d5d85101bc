//! What a service says of itself.

use abi::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use ffs::layout::ByteOrder;

/// How far a service has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its file system is being mounted; calls wait.
    Mounting,
    /// Its file system is not mounted, and the first call will have it mounted. Clients are let in.
    Resting,
    /// It answers.
    Serving(Description),
    /// It will never answer; the sentence tells the administrator why.
    Failed(String),
}

/// What is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The file system's format, such as `FFSv2` or `memory`.
    pub format: String,
    /// The byte order of its disk format, where it has one.
    pub byte_order: Option<ByteOrder>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Why nothing can be changed; `None` if it can be.
    pub read_only: Option<String>,
    /// The exported paths.
    pub exports: Vec<String>,
}

/// When a service wishes to be turned again. Whatever it says, an event or a disk completion is
/// a reason to turn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is more to do than one turn does.
    Again,
    /// At this moment.
    At(Instant),
    /// When something happens.
    Idle,
}
