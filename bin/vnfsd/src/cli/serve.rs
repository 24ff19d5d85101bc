//! Flags of `vnfsd serve`.

use crate::cli::Network;
use crate::size;
use clap::{ArgGroup, Args, ValueEnum};
use nfs::Export;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `vnfsd serve`.
///
/// Sizes are plain bytes or have a unit: K, M, G and T are powers of 1024, as KiB or KB are.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").args(["image", "memory"]).required(true))]
#[command(after_help = "Sizes: 65536, 64K, 1.5G, 1TiB; K, M, G and T (with or without B or iB) \
                        are powers of 1024.")]
pub struct Serve {
    /// The FFS image or disk device to serve
    pub image: Option<PathBuf>,
    /// Serve an empty file system in memory instead; it is gone when the service stops
    #[arg(long, value_name = "SIZE", value_parser = size::parse, conflicts_with_all = ["create", "read_only"])]
    pub memory: Option<u64>,
    /// Make an image of this size first, FFSv2 with an empty root, if it does not exist
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub create: Option<u64>,
    /// Change nothing, whatever clients ask; others may look into the image meanwhile
    #[arg(long)]
    pub read_only: bool,
    /// Change the image without using its log (WAPBL), and make none where there is none: metadata is
    /// written in a safe order instead, which is slower. Changes that the log still holds are made
    /// all the same. Otherwise an image without a log gets one, if there is room for it
    #[arg(long, conflicts_with = "memory")]
    pub no_journal: bool,
    /// Give the space of removed files back to the disk: as holes in an image file (Linux), or as
    /// discarded blocks of a device
    #[arg(long, conflicts_with_all = ["memory", "read_only"])]
    pub discard: bool,
    /// Answer here, over TCP and UDP: an IPv4 address, or an IPv6 address in brackets, and a
    /// port, where 0 means any free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:20490")]
    pub listen: Vec<SocketAddr>,
    /// A link of its own instead
    #[command(flatten)]
    pub network: Network,
    /// What clients may mount: PATH, or PATH:OPTION,... with ro, rw, root_squash (the default),
    /// no_root_squash, all_squash, anonuid=N, anongid=N, maproot=UID[:GID...],
    /// mapall=UID[:GID...]; client=ADDRESS[/BITS] for whom it is, as often as needed (everybody
    /// unless said; a path may be exported again to others, and the longest prefix decides);
    /// alldirs (directories below may be mounted too), sec=sys, sec=none or both with a colon
    /// between, secure (calls must come from ports below 1024), insecure (the default). In PATH a
    /// colon is written \072. Without any, the whole image with alldirs, and on loopback addresses
    /// of this machine the client's superuser is believed
    #[arg(long, value_name = "PATH[:OPTIONS]")]
    pub export: Vec<Export>,
    /// The service's name in the log [default: the image's file name]
    #[arg(long)]
    pub name: Option<String>,
    /// How to reach sockets and disks
    #[arg(long, value_enum, default_value = "auto")]
    pub backend: Backend,
    /// Most memory that blocks of the image may take
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "256M")]
    pub cache: u64,
    /// Most data written by clients that may wait in memory for its way to the disk
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "32M")]
    pub dirty: u64,
    /// Keep every power of this user: the files he may open, the programs he may run. Otherwise, once
    /// all is open, the process gives up what serving does not need (Linux)
    #[arg(long)]
    pub no_sandbox: bool,
}

/// How the host reaches sockets and disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// io_uring where the system has it, otherwise readiness
    Auto,
    /// io_uring (Linux)
    Uring,
    /// Readiness: epoll, kqueue
    Poll,
}
