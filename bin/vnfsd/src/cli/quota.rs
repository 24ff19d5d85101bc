//! Flags of `vnfsd image quota`.

use crate::image::{Account, Grace, Limit};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// `vnfsd image quota`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("account").args(["user", "group"]))]
#[command(after_help = "Sizes: 65536, 64K, 1.5G, 1TiB; K, M, G and T (with or without B or iB) \
                        are powers of 1024. Limits may be `none`.")]
pub struct Quota {
    /// The image or disk device
    pub image: PathBuf,
    /// Of this user: a number, or `default` for what new users begin with
    #[arg(long, value_name = "UID")]
    pub user: Option<Account>,
    /// Of this group: a number, or `default` for what new groups begin with
    #[arg(long, value_name = "GID")]
    pub group: Option<Account>,
    /// Most space that files may take
    #[arg(long, value_name = "SIZE", value_parser = Limit::of_size, requires = "account")]
    pub limit: Option<Limit>,
    /// Space that files may take for longer than the grace
    #[arg(long, value_name = "SIZE", value_parser = Limit::of_size, requires = "account")]
    pub soft_limit: Option<Limit>,
    /// Most files, directories and links
    #[arg(long, value_name = "COUNT", value_parser = Limit::of_count, requires = "account")]
    pub files: Option<Limit>,
    /// As many of them as there may be for longer than the grace
    #[arg(long, value_name = "COUNT", value_parser = Limit::of_count, requires = "account")]
    pub soft_files: Option<Limit>,
    /// How long somebody may stay over a soft limit, such as 7d, 12h or 90s; begins anew for
    /// whoever is over one
    #[arg(long, value_name = "TIME", requires = "account")]
    pub grace: Option<Grace>,
    /// Show quotas as one JSON array
    #[arg(long, conflicts_with_all = ["limit", "soft_limit", "files", "soft_files", "grace"])]
    pub json: bool,
}
