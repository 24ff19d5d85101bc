//! What a check found, for people and for programs.

use crate::size;
use crate::text::escape;
use anyhow::Result;
use ffs::layout::Format;
use ffscheck::fsck::{self, Finding, Outcome, Place};
use serde::Serialize;
use std::io::{Write, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A whole report, as JSON shows it.
#[derive(Serialize)]
struct Document {
    image: String,
    outcome: &'static str,
    format: &'static str,
    byte_order: String,
    size_bytes: u64,
    was_clean: bool,
    replay: Option<Replay>,
    repairable: bool,
    refusal: Option<&'static str>,
    findings: Vec<Row>,
    findings_left_out: u64,
    usage: Usage,
}

#[derive(Serialize)]
struct Replay {
    bytes: u64,
    files: u64,
}

/// A finding.
#[derive(Serialize)]
struct Row {
    phase: &'static str,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fragment: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<u32>,
    /// Escaped if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    what: String,
    remedy: Option<&'static str>,
}

#[derive(Serialize)]
struct Usage {
    files: u64,
    directories: u64,
    data_bytes: u64,
    used_bytes: u64,
    free_blocks: u64,
    free_fragments: u64,
    fragmentation_percent: f64,
}

impl Document {
    fn new(image: &Path, report: &fsck::Report) -> Self {
        let usage = &report.usage;
        Self {
            image: escape(image.as_os_str().as_bytes()),
            outcome: outcome(report.outcome),
            format: format_name(report.format),
            byte_order: report.byte_order.to_string(),
            size_bytes: report.size_bytes,
            was_clean: report.was_clean,
            replay: report.replay.map(|fsck::Replay { bytes, files }| Replay { bytes, files }),
            repairable: report.is_repairable,
            refusal: report.refusal,
            findings: report.findings.iter().map(Row::new).collect(),
            findings_left_out: report.findings_left_out,
            usage: Usage {
                files: usage.files,
                directories: usage.directories,
                data_bytes: usage.data_bytes,
                used_bytes: usage.used_bytes,
                free_blocks: usage.free_blocks,
                free_fragments: usage.free_fragments,
                fragmentation_percent: usage.fragmentation_permille as f64 / 10.0,
            },
        }
    }
}

impl Row {
    fn new(finding: &Finding) -> Self {
        let Place { inode, fragment, group, path } = &finding.place;
        Self {
            phase: finding.phase.number(),
            class: finding.class.name(),
            inode: *inode,
            fragment: *fragment,
            group: *group,
            path: path.as_deref().map(escape),
            what: finding.what.clone(),
            remedy: finding.remedy,
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clean => "clean",
        Outcome::Repaired => "repaired",
        Outcome::Damaged => "damaged",
    }
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Ufs1 => "FFSv1",
        Format::Ufs2 => "FFSv2",
    }
}

/// Prints a report: a line for each finding and a table of what is in use, or one object.
pub fn print(image: &Path, report: &fsck::Report, json: bool) -> Result<()> {
    let mut output = stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut output, &Document::new(image, report))?;
        return Ok(writeln!(output)?);
    }
    for finding in &report.findings {
        writeln!(output, "{}", line(finding))?;
    }
    if report.findings_left_out > 0 {
        writeln!(output, "and {} more like these", report.findings_left_out)?;
    }
    for (label, value) in table(image, report) {
        writeln!(output, "{label:>13}: {value}")?;
    }
    Ok(())
}

fn line(finding: &Finding) -> String {
    let place = match &finding.place.path {
        Some(path) => escape(path),
        None => finding.place.to_string(),
    };
    let remedy = finding.remedy.unwrap_or("not repaired");
    format!("phase {}: {place}: {} ({remedy})", finding.phase.number(), finding.what)
}

fn table(image: &Path, report: &fsck::Report) -> Vec<(&'static str, String)> {
    let usage = &report.usage;
    let fragmentation = usage.fragmentation_permille;
    let mut lines = vec![
        ("image", escape(image.as_os_str().as_bytes())),
        ("file system", format!("{}, {}", format_name(report.format), report.byte_order)),
        ("of size", size::show(report.size_bytes)),
        ("unmounted", if report.was_clean { "cleanly" } else { "not cleanly" }.into()),
    ];
    if let Some(fsck::Replay { bytes, files }) = report.replay {
        lines.push(("log replayed", format!("{bytes} bytes, {files} unlinked files freed")));
    }
    lines.extend([
        ("files", usage.files.to_string()),
        ("directories", usage.directories.to_string()),
        ("used", format!("{} of {}", size::show(usage.used_bytes), size::show(usage.data_bytes))),
        ("free", format!("{} blocks, {} fragments", usage.free_blocks, usage.free_fragments)),
        ("fragmentation", format!("{}.{} %", fragmentation / 10, fragmentation % 10)),
        ("result", result(report)),
    ]);
    lines
}

/// The last line: how it ended, and what to do.
fn result(report: &fsck::Report) -> String {
    match (report.outcome, report.refusal) {
        (Outcome::Clean, _) => "clean, nothing was found".into(),
        (Outcome::Repaired, _) => "repaired, all of it".into(),
        (Outcome::Damaged, Some(refusal)) => format!("damaged, and not repaired: {refusal}"),
        (Outcome::Damaged, None) if report.is_repairable => {
            "damaged; the remedies above are what --repair would do".into()
        }
        (Outcome::Damaged, None) => "damaged, and not all of it can be repaired".into(),
    }
}
