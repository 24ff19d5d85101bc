//! Quotas, for people and for programs.

use super::words::{Account, Limit, SECTOR_BYTES, rough_time, shown_time};
use crate::image::record::time;
use crate::size;
use abi::Timestamp;
use anyhow::Result;
use ffs::QuotaKind;
use ffs::layout::{QuotaEntry, QuotaValue};
use hyper::Clock;
use posix::HostClock;
use serde::Serialize;
use std::io::{BufWriter, Write, stdout};

const COLUMNS: usize = 9;
const HEADS: [&str; COLUMNS] =
    ["", "space", "soft limit", "limit", "grace", "files", "soft limit", "limit", "grace"];

/// What somebody uses, and may use.
#[derive(Serialize)]
pub struct Row {
    kind: &'static str,
    /// `None` for what new ones begin with.
    id: Option<u32>,
    /// In bytes.
    space: Value,
    files: Value,
}

/// One count, with its limits.
#[derive(Serialize)]
struct Value {
    used: u64,
    soft_limit: Option<u64>,
    limit: Option<u64>,
    grace_seconds: i64,
    /// When it ends, if the soft limit is exceeded.
    grace_ends: Option<String>,
    #[serde(skip)]
    seconds_left: Option<i64>,
}

impl Row {
    /// What an entry says.
    pub fn new(kind: QuotaKind, id: Option<u32>, entry: &QuotaEntry) -> Self {
        let [space, files] = entry.values;
        let (space, files) = (Value::new(space, SECTOR_BYTES), Value::new(files, 1));
        Self { kind: kind.name(), id, space, files }
    }

    /// Whether it is this one's.
    pub fn is_of(&self, account: Account) -> bool {
        self.id == account.0
    }

    fn cells(&self) -> [String; COLUMNS] {
        let id = self.id.map_or_else(|| "default".to_owned(), |id| id.to_string());
        let [space, soft, hard, grace] = self.space.cells(size::show);
        let [files, soft_files, hard_files, files_grace] =
            self.files.cells(|count| count.to_string());
        let name = format!("{} {id}", self.kind);
        [name, space, soft, hard, grace, files, soft_files, hard_files, files_grace]
    }
}

impl Value {
    fn new(value: QuotaValue, unit: u64) -> Self {
        let limit = |limit| (limit != Limit::NONE.0).then(|| unit.saturating_mul(limit));
        let end = (value.used > value.soft_limit).then_some(value.grace_end);
        Self {
            used: value.used.saturating_mul(unit),
            soft_limit: limit(value.soft_limit),
            limit: limit(value.hard_limit),
            grace_seconds: value.grace_seconds,
            grace_ends: end.map(|seconds| time(Timestamp { seconds, nanoseconds: 0 })),
            seconds_left: end.map(|end| end.saturating_sub(HostClock.wall().seconds)),
        }
    }

    fn cells(&self, show: fn(u64) -> String) -> [String; 4] {
        let limit = |limit: Option<u64>| limit.map_or_else(|| "none".to_owned(), show);
        let grace = match self.seconds_left {
            Some(left) if left < 0 => "over".to_owned(),
            Some(left) => format!("{} left", rough_time(left)),
            None => shown_time(self.grace_seconds),
        };
        [show(self.used), limit(self.soft_limit), limit(self.limit), grace]
    }
}

/// Prints a table, or an array.
pub fn print(rows: &[Row], json: bool) -> Result<()> {
    let mut output = BufWriter::new(stdout().lock());
    if json {
        serde_json::to_writer_pretty(&mut output, rows)?;
        writeln!(output)?;
        return Ok(output.flush()?);
    }
    let mut table = vec![HEADS.map(str::to_owned)];
    table.extend(rows.iter().map(Row::cells));
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| table.iter().map(|row| row[column].len()).max().unwrap_or(0));
    for [name, values @ ..] in &table {
        write!(output, "{name:<width$}", width = widths[0])?;
        for (value, width) in values.iter().zip(&widths[1..]) {
            write!(output, "  {value:>width$}")?;
        }
        writeln!(output)?;
    }
    Ok(output.flush()?)
}
