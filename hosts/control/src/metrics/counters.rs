//! The figures that a process has as the sum of its services, and each service for itself.

use super::sheet::Family;
use crate::model::Counters;
use prometheus_client::registry::Unit;

/// A figure of [`Counters`]: its family for all services together, its family by service, and where
/// it stands.
pub(super) struct Figure {
    pub(super) sum: Family,
    pub(super) by_service: Family,
    pub(super) value: fn(&Counters) -> u64,
}

macro_rules! figures {
    ($($name:literal $unit:expr, $help:literal, $value:expr;)*) => {
        &[$(Figure {
            sum: Family { name: $name, unit: $unit, help: concat!($help, ", of all services.") },
            by_service: Family {
                name: concat!("service_", $name),
                unit: $unit,
                help: concat!($help, "."),
            },
            value: $value,
        }),*]
    };
}

/// What only grows, until a service is started again.
pub(super) const GROWING: &[Figure] = figures![
    "calls" None, "Calls answered", |it| it.calls;
    "call_errors" None, "Calls answered with an error", |it| it.errors;
    "received" Some(Unit::Bytes), "Bytes of calls", |it| it.received_bytes;
    "sent" Some(Unit::Bytes), "Bytes of replies", |it| it.sent_bytes;
    "cache_hits" None, "Blocks asked for that were in memory", |it| it.cache_hits;
    "cache_misses" None, "Blocks asked for that had to be read", |it| it.cache_misses;
    "disk_reads" None, "Reads that disks were asked for", |it| it.disk.reads;
    "disk_read" Some(Unit::Bytes), "Bytes read from disks", |it| it.disk.read_bytes;
    "disk_writes" None, "Writes that disks were asked for", |it| it.disk.writes;
    "disk_written" Some(Unit::Bytes), "Bytes written to disks", |it| it.disk.written_bytes;
    "disk_flushes" None, "Times that disks had to make durable what they had", |it| it.disk.flushes;
    "commits" None, "Times that changes were made durable", |it| it.commits;
];

/// What comes and goes.
pub(super) const PRESENT: &[Figure] = figures![
    "calls_in_flight" None, "Calls at work", |it| it.calls_in_flight;
    "calls_waiting" None, "Calls that wait for others", |it| it.calls_waiting;
    "connections" None, "Connections of clients", |it| it.connections;
];
