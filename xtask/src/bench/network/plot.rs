//! The loss grid as a picture: goodput of ours and of the kernel's, path by path, on a logarithmic
//! scale.

use super::grid::{Cell, DIRECTIONS};
use super::path::Direction;
use std::fmt::Write;

const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
const PANEL: f64 = 380.0;
const HEIGHT: f64 = 200.0;
const GAP: f64 = 60.0;
const BAR: f64 = 16.0;
/// The scale's ends, in powers of ten of 10^6 bits in a second.
const DECADES: [i32; 2] = [0, 3];
const COLOURS: [(&str, &str); 2] = [("our TCP", "#2a6f97"), ("host kernel, CUBIC", "#9aa0a6")];

/// The whole file.
pub fn svg(grid: &[Cell]) -> String {
    let (width, height) = (LEFT + 2.0 * PANEL + GAP + 20.0, TOP + HEIGHT + 50.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">Goodput over paths that lose frames, \
         10^6 bits in a second (round trip, loss)</text>\n"
    );
    for (index, (name, colour)) in COLOURS.iter().enumerate() {
        let x = LEFT + 130.0 * index as f64;
        rectangle(&mut out, (x, 28.0), (10.0, 10.0), colour);
        label(&mut out, name, x + 15.0, 37.0, "start");
    }
    for (index, direction) in DIRECTIONS.into_iter().enumerate() {
        let left = LEFT + (PANEL + GAP) * index as f64;
        let cells: Vec<&Cell> = grid.iter().filter(|cell| cell.direction == direction).collect();
        panel(&mut out, left, direction, &cells);
    }
    out + "</svg>\n"
}

fn panel(out: &mut String, left: f64, direction: Direction, cells: &[&Cell]) {
    for decade in DECADES[0]..=DECADES[1] {
        let value = 10_f64.powi(decade);
        let y = TOP + HEIGHT - height(value);
        let right = left + PANEL;
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>"
        );
        label(out, &value.to_string(), left - 6.0, y + 4.0, "end");
    }
    let who = match direction {
        Direction::Sending => "sending to the kernel",
        Direction::Receiving => "receiving from the kernel",
    };
    label(out, who, left + PANEL / 2.0, TOP - 6.0, "middle");
    let step = PANEL / cells.len().max(1) as f64;
    for (index, cell) in cells.iter().enumerate() {
        let middle = left + step * (index as f64 + 0.5);
        let (ours, kernel) = cell.medians();
        for (value, x, (_, colour)) in
            [(ours, middle - BAR, COLOURS[0]), (kernel, middle, COLOURS[1])]
        {
            let tall = height(value);
            rectangle(out, (x, TOP + HEIGHT - tall), (BAR - 1.0, tall), colour);
        }
        let rtt_ms = cell.terms.rtt_us as f64 / 1000.0;
        label(out, &format!("{rtt_ms} ms"), middle, TOP + HEIGHT + 14.0, "middle");
        let loss = cell.terms.loss * 100.0;
        label(out, &format!("{loss} %"), middle, TOP + HEIGHT + 28.0, "middle");
        let above = TOP + HEIGHT - height(ours.max(kernel)) - 4.0;
        label(out, &format!("{:.2}×", cell.ratio()), middle, above, "middle");
    }
}

/// How tall a value stands.
fn height(mbit: f64) -> f64 {
    let [lowest, highest] = DECADES.map(f64::from);
    (HEIGHT * (mbit.max(1e-9).log10() - lowest) / (highest - lowest)).clamp(0.0, HEIGHT)
}

fn rectangle(out: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
    );
}

fn label(out: &mut String, text: &str, x: f64, y: f64, anchor: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::super::path::Terms;
    use super::*;

    #[test]
    fn bars_stand_on_a_logarithmic_scale() {
        assert_eq!([height(1.0), height(1000.0), height(0.0)], [0.0, HEIGHT, 0.0]);
        let cell = Cell {
            terms: Terms { rtt_us: 200, loss: 0.0001 },
            direction: Direction::Receiving,
            ours_mbit: vec![90.0],
            kernel_mbit: vec![100.0],
        };
        let picture = svg(&[cell]);
        assert!(picture.contains(">0.2 ms<") && picture.contains(">0.01 %<"), "{picture}");
        assert!(picture.contains(">0.90×<"), "{picture}");
    }
}
