//! What a service may take, as the file says it.

use crate::fault::{At, Faults, Given};
use crate::keys::Section;
use crate::table::Table;
use crate::values::{self, Read, number};
use posix::CONNECTIONS_MAX;
use serde::{Serialize, Serializer};
use service::{MEMORY_BYTES_LEAST, Rate};
use std::time::Duration;
use toml::de::DeValue;

/// What a service may take. What is `None` is unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitsPlan {
    /// Blocks of the image in memory.
    pub cache_bytes: u64,
    /// Changed data that the disk does not have yet.
    pub dirty_bytes: u64,
    /// All memory of the service together.
    pub memory_bytes: Option<u64>,
    /// Connections at a time.
    pub connections_max: usize,
    /// Calls at work at a time.
    pub calls_max: usize,
    /// Calls in a second.
    pub operations_per_second: Option<u64>,
    /// Bytes in a second, of both ways together.
    pub bytes_per_second: Option<u64>,
    /// How long a change may stay in memory alone.
    #[serde(rename = "save_age_ms", serialize_with = "milliseconds")]
    pub save_age: Duration,
    /// Without calls for so long, the image is closed.
    #[serde(rename = "rest_after_ms", serialize_with = "perhaps_milliseconds")]
    pub rest_after: Option<Duration>,
}

fn milliseconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    length.as_millis().serialize(serializer)
}

fn perhaps_milliseconds<S: Serializer>(
    length: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    length.map(|length| length.as_millis()).serialize(serializer)
}

impl Default for LimitsPlan {
    fn default() -> Self {
        let limits = service::Limits::default();
        Self {
            cache_bytes: limits.cache_bytes,
            dirty_bytes: limits.dirty_bytes,
            memory_bytes: None,
            connections_max: CONNECTIONS_MAX,
            calls_max: limits.rpc.calls_max,
            operations_per_second: None,
            bytes_per_second: None,
            save_age: limits.save_age,
            rest_after: None,
        }
    }
}

impl LimitsPlan {
    /// As the service takes them: all but connections, which the host counts.
    pub fn of_service(&self) -> service::Limits {
        let mut limits = service::Limits {
            cache_bytes: self.cache_bytes,
            dirty_bytes: self.dirty_bytes,
            memory_bytes: self.memory_bytes,
            rate: Rate {
                operations_per_second: self.operations_per_second,
                bytes_per_second: self.bytes_per_second,
            },
            save_age: self.save_age,
            rest_after: self.rest_after,
            ..service::Limits::default()
        };
        limits.rpc.calls_max = self.calls_max;
        limits
    }
}

/// What one layer of the file says of limits.
#[derive(Clone, Default)]
pub(crate) struct Limits {
    cache: Option<u64>,
    dirty: Option<u64>,
    memory: Option<u64>,
    connections: Option<usize>,
    calls: Option<usize>,
    operations_per_second: Option<u64>,
    bytes_per_second: Option<u64>,
    save_age: Option<Duration>,
    rest_after: Option<Duration>,
}

/// Most connections, and most calls, of one service.
const COUNT_MAX: u64 = 1_000_000;

impl Limits {
    pub(crate) fn read((at, value): (At, &DeValue<'_>), faults: &mut Faults<'_>) -> Option<Self> {
        let table = Table::of_value(Section::Limits, at, value, faults)?;
        let count = |value: &DeValue<'_>| Ok(number(1, COUNT_MAX)(value)? as usize);
        let rate = number(1, u64::MAX);
        Some(Self {
            cache: plain(table.take("cache", faults, values::some_bytes)),
            dirty: plain(table.take("dirty", faults, values::some_bytes)),
            memory: plain(table.take("memory", faults, memory)),
            connections: plain(table.take("connections", faults, count)),
            calls: plain(table.take("calls", faults, count)),
            operations_per_second: plain(table.take("operations_per_second", faults, rate)),
            bytes_per_second: plain(table.take("bytes_per_second", faults, values::some_bytes)),
            save_age: plain(table.take("save_age", faults, values::duration)),
            rest_after: plain(table.take("rest_after", faults, values::duration)),
        })
    }

    /// These, and where they say nothing those of a farther layer.
    pub(crate) fn over(self, far: &Self) -> Self {
        Self {
            cache: self.cache.or(far.cache),
            dirty: self.dirty.or(far.dirty),
            memory: self.memory.or(far.memory),
            connections: self.connections.or(far.connections),
            calls: self.calls.or(far.calls),
            operations_per_second: self.operations_per_second.or(far.operations_per_second),
            bytes_per_second: self.bytes_per_second.or(far.bytes_per_second),
            save_age: self.save_age.or(far.save_age),
            rest_after: self.rest_after.or(far.rest_after),
        }
    }

    pub(crate) fn plan(&self) -> LimitsPlan {
        let usual = LimitsPlan::default();
        LimitsPlan {
            cache_bytes: self.cache.unwrap_or(usual.cache_bytes),
            dirty_bytes: self.dirty.unwrap_or(usual.dirty_bytes),
            memory_bytes: self.memory,
            connections_max: self.connections.unwrap_or(usual.connections_max),
            calls_max: self.calls.unwrap_or(usual.calls_max),
            operations_per_second: self.operations_per_second,
            bytes_per_second: self.bytes_per_second,
            save_age: self.save_age.unwrap_or(usual.save_age),
            rest_after: self.rest_after,
        }
    }
}

/// A bound on all memory, which has room for a call of the largest size.
fn memory(value: &DeValue<'_>) -> Read<u64> {
    let bytes = values::size(value)?;
    let expected = || format!("at least {} MiB", MEMORY_BYTES_LEAST >> 20);
    Some(bytes).filter(|&bytes| bytes >= MEMORY_BYTES_LEAST).ok_or_else(expected)
}

fn plain<T>(given: Option<Given<T>>) -> Option<T> {
    given.map(|given| given.value)
}
