//! Services with series of their own.

use super::counters::{GROWING, PRESENT};
use super::sheet::{Family, Labels, Sheet, labels_of};
use super::snapshot::Snapshot;
use crate::model::{Service, Space, State};
use prometheus_client::registry::Unit;
use std::fmt;

/// A figure of a service that is no counter; a service without it has no series.
struct Figure {
    family: Family,
    value: fn(&Service) -> Option<u64>,
}

const FIGURES: &[Figure] = &[
    Figure {
        family: Family {
            name: "service_up",
            unit: None,
            help: "1 if clients are let in: it serves, or rests; else 0.",
        },
        value: |it| Some(matches!(it.state, State::Serving | State::Resting).into()),
    },
    Figure {
        family: Family {
            name: "service_memory",
            unit: Some(Unit::Bytes),
            help: "Memory that a service holds.",
        },
        value: |it| Some(it.memory.total_bytes()),
    },
    Figure {
        family: Family {
            name: "service_dirty",
            unit: Some(Unit::Bytes),
            help: "Changes that the service's disk does not have yet.",
        },
        value: |it| Some(it.memory.dirty_bytes),
    },
    Figure {
        family: Family {
            name: "service_space_size",
            unit: Some(Unit::Bytes),
            help: "Space of the file system, as far as it was opened once.",
        },
        value: |it| it.space.map(|Space { total_bytes, .. }| total_bytes),
    },
    Figure {
        family: Family {
            name: "service_space_free",
            unit: Some(Unit::Bytes),
            help: "Space of the file system that nobody uses.",
        },
        value: |it| it.space.map(|Space { free_bytes, .. }| free_bytes),
    },
];

pub(super) fn write(sheet: &mut Sheet<'_>, snapshot: &Snapshot) -> fmt::Result {
    left_out(sheet, snapshot)?;
    let services = &snapshot.services;
    for Figure { family, value } in FIGURES {
        let row = |it| value(it).map(|value| (label(it), value as f64));
        sheet.gauges(family, services.iter().filter_map(row))?;
    }
    for figure in GROWING {
        let row = |it: &Service| (figure.value)(&it.counters);
        sheet.counters(&figure.by_service, services.iter().map(|it| (label(it), row(it))))?;
    }
    for figure in PRESENT {
        let row = |it: &Service| (figure.value)(&it.counters) as f64;
        sheet.gauges(&figure.by_service, services.iter().map(|it| (label(it), row(it))))?;
    }
    durations(sheet, snapshot)
}

fn label(service: &Service) -> Labels<'_> {
    vec![("service", service.name.as_str().into())]
}

/// Whether there is more than is told.
fn left_out(sheet: &mut Sheet<'_>, snapshot: &Snapshot) -> fmt::Result {
    let family = Family {
        name: "services_left_out",
        unit: None,
        help: "Services asked for that have no series of their own here.",
    };
    let left_out = snapshot.asked_for.saturating_sub(snapshot.services.len() as u64);
    sheet.gauges(&family, [(Labels::new(), left_out as f64)])
}

fn durations(sheet: &mut Sheet<'_>, snapshot: &Snapshot) -> fmt::Result {
    if snapshot.named.is_empty() {
        return Ok(());
    }
    let family = Family {
        name: "service_call_duration",
        unit: Some(Unit::Seconds),
        help: "How long calls took, by procedure, of a service that was named.",
    };
    let rows = snapshot.named.iter().flat_map(|(name, procedures)| {
        procedures.items.iter().map(|it| (labels_of(Some(name), it), &it.latency))
    });
    sheet.durations(&family, rows)
}
