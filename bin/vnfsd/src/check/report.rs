//! A plan, for people and for programs.

use crate::size;
use crate::text::escape;
use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use fleet::{NetworkPlan, Plan, ServicePlan, SourcePlan, address};
use std::fmt::Write as _;
use std::io::{self, Write, stdout};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Rows that people are shown; programs get everything.
const ROWS_MAX: usize = 200;

/// Exports, and addresses, that one row shows.
const SHOWN_MAX: usize = 3;

/// Prints it: counts first, and services that are alike in one row.
pub fn print(file: &Path, plan: &Plan, json: bool) -> Result<()> {
    let mut output = stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut output, plan).map_err(io::Error::from)?;
        return Ok(writeln!(output)?);
    }
    writeln!(output, "{}: {}", escape(file.as_os_str().as_bytes()), counts(plan))?;
    let rows = rows(plan);
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["SERVICES", "NAME", "SOURCE", "NETWORK", "EXPORTS"]);
    table.add_rows(rows.iter().take(ROWS_MAX).map(|row| cells(plan, row)));
    writeln!(output, "{}", table.trim_fmt())?;
    if let Some(more) = rows.len().checked_sub(ROWS_MAX).filter(|&more| more > 0) {
        writeln!(output, "and {more} more rows: --json has everything")?;
    }
    Ok(())
}

fn counts(plan: &Plan) -> String {
    let services = &plan.services;
    let images =
        services.iter().filter(|service| matches!(service.source, SourcePlan::Image(_))).count();
    let links =
        services.iter().filter(|service| matches!(service.network, NetworkPlan::Link(_))).count();
    let started = services.iter().filter(|service| service.start).count();
    format!(
        "{}, {started} to be started; {images} on images, {} in memory; {} on addresses of this \
         machine, {links} on links of their own; {}",
        counted(services.len(), "service", "services"),
        services.len() - images,
        services.len() - links,
        counted(plan.switches.len(), "switch", "switches"),
    )
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Which services share a row: those of one section.
fn rows(plan: &Plan) -> Vec<Range<usize>> {
    let (mut rows, mut next) = (Vec::new(), 0);
    for group in &plan.groups {
        rows.extend((next..group.services.start).map(|index| index..index + 1));
        rows.extend(Some(group.services.clone()).filter(|services| !services.is_empty()));
        next = group.services.end;
    }
    rows.extend((next..plan.services.len()).map(|index| index..index + 1));
    rows
}

fn cells(plan: &Plan, row: &Range<usize>) -> Vec<String> {
    let (first, last) = (&plan.services[row.start], &plan.services[row.end - 1]);
    let both = |show: &dyn Fn(&ServicePlan) -> String| {
        let (first, last) = (show(first), show(last));
        if first == last { first } else { format!("{first} .. {last}") }
    };
    vec![
        row.len().to_string(),
        both(&|service| escape(service.name.as_bytes())),
        both(&source),
        both(&network),
        some(first.exports.iter().map(|export| escape(export.text.as_bytes()))),
    ]
}

fn source(service: &ServicePlan) -> String {
    match &service.source {
        SourcePlan::Memory { size_bytes } => format!("memory, {}", size::show(*size_bytes)),
        SourcePlan::Image(image) => {
            let path = escape(image.path.as_os_str().as_bytes());
            if image.read_only { format!("{path}, read-only") } else { path }
        }
    }
}

fn network(service: &ServicePlan) -> String {
    match &service.network {
        NetworkPlan::Listen(listen) => some(listen.iter().map(ToString::to_string)),
        NetworkPlan::Link(link) => {
            let addresses = some(link.addresses.iter().map(address::shown));
            format!("{} {addresses}", escape(link.spec.to_string().as_bytes()))
        }
    }
}

/// The first few, and how many there are besides.
fn some(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(SHOWN_MAX);
    let mut shown = all.take(SHOWN_MAX).collect::<Vec<_>>().join(", ");
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(shown, " and {more} more");
    }
    shown
}
