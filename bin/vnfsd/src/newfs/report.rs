//! What was made.

use crate::size;
use crate::text::escape;
use anyhow::Result;
use ffs::layout::Format;
use ffscheck::newfs::{Ground, Made, Options, Quotas};
use serde::Serialize;
use std::io::{Write, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A file system just made.
#[derive(Serialize)]
pub struct Report {
    image: String,
    format: &'static str,
    byte_order: String,
    size_bytes: u64,
    block_bytes: u32,
    fragment_bytes: u32,
    groups: u32,
    inodes: u64,
    log_bytes: u64,
    quotas: Vec<&'static str>,
    free_bytes: u64,
    label: String,
    /// Whether no byte of what was there before is left.
    cleared: bool,
}

impl Report {
    /// What `made` says of the image at `path`.
    pub fn new(path: &Path, options: &Options, made: &Made) -> Self {
        Self {
            image: escape(path.as_os_str().as_bytes()),
            format: match made.format {
                Format::Ufs1 => "FFSv1",
                Format::Ufs2 => "FFSv2",
            },
            byte_order: options.byte_order.to_string(),
            size_bytes: made.size_bytes,
            block_bytes: made.block_bytes,
            fragment_bytes: made.fragment_bytes,
            groups: made.groups,
            inodes: made.inodes,
            log_bytes: made.log_bytes,
            quotas: quotas(options.quotas),
            free_bytes: made.free_bytes,
            label: options.volume_name.clone(),
            cleared: made.ground == Ground::Zeros,
        }
    }

    /// Prints it, a line for each fact or as one object.
    pub fn print(&self, json: bool) -> Result<()> {
        let mut output = stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut output, self)?;
            return Ok(writeln!(output)?);
        }
        for (label, value) in self.lines() {
            writeln!(output, "{label:>11}: {value}")?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let sizes = format!("{} bytes, fragment {} bytes", self.block_bytes, self.fragment_bytes);
        let mut lines = vec![
            ("image", self.image.clone()),
            ("file system", format!("{}, {}", self.format, self.byte_order)),
            ("of size", format!("{} ({} bytes)", size::show(self.size_bytes), self.size_bytes)),
            ("block", sizes),
            ("groups", self.groups.to_string()),
            ("inodes", self.inodes.to_string()),
            ("log", log_size(self.log_bytes)),
            ("free", format!("{} ({} bytes)", size::show(self.free_bytes), self.free_bytes)),
        ];
        if !self.quotas.is_empty() {
            lines.push(("quotas", self.quotas.join(", ")));
        }
        if !self.label.is_empty() {
            lines.push(("label", escape(self.label.as_bytes())));
        }
        if !self.cleared {
            let left = "left where no metadata is: the device cannot discard";
            lines.push(("old data", left.to_owned()));
        }
        lines
    }
}

fn log_size(bytes: u64) -> String {
    if bytes == 0 { "none".to_owned() } else { format!("{} ({bytes} bytes)", size::show(bytes)) }
}

fn quotas(quotas: Quotas) -> Vec<&'static str> {
    let kinds = [("user", quotas.user), ("group", quotas.group)];
    kinds.into_iter().filter_map(|(kind, is_kept)| is_kept.then_some(kind)).collect()
}
