//! `vnfsd image ls`.

use super::Omissions;
use super::path::{Last, find, join};
use super::record::{self, Record, is_device, mode_letters, time};
use super::volume::{Names, Volume};
use crate::text::escape;
use abi::{Attributes, FileType};
use anyhow::Result;
use std::io::{BufWriter, StdoutLock, Write, stdout};
use vfs::Vnode;

/// How to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One name a line.
    Names,
    /// As `ls -l`.
    Long,
    /// One array of objects.
    Json,
}

impl Style {
    /// What the flags ask for.
    pub fn new(long: bool, json: bool) -> Self {
        match (long, json) {
            (_, true) => Self::Json,
            (true, false) => Self::Long,
            (false, false) => Self::Names,
        }
    }
}

/// A file to be listed.
struct Row {
    name: Vec<u8>,
    attributes: Attributes,
    target: Option<bytes::Bytes>,
}

/// Lists the directory at `path`, or the file there; `headed` if it is one of several.
pub fn run(volume: &Volume, path: &[u8], style: Style, headed: bool) -> Result<()> {
    let file = find(volume, path, Last::Keep)?;
    let attributes = volume.attributes(path, &file)?;
    let is_directory = attributes.file_type == FileType::Directory;
    let mut output = BufWriter::new(stdout().lock());
    if headed && is_directory && style != Style::Json {
        writeln!(output, "{}:", escape(path))?;
    }
    let mut omissions = Omissions::default();
    match (is_directory, style) {
        (true, Style::Names) => names(&mut output, volume, path, &file, &mut omissions)?,
        (true, _) => print(&mut output, style, rows(volume, path, &file, &mut omissions)?)?,
        (false, Style::Names) => writeln!(output, "{}", escape(path))?,
        (false, _) => print(&mut output, style, vec![row(volume, path, path, &file)?])?,
    }
    output.flush()?;
    omissions.finish("read")
}

/// Names alone need no look at the files.
fn names(
    output: &mut BufWriter<StdoutLock<'_>>,
    volume: &Volume,
    path: &[u8],
    directory: &Vnode,
    omissions: &mut Omissions,
) -> Result<()> {
    for name in names_of(volume, path, directory, omissions)? {
        writeln!(output, "{}", escape(&name))?;
    }
    Ok(())
}

fn names_of(
    volume: &Volume,
    path: &[u8],
    directory: &Vnode,
    omissions: &mut Omissions,
) -> Result<Vec<Vec<u8>>> {
    let Names { names, gap } = volume.names(path, directory)?;
    gap.iter().for_each(|error| omissions.note(error));
    Ok(names)
}

fn rows(
    volume: &Volume,
    path: &[u8],
    directory: &Vnode,
    omissions: &mut Omissions,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in names_of(volume, path, directory, omissions)? {
        let path = join(path, &name);
        let found = volume.lookup(directory, &name);
        let file = found.map_err(|errno| volume.error(&path, errno));
        match file.and_then(|file| row(volume, &name, &path, &file)) {
            Ok(row) => rows.push(row),
            Err(error) => omissions.note(&error),
        }
    }
    Ok(rows)
}

fn row(volume: &Volume, name: &[u8], path: &[u8], file: &Vnode) -> Result<Row> {
    let attributes = volume.attributes(path, file)?;
    let target = record::target(volume, path, file, &attributes)?;
    Ok(Row { name: name.to_vec(), attributes, target })
}

fn print(output: &mut impl Write, style: Style, rows: Vec<Row>) -> Result<()> {
    if style == Style::Json {
        let record = |row: &Row| Record::new(&row.name, &row.attributes, row.target.as_deref());
        let records: Vec<_> = rows.iter().map(record).collect();
        serde_json::to_writer_pretty(&mut *output, &records)?;
        return Ok(writeln!(output)?);
    }
    let cells: Vec<_> = rows.iter().map(cells).collect();
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| cells.iter().map(|row| row[column].len()).max().unwrap_or(0));
    for (row, cells) in rows.iter().zip(&cells) {
        for (cell, width) in cells.iter().zip(widths) {
            write!(output, "{cell:>width$} ")?;
        }
        writeln!(output, "{}", shown_name(row))?;
    }
    Ok(())
}

/// Columns of a long listing before the name.
const COLUMNS: usize = 6;

fn cells(row: &Row) -> [String; COLUMNS] {
    let file = &row.attributes;
    let size = if is_device(file) {
        format!("{},{}", file.device.major, file.device.minor)
    } else {
        file.size_bytes.to_string()
    };
    let [links, uid, gid] = [file.links, file.uid, file.gid].map(|number| number.to_string());
    [mode_letters(file), links, uid, gid, size, time(file.modified)]
}

fn shown_name(row: &Row) -> String {
    match &row.target {
        Some(target) => format!("{} -> {}", escape(&row.name), escape(target)),
        None => escape(&row.name),
    }
}
