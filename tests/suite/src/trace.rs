//! What crossed a link, in a file, dissected by another hand: tshark.

use crate::process::text;
use crate::require::find;
use std::path::Path;
use std::process::Command;

/// What a dissector makes of a packet that is not as it should be.
pub const FLAWS: [&str; 3] = ["_ws.malformed", "_ws.short", "_ws.unreassembled"];

/// What every reading begins with: the sums of IP are verified; and a packet is looked at before the
/// port of a client is believed to say what it is.
const PREFERENCES: [&str; 3] = [
    "-oip.check_checksum:TRUE",
    "-otcp.try_heuristic_first:TRUE",
    "-oudp.try_heuristic_first:TRUE",
];

/// A file of packets.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    file: &'a Path,
    arguments: Vec<String>,
}

/// What was asked for of one frame.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    fields: &'a [&'a str],
    values: Vec<String>,
}

impl Frame<'_> {
    /// A field as text; empty if it is not there, and with commas if it is several times.
    ///
    /// # Panics
    /// If it was not asked for.
    pub fn text(&self, field: &str) -> &str {
        let at = self.fields.iter().position(|asked| *asked == field);
        &self.values[at.unwrap_or_else(|| panic!("{field} was not asked for"))]
    }

    /// A field that is a number.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.text(field).parse().ok()
    }

    /// Whether a field is there, and has this value among others.
    pub fn has(&self, field: &str, value: &str) -> bool {
        self.text(field).split(',').any(|one| one == value)
    }
}

impl<'a> Trace<'a> {
    /// One of a service that answers where it is expected.
    pub fn new(file: &'a Path) -> Self {
        Self { file, arguments: Vec::new() }
    }

    /// One of a service that answers on this port.
    pub fn on_port(self, port: u16) -> Self {
        self.with(["-d".into(), format!("tcp.port=={port},rpc")])
    }

    /// One in which transports have their checksums: nobody else was to fill them in.
    pub fn summed(self) -> Self {
        let told = ["tcp", "udp"].map(|transport| format!("-o{transport}.check_checksum:TRUE"));
        self.with(told)
    }

    fn with(mut self, arguments: [String; 2]) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// Fields of the frames that a display filter chooses.
    ///
    /// # Panics
    /// If tshark cannot read them.
    pub fn frames<'f>(&self, filter: &str, fields: &'f [&'f str]) -> Vec<Frame<'f>> {
        let mut tshark = Command::new(find("tshark").expect("the scenario asked for it"));
        tshark.arg("-r").arg(self.file).args(PREFERENCES).args(&self.arguments);
        tshark.args(["-Y", filter, "-T", "fields"]);
        fields.iter().for_each(|field| _ = tshark.args(["-e", field]));
        let values = |line: &str| line.split('\t').map(str::to_owned).collect();
        let frame = |line| Frame { fields, values: values(line) };
        text(&mut tshark).lines().map(frame).collect()
    }

    /// All values of one field in the frames that a display filter chooses.
    ///
    /// # Panics
    /// As [`Trace::frames`].
    pub fn values(&self, filter: &str, field: &str) -> Vec<String> {
        let fields = [field];
        let frames = self.frames(filter, &fields);
        let values = frames.iter().flat_map(|frame| frame.values[0].split(','));
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }
}
