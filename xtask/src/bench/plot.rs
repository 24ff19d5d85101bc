//! The figures as a picture: what each reply costs the servers, on a logarithmic scale, because
//! a NULL and a megabyte are three orders of magnitude apart.

use crate::bench::results::{PEER, Results};
use std::fmt::Write;

const LEFT: f64 = 170.0;
const WIDTH: f64 = 620.0;
const BAR: f64 = 9.0;
const GAP: f64 = 8.0;
const TOP: f64 = 60.0;
/// The scale's ends, in powers of ten of a microsecond.
const DECADES: std::ops::RangeInclusive<i32> = -1..=4;

const COLOURS: [&str; 3] = ["#2a6f97", "#61a5c2", "#9aa0a6"];

/// The whole file.
pub fn svg(results: &Results) -> String {
    // Ours first, the peer below.
    let reads = &results.reads;
    let (workloads, shapes) = (reads.plan.workloads, reads.plan.shapes);
    let mut servers: Vec<&str> = reads.servers.iter().map(String::as_str).collect();
    servers.sort_by_key(|server| *server == PEER);
    let group = BAR * servers.len() as f64 + GAP;
    let height = TOP + group * (workloads.len() * shapes.len()) as f64 + 30.0;
    let mut out = head(height);
    legend(&mut out, &servers);
    scale(&mut out, height - 25.0);
    let mut y = TOP;
    for workload in workloads {
        for shape in shapes {
            label(&mut out, &format!("{workload} {shape}"), LEFT - 8.0, y + group / 2.0, "end");
            for (index, server) in servers.iter().enumerate() {
                let cpu = reads.cell(workload, shape, server).map(|cell| cell.cpu_us_per_op);
                bar(&mut out, y + BAR * index as f64, cpu.unwrap_or(0.0), COLOURS[index % 3]);
            }
            y += group;
        }
    }
    out + "</svg>\n"
}

fn head(height: f64) -> String {
    let width = LEFT + WIDTH + 60.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">Server CPU time per reply, microseconds \
         (connections x calls outstanding)</text>\n"
    )
}

fn legend(out: &mut String, servers: &[&str]) {
    for (index, server) in servers.iter().enumerate() {
        let x = LEFT + 130.0 * index as f64;
        let colour = COLOURS[index % 3];
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"28\" width=\"10\" height=\"10\" fill=\"{colour}\"/>"
        );
        label(out, server, x + 15.0, 37.0, "start");
    }
}

fn scale(out: &mut String, bottom: f64) {
    for decade in DECADES {
        let microseconds = 10_f64.powi(decade);
        let x = LEFT + position(microseconds);
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"#ddd\"/>"
        );
        label(out, &microseconds.to_string(), x, bottom + 14.0, "middle");
    }
}

fn label(out: &mut String, text: &str, x: f64, y: f64, anchor: &str) {
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn bar(out: &mut String, y: f64, microseconds: f64, colour: &str) {
    if microseconds <= 0.0 {
        return;
    }
    let (width, height) = (position(microseconds), BAR - 1.0);
    let _ = writeln!(
        out,
        "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
    );
    let (x, y) = (LEFT + width + 3.0, y + height);
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y}\" font-size=\"8\">{microseconds:.2}</text>");
}

/// Where a value stands on the scale, from its left end.
fn position(microseconds: f64) -> f64 {
    let decades = f64::from(DECADES.end() - DECADES.start());
    let from_start = microseconds.log10() - f64::from(*DECADES.start());
    (WIDTH * from_start / decades).clamp(0.0, WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_logarithmic() {
        assert_eq!(position(0.1), 0.0);
        assert_eq!(position(10_000.0), WIDTH);
        let step = position(10.0) - position(1.0);
        assert!((step - WIDTH / 5.0).abs() < 1e-9);
    }
}
