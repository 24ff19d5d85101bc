//! `vnfsd image quota`: what users and groups use, and may use.
//!
//! | file | what it does |
//! |---|---|
//! | `words` | whose, how much and how long, as people say it |
//! | `report` | a table, or an array of objects |

mod report;
mod words;

pub use words::{Account, Grace, Limit};

use super::volume::Volume;
use crate::cli;
use anyhow::{Result, bail};
use ffs::{LimitChange, QuotaKind};
use report::Row;

/// Whether limits are to be set, and not only shown.
pub fn changes(flags: &cli::Quota) -> bool {
    changes_of(flags) != [LimitChange::default(); 2]
}

/// Shows the quotas that were asked for, or all of them.
pub fn show(volume: &Volume, flags: &cli::Quota) -> Result<()> {
    let asked = asked(flags);
    let (mut rows, mut is_kept) = (Vec::new(), false);
    for kind in QuotaKind::ALL {
        let is_asked = asked.is_none_or(|(asked, _)| asked == kind);
        let Some(quotas) = volume.quotas(kind)?.filter(|_| is_asked) else { continue };
        is_kept = true;
        rows.push(Row::new(kind, None, &quotas.default));
        rows.extend(quotas.entries.iter().map(|entry| Row::new(kind, Some(entry.owner), entry)));
    }
    if !is_kept {
        return refuse(volume, asked.map(|(kind, _)| kind));
    }
    if let Some((_, account)) = asked {
        rows.retain(|row| row.is_of(account));
    }
    report::print(&rows, flags.json)
}

/// Sets the limits that were asked for.
pub fn set(volume: &Volume, flags: &cli::Quota) -> Result<()> {
    let Some((kind, account)) = asked(flags) else { return Ok(()) };
    if volume.quotas(kind)?.is_none() {
        return refuse(volume, Some(kind));
    }
    volume.set_limits(kind, account.0, changes_of(flags))
}

fn refuse(volume: &Volume, kind: Option<QuotaKind>) -> Result<()> {
    let (image, kind) = (volume.image(), kind.map_or("", QuotaKind::name));
    let space = if kind.is_empty() { "" } else { " " };
    bail!("{image}: keeps no {kind}{space}quotas; `vnfsd newfs --quota` makes file systems that do")
}

fn asked(flags: &cli::Quota) -> Option<(QuotaKind, Account)> {
    let user = flags.user.map(|account| (QuotaKind::User, account));
    user.or(flags.group.map(|account| (QuotaKind::Group, account)))
}

/// What changes of space, and of files.
fn changes_of(flags: &cli::Quota) -> [LimitChange; 2] {
    let change = |hard: Option<Limit>, soft: Option<Limit>| LimitChange {
        hard: hard.map(|limit| limit.0),
        soft: soft.map(|limit| limit.0),
        grace_seconds: flags.grace.map(|grace| grace.0),
    };
    [change(flags.limit, flags.soft_limit), change(flags.files, flags.soft_files)]
}
