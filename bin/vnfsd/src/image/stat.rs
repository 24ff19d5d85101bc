//! `vnfsd image stat`.

use super::path::{Last, find};
use super::record::{self, Record, flag_names, is_device, mode_letters, time, type_name};
use super::volume::Volume;
use crate::{size, text::escape};
use abi::Attributes;
use anyhow::Result;
use serde::Serialize;
use std::io::{Write, stdout};

/// A file, and the whole file system if it is its root.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    file: Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<Facts>,
}

/// What is known of a file system.
#[derive(Serialize)]
struct Facts {
    format: &'static str,
    /// Whether inodes and directories are in 4.3BSD's format.
    old_inodes: bool,
    byte_order: String,
    size_bytes: u64,
    block_bytes: u32,
    fragment_bytes: u32,
    label: String,
    last_mounted_on: String,
    clean: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unclean_because: Option<&'static str>,
    total_bytes: u64,
    free_bytes: u64,
    available_bytes: u64,
    total_files: u64,
    free_files: u64,
}

/// Shows what is known of the file at `path`.
pub fn run(volume: &Volume, path: &[u8], json: bool) -> Result<()> {
    let file = find(volume, path, Last::Keep)?;
    let attributes = volume.attributes(path, &file)?;
    let target = record::target(volume, path, &file, &attributes)?;
    let is_root = file.file() == volume.root().file();
    let facts = is_root.then(|| facts(volume)).transpose()?;
    let mut output = stdout().lock();
    if json {
        let file = Record::new(path, &attributes, target.as_deref());
        serde_json::to_writer_pretty(&mut output, &Report { file, file_system: facts })?;
        return Ok(writeln!(output)?);
    }
    let mut lines = lines_of_file(path, &attributes, target.as_deref());
    lines.extend(facts.iter().flat_map(lines_of_facts));
    for (label, value) in lines {
        writeln!(output, "{label:>11}: {value}")?;
    }
    Ok(())
}

type Lines = Vec<(&'static str, String)>;

fn lines_of_file(path: &[u8], file: &Attributes, target: Option<&[u8]>) -> Lines {
    let mut lines = vec![
        ("path", escape(path)),
        ("type", type_name(file.file_type).to_owned()),
        ("mode", format!("{:04o} ({})", file.mode, mode_letters(file))),
        ("inode", format!("{}, generation {}", file.file.inode.0, file.file.generation)),
        ("links", file.links.to_string()),
        ("owner", format!("{}, group {}", file.uid, file.gid)),
        ("size", format!("{} bytes, {} bytes on disk", file.size_bytes, file.used_bytes)),
    ];
    if is_device(file) {
        lines.push(("device", format!("{},{}", file.device.major, file.device.minor)));
    }
    lines.extend(target.map(|target| ("target", escape(target))));
    lines.push(("flags", shown_flags(file.flags)));
    lines.push(("accessed", time(file.accessed)));
    lines.push(("modified", time(file.modified)));
    lines.push(("changed", time(file.changed)));
    lines.extend(file.born.map(|born| ("born", time(born))));
    lines
}

fn shown_flags(flags: u32) -> String {
    match flag_names(flags).join(",") {
        none if none.is_empty() => "none".to_owned(),
        names => names,
    }
}

fn lines_of_facts(facts: &Facts) -> Lines {
    let old = if facts.old_inodes { " (4.3BSD inodes)" } else { "" };
    let blocks = format!("{} bytes, fragment {} bytes", facts.block_bytes, facts.fragment_bytes);
    let free = format!(
        "{} of {} bytes, {} to ordinary users",
        facts.free_bytes, facts.total_bytes, facts.available_bytes
    );
    let mut lines = vec![
        ("file system", format!("{}{old}, {}", facts.format, facts.byte_order)),
        ("of size", format!("{} ({} bytes)", size::show(facts.size_bytes), facts.size_bytes)),
        ("block", blocks),
        ("free", free),
        ("free inodes", format!("{} of {}", facts.free_files, facts.total_files)),
        ("state", facts.unclean_because.map_or_else(|| "clean".to_owned(), unclean)),
    ];
    let texts = [("label", &facts.label), ("last on", &facts.last_mounted_on)];
    let told = texts.into_iter().filter(|(_, text)| !text.is_empty());
    lines.extend(told.map(|(label, text)| (label, escape(text.as_bytes()))));
    lines
}

fn unclean(reason: &str) -> String {
    format!("unclean: {reason}")
}

fn facts(volume: &Volume) -> Result<Facts> {
    let (description, usage) = (volume.description(), volume.usage()?);
    Ok(Facts {
        format: description.format_name(),
        old_inodes: description.is_old,
        byte_order: description.byte_order.to_string(),
        size_bytes: description.size_bytes,
        block_bytes: description.block_bytes,
        fragment_bytes: description.frag_bytes,
        clean: description.condition.reason().is_none(),
        unclean_because: description.condition.reason(),
        label: description.label,
        last_mounted_on: description.last_mounted_on,
        total_bytes: usage.total_bytes,
        free_bytes: usage.free_bytes,
        available_bytes: usage.available_bytes,
        total_files: usage.total_files,
        free_files: usage.free_files,
    })
}
