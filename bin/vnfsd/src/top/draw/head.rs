//! The process and all services together.

use super::super::figures::{age, bytes, count, duration};
use control::model::Fleet;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

/// Workers that are told one by one.
const WORKERS_MAX: usize = 16;

pub fn draw(frame: &mut Frame<'_>, area: Rect, fleet: &Fleet) {
    let lines = [Line::from(services(fleet)).bold(), load(fleet).into(), memory(fleet).into()];
    for (line, row) in lines.into_iter().zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// What the process is, and how its services are.
pub fn services(fleet: &Fleet) -> String {
    let states = fleet.services.each().into_iter().filter(|(_, count)| *count > 0);
    let states: Vec<_> = states.map(|(state, count)| format!("{count} {state}")).collect();
    let ending = if fleet.is_ending { " ENDING" } else { "" };
    let (version, total) = (super::shown(&fleet.version), fleet.services.total());
    let states = states.join(", ");
    format!("vnfsd {version} up {}{ending}  {total} services: {states}", age(fleet.uptime_seconds))
}

/// What all do at present.
pub fn load(fleet: &Fleet) -> String {
    let (load, counters) = (&fleet.load, &fleet.counters);
    let hits =
        counters.hit_ratio().map_or_else(|| "-".to_owned(), |it| format!("{:.0}%", it * 100.0));
    format!(
        "op/s {}  in {}/s  out {}/s  latency {}  hits {hits}  connections {}  queue {}",
        count(load.calls_per_second),
        bytes(load.received_bytes_per_second),
        bytes(load.sent_bytes_per_second),
        duration(load.call_microseconds),
        count(counters.connections as f64),
        count(counters.calls_waiting as f64),
    )
}

/// What they hold, and how busy threads are.
pub fn memory(fleet: &Fleet) -> String {
    let busy = fleet.workers.iter().take(WORKERS_MAX);
    let busy: Vec<_> = busy.map(|worker| format!("{:.0}%", worker.busy * 100.0)).collect();
    let more = if fleet.workers.len() > WORKERS_MAX { " ..." } else { "" };
    format!(
        "memory {} ({} not saved)  resident {}  images {}  workers {}{more}",
        bytes(fleet.memory.total_bytes() as f64),
        bytes(fleet.memory.dirty_bytes as f64),
        bytes(fleet.resident_bytes as f64),
        fleet.open_images,
        busy.join(" "),
    )
}
