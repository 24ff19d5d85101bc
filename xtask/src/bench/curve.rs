//! The growth of a directory as a picture: what a name costs, by how many there are.

use crate::bench::counts::Size;
use std::fmt::Write;

const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 180.0;
const COLOUR: &str = "#2a6f97";

/// The whole file.
pub fn svg(sizes: &[Size]) -> String {
    let most = sizes.iter().map(|size| size.names).max().unwrap_or(1);
    let dearest = sizes.iter().map(|size| size.cpu_us_per_name).fold(1.0, f64::max);
    let top = (dearest / 10.0).ceil() * 10.0;
    let (width, height) = (LEFT + WIDTH + 40.0, TOP + HEIGHT + 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-size=\"14\">Server CPU time for a new name, \
         microseconds, by names in its directory</text>\n"
    );
    for part in 0..=4 {
        let (x, y) = (LEFT + WIDTH * f64::from(part) / 4.0, across(f64::from(part) / 4.0));
        line(&mut out, (LEFT, y), (LEFT + WIDTH, y));
        label(&mut out, &format!("{:.0}", top * f64::from(part) / 4.0), LEFT - 8.0, y + 4.0, "end");
        label(&mut out, &(most * part as u64 / 4).to_string(), x, TOP + HEIGHT + 18.0, "middle");
    }
    let point = |size: &Size| {
        let x = LEFT + WIDTH * size.names as f64 / most as f64;
        format!("{x:.1},{:.1}", across(size.cpu_us_per_name / top))
    };
    let points: Vec<String> = sizes.iter().map(point).collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{COLOUR}\" stroke-width=\"2\"/>",
        points.join(" ")
    );
    out + "</svg>\n"
}

/// Where a part of the scale's whole stands.
fn across(part: f64) -> f64 {
    TOP + HEIGHT * (1.0 - part)
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ =
        writeln!(out, "<line x1=\"{x1}\" x2=\"{x2}\" y1=\"{y1}\" y2=\"{y2}\" stroke=\"#ddd\"/>");
}

fn label(out: &mut String, text: &str, x: f64, y: f64, anchor: &str) {
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_point_is_at_the_right() {
        let sizes = [(1000, 20.0), (2000, 40.0)];
        let sizes = sizes.map(|(names, cpu_us_per_name)| Size { names, cpu_us_per_name });
        let picture = svg(&sizes);
        assert!(picture.contains("points=\"340.0,130.0 620.0,40.0\""), "{picture}");
    }
}
