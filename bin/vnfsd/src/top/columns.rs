//! The one table of what is shown of a service in a list.

use super::figures::{bytes, count, duration};
use crate::text::escape;
use control::model::{Histogram, Service};
use control::selection::Order;

/// A service with what is known of it.
#[derive(Clone, Copy)]
pub struct Row<'p> {
    /// The service.
    pub service: &'p Service,
    /// How long its latest calls took, if there were any.
    pub recent: Option<&'p Histogram>,
}

/// What is shown of a service.
pub struct Column {
    /// What stands above.
    pub title: &'static str,
    /// Characters for it; the name takes what is left.
    pub width: u16,
    /// Shown on screens of so many columns.
    pub screen_columns_min: u16,
    /// The order that sorts by it.
    pub order: Option<Order>,
    /// What stands in a cell.
    pub cell: fn(Row<'_>) -> String,
}

/// Screens that are usual.
const USUAL: u16 = 0;
/// Screens with room for more.
const WIDE: u16 = 104;

/// From left to right.
pub const COLUMNS: [Column; 12] = [
    column("SERVICE", 0, USUAL, Some(Order::Name), |it| escape(it.service.name.as_bytes())),
    column("STATE", 8, USUAL, None, |it| it.service.state.to_string()),
    column("OP/S", 6, USUAL, Some(Order::Calls), |it| count(it.service.load.calls_per_second)),
    column("BYTE/S", 6, USUAL, None, |it| bytes(moved(it.service))),
    column("P50", 6, USUAL, Some(Order::Latency), |it| quantile(it, 0.5)),
    column("P99", 6, USUAL, None, |it| quantile(it, 0.99)),
    column("MEMORY", 6, USUAL, Some(Order::Memory), |it| bytes(memory(it.service))),
    column("HIT%", 4, USUAL, None, |it| hits(it.service)),
    column("MISSES", 6, USUAL, None, |it| count(it.service.counters.cache_misses as f64)),
    column("CONN", 5, USUAL, None, |it| count(it.service.counters.connections as f64)),
    column("CPU%", 5, WIDE, Some(Order::Busy), |it| format!("{:.1}", it.service.load.busy * 100.0)),
    column("QUEUE", 5, WIDE, None, |it| count(it.service.counters.calls_waiting as f64)),
];

const fn column(
    title: &'static str,
    width: u16,
    screen_columns_min: u16,
    order: Option<Order>,
    cell: fn(Row<'_>) -> String,
) -> Column {
    Column { title, width, screen_columns_min, order, cell }
}

impl Column {
    /// Whether cells end at the same place: figures do, words begin there.
    pub fn is_figure(&self) -> bool {
        !matches!(self.title, "SERVICE" | "STATE")
    }
}

fn moved(service: &Service) -> f64 {
    service.load.received_bytes_per_second + service.load.sent_bytes_per_second
}

fn memory(service: &Service) -> f64 {
    service.memory.total_bytes() as f64
}

fn hits(service: &Service) -> String {
    let ratio = service.counters.hit_ratio();
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.0}", ratio * 100.0))
}

fn quantile(row: Row<'_>, part: f64) -> String {
    let microseconds = row.recent.map(|recent| recent.quantile_microseconds(part) as f64);
    microseconds.map_or_else(|| "-".to_owned(), duration)
}
