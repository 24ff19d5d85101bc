//! The process, and all services together.

use super::counters::{GROWING, PRESENT};
use super::sheet::{Family, Labels, Sheet, labels_of};
use super::snapshot::Snapshot;
use crate::model::{Fleet, Memory, State};
use prometheus_client::registry::Unit;
use std::fmt;

pub(super) fn write(sheet: &mut Sheet<'_>, snapshot: &Snapshot) -> fmt::Result {
    process(sheet, &snapshot.fleet)?;
    states(sheet, &snapshot.fleet)?;
    workers(sheet, &snapshot.fleet)?;
    memory(sheet, &snapshot.fleet.memory)?;
    for figure in GROWING {
        let value = (figure.value)(&snapshot.fleet.counters);
        sheet.counters(&figure.sum, [(Labels::new(), value)])?;
    }
    for figure in PRESENT {
        let value = (figure.value)(&snapshot.fleet.counters);
        sheet.gauges(&figure.sum, [(Labels::new(), value as f64)])?;
    }
    procedures(sheet, snapshot)
}

fn process(sheet: &mut Sheet<'_>, fleet: &Fleet) -> fmt::Result {
    let build = Family { name: "build_info", unit: None, help: "The program; always 1." };
    sheet.gauges(&build, [(vec![("version", fleet.version.as_str().into())], 1.0)])?;
    let began = Family {
        name: "start_time",
        unit: Some(Unit::Seconds),
        help: "When the process began, in seconds since 1970.",
    };
    sheet.gauges(&began, [(Labels::new(), fleet.since.as_second() as f64)])?;
    let resident = Family {
        name: "resident_memory",
        unit: Some(Unit::Bytes),
        help: "Memory of the process that is really there.",
    };
    sheet.gauges(&resident, [(Labels::new(), fleet.resident_bytes as f64)])?;
    let images = Family { name: "open_images", unit: None, help: "Images that are open." };
    sheet.gauges(&images, [(Labels::new(), fleet.open_images as f64)])
}

fn states(sheet: &mut Sheet<'_>, fleet: &Fleet) -> fmt::Result {
    let family = Family { name: "services", unit: None, help: "Services, by state." };
    let row = |(state, count): (State, u64)| (vec![("state", state.word().into())], count as f64);
    sheet.gauges(&family, fleet.services.each().map(row))
}

fn workers(sheet: &mut Sheet<'_>, fleet: &Fleet) -> fmt::Result {
    let services =
        Family { name: "worker_services", unit: None, help: "Services that a worker turns." };
    let busy = Family {
        name: "worker_busy",
        unit: Some(Unit::Ratios),
        help: "A worker's share of a processor of late, from 0 to 1.",
    };
    let labels = |number: u32| vec![("worker", number.to_string().into())];
    let turned = fleet.workers.iter().map(|it| (labels(it.number), it.services as f64));
    sheet.gauges(&services, turned)?;
    sheet.gauges(&busy, fleet.workers.iter().map(|it| (labels(it.number), it.busy)))
}

fn memory(sheet: &mut Sheet<'_>, memory: &Memory) -> fmt::Result {
    let family = Family {
        name: "memory",
        unit: Some(Unit::Bytes),
        help: "Memory of all services and what they share, by what it is for.",
    };
    let Memory { cache_bytes, dirty_bytes, received_bytes, .. } = *memory;
    let Memory { calls_bytes, replies_bytes, kept_replies_bytes, other_bytes, .. } = *memory;
    let kinds = [
        ("cache", cache_bytes),
        ("dirty", dirty_bytes),
        ("received", received_bytes),
        ("calls", calls_bytes),
        ("replies", replies_bytes),
        ("kept_replies", kept_replies_bytes),
        ("other", other_bytes),
    ];
    let row = |(kind, bytes): (&'static str, u64)| (vec![("kind", kind.into())], bytes as f64);
    sheet.gauges(&family, kinds.map(row))
}

fn procedures(sheet: &mut Sheet<'_>, snapshot: &Snapshot) -> fmt::Result {
    let items = || snapshot.procedures.items.iter();
    let durations = Family {
        name: "call_duration",
        unit: Some(Unit::Seconds),
        help: "How long calls took, by procedure, of all services.",
    };
    sheet.durations(&durations, items().map(|it| (labels_of(None, it), &it.latency)))?;
    let errors = Family {
        name: "procedure_errors",
        unit: None,
        help: "Calls answered with an error, by procedure, of all services.",
    };
    sheet.counters(&errors, items().map(|it| (labels_of(None, it), it.errors)))
}
