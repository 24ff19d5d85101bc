//! What a service is made of: the host below it and what it is to serve.

use crate::Limits;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use hyper::{Account, AlwaysOpen, Backing, Clock, Disk, Link, Log, Random, Streams};

/// The hypercalls of the host that a service lives on.
#[derive(Clone)]
pub struct Host {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Luck.
    pub random: Rc<dyn Random>,
    /// Lines for the administrator.
    pub log: Rc<dyn Log>,
    /// The host's own network.
    pub streams: Rc<dyn Streams>,
    /// Memory for changed data that disks do not have yet.
    pub dirty: Account,
    /// Memory for what clients of its own stack sent and cannot be handed out yet.
    pub received: Account,
    /// Memory for pieces of datagrams that its own stack waits for the rest of.
    pub fragments: Account,
}

/// Where the files come from.
pub enum Source {
    /// A disk with a file system on it.
    Image {
        /// Where the disk comes from.
        backing: Rc<dyn Backing>,
        /// How to use it.
        options: ImageOptions,
    },
    /// A file system in memory, empty at first.
    Memory {
        /// Its size in bytes.
        size_bytes: u64,
        /// Its identity, part of every file handle: the same identity after a restart would make
        /// old handles look valid, so a host gives each new one a new one.
        id: u64,
    },
}

impl Source {
    /// An image that is open already.
    pub fn disk(disk: Rc<dyn Disk>, options: ImageOptions) -> Self {
        Self::Image { backing: Rc::new(AlwaysOpen::new(disk)), options }
    }
}

/// When a service opens what it serves for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// At once, and clients are let in once that is done.
    #[default]
    AtOnce,
    /// When the first client uses it. Whether it can be opened, and has what is exported, is not
    /// known before.
    WhenUsed,
}

/// How an image is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageOptions {
    /// Whether nothing may be changed, whatever the image allows.
    pub read_only: bool,
    /// Whether changes go through the image's log, which is made if there is none and room for it.
    pub log: bool,
    /// Whether the disk is told what files gave back.
    pub discard: bool,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self { read_only: false, log: true, discard: false }
    }
}

/// What to serve, to whom, and how much it may take.
pub struct Config {
    /// The service's name, for people.
    pub name: String,
    /// Where the files come from.
    pub source: Source,
    /// When that is opened.
    pub opening: Opening,
    /// What clients may mount.
    pub exports: Vec<nfs::Export>,
    /// How much it may take.
    pub limits: Limits,
    /// Who carries bytes between it and its clients.
    pub network: Network,
}

/// Who carries bytes between a service and its clients.
pub enum Network {
    /// The host, by [`Host::streams`].
    Host {
        /// The one port every program answers on, TCP and UDP, as portmap tells it.
        port: u16,
    },
    /// The service, which is a network host of its own: portmap answers on port 111, all else on
    /// 2049, TCP and UDP.
    Own {
        /// Its network card.
        link: Rc<dyn Link>,
        /// Who it is there.
        config: net::Config,
    },
}
