//! One service: what it is, what was called, by whom, and what took longest.

use super::super::figures::{bars, bytes, count, duration};
use super::super::picture::Detail;
use super::super::view::View;
use super::shown;
use control::model::{BUCKETS, Client, Procedure, Service, SlowCall, Source};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

/// Draws the lines that are on the screen.
pub fn draw(frame: &mut Frame<'_>, area: Rect, view: &View, detail: &Detail) {
    let lines = lines(detail).into_iter().skip(view.first);
    for (line, row) in lines.zip(area.rows()) {
        frame.render_widget(line, row);
    }
}

/// All lines, whether they fit or not.
pub fn lines(detail: &Detail) -> Vec<Line<'static>> {
    let mut lines = facts(&detail.service);
    lines.push(heading(format!(
        "{:<20} {:>6} {:>6} {:>6} {:>6}  1us to 16s",
        "PROCEDURE", "CALLS", "ERRORS", "P50", "P99"
    )));
    lines.extend(detail.procedures.items.iter().map(|it| procedure(it).into()));
    lines.push(heading(format!(
        "{:<39} {:>5} {:>6} {:>6}  MOUNTED",
        "CLIENT", "CONN", "CALLS", "BYTES"
    )));
    lines.extend(detail.clients.items.iter().map(|it| client(it).into()));
    lines.push(heading(format!("{:>7}  {:<20} {:<28} AT", "TOOK", "PROCEDURE", "CLIENT")));
    lines.extend(detail.slowest.items.iter().map(|it| slow(it).into()));
    lines
}

fn heading(text: String) -> Line<'static> {
    Line::from(text).bold().underlined()
}

fn facts(service: &Service) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(shown(&service.name)).bold()];
    let mut fact = |key: &str, words: String| {
        if !words.is_empty() {
            lines.push(format!("{key:<9}{}", shown(&words)).into());
        }
    };
    let reason = service.reason.as_ref().map_or_else(String::new, |it| format!(": {it}"));
    fact("state", format!("{}{reason}", service.state));
    fact("files", files(service));
    fact("reached", service.addresses.join(" "));
    fact("exports", service.exports.join("  "));
    fact("load", load(service));
    fact("memory", memory(service));
    lines
}

fn files(service: &Service) -> String {
    let from = match &service.source {
        Source::Image { path, read_only: false } => path.clone(),
        Source::Image { path, read_only: true } => format!("{path} (read-only)"),
        Source::Memory { size_bytes } => format!("memory, up to {}", bytes(*size_bytes as f64)),
    };
    let space = service.space.map(|space| {
        format!(", {} of {} free", bytes(space.free_bytes as f64), bytes(space.total_bytes as f64))
    });
    from + &space.unwrap_or_default()
}

fn load(service: &Service) -> String {
    let (load, counters) = (&service.load, &service.counters);
    format!(
        "op/s {}  in {}/s  out {}/s  at work {}  queue {}  commits {}",
        count(load.calls_per_second),
        bytes(load.received_bytes_per_second),
        bytes(load.sent_bytes_per_second),
        count(counters.calls_in_flight as f64),
        count(counters.calls_waiting as f64),
        count(counters.commits as f64),
    )
}

fn memory(service: &Service) -> String {
    let (memory, counters) = (&service.memory, &service.counters);
    format!(
        "{} ({} not saved)  hits {}  misses {}",
        bytes(memory.total_bytes() as f64),
        bytes(memory.dirty_bytes as f64),
        count(counters.cache_hits as f64),
        count(counters.cache_misses as f64),
    )
}

fn procedure(it: &Procedure) -> String {
    let name = shown(&format!("{}v{} {}", it.program, it.version, it.name));
    let quantile = |part| duration(it.latency.quantile_microseconds(part) as f64);
    let buckets = &it.latency.buckets[..it.latency.buckets.len().min(BUCKETS)];
    format!(
        "{name:<20.20} {:>6} {:>6} {:>6} {:>6}  {}",
        count(it.calls as f64),
        count(it.errors as f64),
        quantile(0.5),
        quantile(0.99),
        bars(buckets),
    )
}

fn client(it: &Client) -> String {
    format!(
        "{:<39.39} {:>5} {:>6} {:>6}  {}",
        shown(&it.address),
        count(it.connections as f64),
        count(it.calls as f64),
        bytes(it.bytes as f64),
        shown(&it.mounts.join(" ")),
    )
}

fn slow(it: &SlowCall) -> String {
    let took = duration(it.microseconds as f64);
    let (procedure, client) = (shown(&it.procedure), shown(&it.client));
    format!("{took:>7}  {procedure:<20.20} {client:<28.28} {:.0}", it.at)
}
