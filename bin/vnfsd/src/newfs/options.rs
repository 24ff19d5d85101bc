//! From flags to what is made.

use crate::cli::{ByteOrder, Format, LogSize, Newfs, QuotaKind};
use anyhow::{Result, bail};
use ffs::layout;
use ffscheck::newfs::{Options, Quotas};
use rustix::process::{getegid, geteuid};

/// What newfs(8) would choose for this size, with a log; the root directory is the caller's.
pub fn usual(size_bytes: u64) -> Options {
    Options {
        log_bytes: None,
        owner_uid: geteuid().as_raw(),
        owner_gid: getegid().as_raw(),
        ..Options::new(size_bytes)
    }
}

/// What the flags ask for.
pub fn of(flags: &Newfs, size_bytes: u64) -> Result<Options> {
    let usual = usual(size_bytes);
    Ok(Options {
        format: match flags.format {
            Format::Ffs1 => layout::Format::Ufs1,
            Format::Ffs2 => layout::Format::Ufs2,
        },
        byte_order: match flags.endian {
            ByteOrder::Little => layout::ByteOrder::Little,
            ByteOrder::Big => layout::ByteOrder::Big,
        },
        block_bytes: flags.block,
        fragment_bytes: flags.frag,
        bytes_per_inode: density(flags, size_bytes)?,
        reserved_percent: flags.reserve,
        log_bytes: flags.log.map(|log| match log {
            LogSize::None => 0,
            LogSize::Bytes(bytes) => bytes,
        }),
        quotas: Quotas {
            user: flags.quota.contains(&QuotaKind::User),
            group: flags.quota.contains(&QuotaKind::Group),
        },
        volume_name: flags.label.clone(),
        owner_uid: flags.owner.unwrap_or(usual.owner_uid),
        owner_gid: flags.group.unwrap_or(usual.owner_gid),
        ..usual
    })
}

/// Bytes for which there is an inode, where the flags say something of it.
fn density(flags: &Newfs, size_bytes: u64) -> Result<Option<u32>> {
    let Some(inodes) = flags.inodes else { return Ok(flags.density) };
    let bytes = u32::try_from(size_bytes / inodes).unwrap_or(u32::MAX);
    if bytes == 0 {
        bail!("more inodes than bytes: choose fewer, or a larger size");
    }
    Ok(Some(bytes))
}
