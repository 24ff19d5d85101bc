//! Fleets as a picture: memory of a service and start of all, by how many there are, on logarithmic
//! scales.

use super::density::Density;
use super::site::{NETWORKS, Network};
use super::{Fleets, peers};
use std::fmt::Write;

const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
const PANEL: f64 = 360.0;
const HEIGHT: f64 = 220.0;
const GAP: f64 = 70.0;
const COLOURS: [&str; 2] = ["#2a6f97", "#e07a5f"];
const PEER_COLOUR: &str = "#9aa0a6";
/// The ends of all panels' lower scale, in powers of ten of services.
const COUNTS: [i32; 2] = [0, 4];

/// One of the two pictures.
struct Panel {
    left: f64,
    title: &'static str,
    /// Its scale's ends, in powers of ten.
    decades: [i32; 2],
    of: fn(&Density) -> f64,
}

const PANELS: [Panel; 2] = [
    Panel {
        left: LEFT,
        title: "resident memory of the process for each service, KiB",
        decades: [0, 5],
        of: |row| row.resident_kib / f64::from(row.services),
    },
    Panel {
        left: LEFT + PANEL + GAP,
        title: "start until all are there, seconds",
        decades: [-3, 2],
        of: |row| row.start_seconds,
    },
];

/// The whole file.
pub fn svg(fleets: &Fleets) -> String {
    let (width, height) = (LEFT + 2.0 * PANEL + GAP + 30.0, TOP + HEIGHT + 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">Services that nobody talks to, by how many \
         there are in one process</text>\n"
    );
    for (index, network) in NETWORKS.into_iter().enumerate() {
        key(&mut out, index, network.name(), COLOURS[index]);
    }
    for panel in &PANELS {
        panel.draw(&mut out, &fleets.density);
    }
    if let Some(peers) = &fleets.peers {
        let name = format!("nfs-ganesha, {} processes, private", peers::SERVICES);
        key(&mut out, NETWORKS.len(), &name, PEER_COLOUR);
        let y = PANELS[0].y(peers.ganesha.memory.private_kib);
        line(&mut out, (LEFT, y), (LEFT + PANEL, y), PEER_COLOUR);
    }
    out + "</svg>\n"
}

impl Panel {
    fn draw(&self, out: &mut String, rows: &[Density]) {
        label(out, self.title, (self.left + PANEL / 2.0, TOP - 8.0), "middle");
        for decade in self.decades[0]..=self.decades[1] {
            let value = 10_f64.powi(decade);
            let y = self.y(value);
            line(out, (self.left, y), (self.left + PANEL, y), "#ddd");
            label(out, &value.to_string(), (self.left - 6.0, y + 4.0), "end");
        }
        for decade in COUNTS[0]..=COUNTS[1] {
            let count = 10_f64.powi(decade);
            let at = (self.x(count), TOP + HEIGHT + 18.0);
            label(out, &count.to_string(), at, "middle");
        }
        for (network, colour) in NETWORKS.into_iter().zip(COLOURS) {
            self.curve(out, rows, network, colour);
        }
    }

    fn curve(&self, out: &mut String, rows: &[Density], network: Network, colour: &str) {
        let rows = rows.iter().filter(|row| row.network == network);
        let point = |row: &Density| {
            format!("{:.1},{:.1}", self.x(f64::from(row.services)), self.y((self.of)(row)))
        };
        let points: Vec<String> = rows.map(point).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }

    fn x(&self, count: f64) -> f64 {
        self.left + PANEL * part(count, COUNTS)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + HEIGHT * (1.0 - part(value, self.decades))
    }
}

/// How far along a scale a value is.
fn part(value: f64, decades: [i32; 2]) -> f64 {
    let [lowest, highest] = decades.map(f64::from);
    ((value.max(1e-9).log10() - lowest) / (highest - lowest)).clamp(0.0, 1.0)
}

fn key(out: &mut String, index: usize, name: &str, colour: &str) {
    let x = LEFT + 170.0 * index as f64;
    let _ =
        writeln!(out, "<rect x=\"{x}\" y=\"27\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
    label(out, name, (x + 15.0, 36.0), "start");
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" x2=\"{x2:.1}\" y1=\"{y1:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

fn label(out: &mut String, text: &str, (x, y): (f64, f64), anchor: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_logarithmic() {
        assert_eq!([part(1.0, [0, 2]), part(10.0, [0, 2]), part(0.0, [0, 2])], [0.0, 0.5, 0.0]);
        assert_eq!(PANELS[0].x(10_000.0), LEFT + PANEL);
        assert_eq!(PANELS[1].y(0.001), TOP + HEIGHT);
    }
}
