//! Flags of `vnfsd newfs`.

use crate::size;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `vnfsd newfs`.
#[derive(Debug, Args)]
#[command(after_help = "Sizes: 65536, 64K, 1.5G, 1TiB; K, M, G and T (with or without B or iB) \
                        are powers of 1024.")]
pub struct Newfs {
    /// The file to make the file system in, made if it does not exist, or a disk device
    pub image: PathBuf,
    /// Its size [default: that of the device, or of the file that is overwritten]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub size: Option<u64>,
    /// The disk format
    #[arg(long, value_enum, default_value = "ffs2")]
    pub format: Format,
    /// The byte order of everything on disk
    #[arg(long, value_enum, default_value = "little")]
    pub endian: ByteOrder,
    /// Size of a block, a power of two from 4K to 64K [default: by the size, from 4K to 32K]
    #[arg(long, value_name = "SIZE", value_parser = size::parse_small)]
    pub block: Option<u32>,
    /// Size of a fragment, a power of two from an eighth of a block to a block [default: an
    /// eighth]
    #[arg(long, value_name = "SIZE", value_parser = size::parse_small)]
    pub frag: Option<u32>,
    /// Inodes, and so files, in all: as many at least [default: one for each four fragments]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub inodes: Option<u64>,
    /// Bytes for which there is one inode, instead of saying how many
    #[arg(long, value_name = "SIZE", value_parser = size::parse_small, conflicts_with = "inodes")]
    pub density: Option<u32>,
    /// Percentage of the space that only the superuser may use
    #[arg(long, value_name = "PERCENT", default_value = "5")]
    pub reserve: u32,
    /// Size of the log (WAPBL) in the file system, or `none` [default: by the size, from 1M to 64M]
    #[arg(long, value_name = "SIZE", value_parser = log_size)]
    pub log: Option<LogSize>,
    /// Quotas to keep, as NetBSD's newfs makes them: what users or groups use is counted from the
    /// beginning, and `vnfsd image quota` sets limits
    #[arg(long, value_enum, value_delimiter = ',', value_name = "user,group")]
    pub quota: Vec<QuotaKind>,
    /// Name of the volume, at most 31 bytes
    #[arg(long, value_name = "NAME", default_value = "")]
    pub label: String,
    /// Owner of the root directory [default: who runs this]
    #[arg(long, value_name = "UID")]
    pub owner: Option<u32>,
    /// Group of the root directory [default: that of who runs this]
    #[arg(long, value_name = "GID")]
    pub group: Option<u32>,
    /// Overwrite what the file or device holds
    #[arg(long)]
    pub force: bool,
    /// Show what would be made, and make nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Show what was made as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// UFS1 or UFS2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// UFS1: 32-bit block numbers, for systems before 2003
    Ffs1,
    /// UFS2: 64-bit block numbers, birth times
    Ffs2,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ByteOrder {
    /// The least significant: x86, ARM, RISC-V
    Little,
    /// The most significant: SPARC, PowerPC, many MIPS
    Big,
}

/// Whose use is counted, and can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QuotaKind {
    /// Each user's
    User,
    /// Each group's
    Group,
}

/// How large a log is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSize {
    /// There is to be none.
    None,
    /// This many bytes.
    Bytes(u64),
}

fn log_size(text: &str) -> Result<LogSize, String> {
    if text == "none" {
        return Ok(LogSize::None);
    }
    size::parse(text).map(|bytes| if bytes == 0 { LogSize::None } else { LogSize::Bytes(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_size_or_is_none() {
        assert_eq!(log_size("2M"), Ok(LogSize::Bytes(2 << 20)));
        assert_eq!(log_size("none"), Ok(LogSize::None));
        assert_eq!(log_size("0"), Ok(LogSize::None));
        assert!(log_size("some").is_err());
    }
}
