//! The commands that ask: status, exports, clients.

use super::table::{listed, perhaps, plain, table};
use super::told::Told;
use crate::cli::Which;
use crate::size;
use anyhow::Result;
use control::model::{Clients, Fleet, Service, Services, State};
use control::request::Request;
use control::selection::{PAGE_MAX, Selection};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Services have failed.
const FAILED: u8 = 3;
/// Services that have failed which a summary shows.
const SHOWN_MAX: usize = 20;

/// How services are.
///
/// # Errors
/// If the process does not say.
pub fn status(told: &Told, which: &Which) -> Result<ExitCode> {
    let failed = if is_everybody(which) { summary(told)? } else { listing(told, which)? };
    Ok(if failed > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn is_everybody(which: &Which) -> bool {
    which.names.is_empty() && which.state.is_empty() && which.label.is_empty()
}

/// The whole fleet. Returns how many have failed.
fn summary(told: &Told) -> Result<u64> {
    let answer = told.client().ask(&Request::fleet())?;
    let fleet: Fleet = super::told::read(&answer)?;
    let failed = if fleet.services.failed > 0 {
        let selection = Selection {
            states: vec![State::Failed],
            limit: Some(SHOWN_MAX),
            ..Selection::default()
        };
        told.client().services(&selection)?
    } else {
        Services::default()
    };
    told.print(&answer, || summary_text(&fleet, &failed))?;
    Ok(fleet.services.failed)
}

fn summary_text(fleet: &Fleet, failed: &Services) -> String {
    let Fleet { version, process_id, uptime_seconds, .. } = fleet;
    let ending = if fleet.is_ending { ", ending" } else { "" };
    let mut lines = vec![format!(
        "vnfsd {}, process {process_id}, up {}{ending}: {} services on {} workers, {} resident",
        plain(version),
        duration(*uptime_seconds),
        fleet.services.total(),
        fleet.workers.len(),
        size::show(fleet.resident_bytes),
    )];
    let counts = fleet.services.each();
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    lines.extend(counts.map(|(state, count)| format!("{state:<9} {count}")));
    lines.extend(failed.items.iter().map(|service| {
        let reason = service.reason.as_deref().map(plain);
        format!("  {}: {}{}", plain(&service.name), perhaps(reason), retry(service))
    }));
    let more = failed.total.saturating_sub(failed.items.len() as u64);
    if more > 0 {
        lines.push(format!("  and {more} more: vnfsd status --state failed"));
    }
    lines.join("\n")
}

fn retry(service: &Service) -> String {
    match service.retry_at {
        Some(at) => format!(" (attempt {}, the next at {at})", service.attempts),
        None => String::new(),
    }
}

/// Some services. Returns how many of them have failed.
fn listing(told: &Told, which: &Which) -> Result<u64> {
    let (answers, services) = selected(told, which)?;
    told.print(&answers, || {
        let rows = services.iter().map(|service| {
            [
                plain(&service.name),
                service.state.to_string(),
                since(service.since),
                listed(&service.addresses),
                perhaps(service.worker),
                service.counters.calls.to_string(),
                service.counters.connections.to_string(),
                size::show(service.memory.total_bytes()),
                service.reason.as_deref().map(plain).unwrap_or_default(),
            ]
        });
        let heads = [
            "SERVICE",
            "STATE",
            "FOR",
            "ADDRESSES",
            "WORKER",
            "CALLS",
            "CONNECTIONS",
            "MEMORY",
            "REASON",
        ];
        table(heads, rows)
    })?;
    Ok(services.iter().filter(|service| service.state == State::Failed).count() as u64)
}

/// What clients may mount.
///
/// # Errors
/// If the process does not say.
pub fn exports(told: &Told, which: &Which) -> Result<ExitCode> {
    let (_, services) = selected(told, which)?;
    let answers: Vec<Value> = services
        .iter()
        .map(|service| json!({ "name": service.name, "exports": service.exports }))
        .collect();
    told.print(&answers, || {
        let rows = services.iter();
        table(
            ["SERVICE", "EXPORTS", "ADDRESSES"],
            rows.map(|service| {
                [plain(&service.name), listed(&service.exports), listed(&service.addresses)]
            }),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Who uses services.
///
/// # Errors
/// If the process does not say.
pub fn clients(told: &Told, names: &[String]) -> Result<ExitCode> {
    let text = |clients: &Clients| {
        let rows = clients.items.iter().map(|client| {
            [
                plain(&client.address),
                client.connections.to_string(),
                client.calls.to_string(),
                size::show(client.bytes),
                client.last_call.map_or_else(|| "-".to_owned(), since),
                listed(&client.mounts),
            ]
        });
        table(["CLIENT", "CONNECTIONS", "CALLS", "BYTES", "LAST CALL AGO", "MOUNTED"], rows)
    };
    told.each(names, Request::clients, text)
}

/// All services that are meant, page by page, by name within each pattern: as they came, and as types.
fn selected(told: &Told, which: &Which) -> Result<(Vec<Value>, Vec<Service>)> {
    let (mut answers, mut services) = (Vec::new(), Vec::new());
    let patterns: Vec<Option<&String>> = match which.names.is_empty() {
        true => vec![None],
        false => which.names.iter().map(Some).collect(),
    };
    for pattern in patterns {
        let mut selection = selection(which, pattern)?;
        loop {
            let mut page = told.client().ask(&Request::services(&selection))?;
            selection.after = page["next"].as_str().map(str::to_owned);
            if let Value::Array(items) = page["items"].take() {
                let read = items.iter().map(super::told::read);
                services.extend(read.collect::<Result<Vec<Service>>>()?);
                answers.extend(items);
            }
            if selection.after.is_none() {
                break;
            }
        }
    }
    Ok((answers, services))
}

fn selection(which: &Which, name: Option<&String>) -> Result<Selection> {
    let mut selection = Selection { limit: Some(PAGE_MAX), ..Selection::default() };
    let name = name.map(|name| ("name", name));
    let states = which.state.iter().map(|state| ("state", state));
    let labels = which.label.iter().map(|label| ("label", label));
    for (key, value) in name.into_iter().chain(states).chain(labels) {
        let taken = selection.take(key, value);
        taken.map_err(|failure| anyhow::anyhow!("{}", failure.detail))?;
    }
    Ok(selection)
}

/// How long ago something was.
fn since(then: Timestamp) -> String {
    let seconds = Timestamp::now().as_second().saturating_sub(then.as_second());
    duration(seconds.try_into().unwrap_or(0))
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
