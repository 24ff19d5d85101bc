//! What a stranger makes of all that crossed a link on which nothing is lost.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use suite::lan::Offload;
use suite::trace::{FLAWS, Frame, Trace};

/// The ports of a service.
const PORTS: [&str; 2] = ["111", "2049"];

/// What nothing has that crosses such a link.
const LOSSES: [&str; 2] = ["tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment"];

/// Whether checksums are right.
const SUMS: [&str; 5] = [
    "ip.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
];

const WRONG: &str = "0";

/// What Linux writes for a sum of TCP's that is 0x0000: to a sum both zeros are the same.
const OTHER_ZERO: &str = "0xffff";

/// What tshark finds malformed where a part of a stream is sent again in other pieces.
const SENT_AGAIN: &str = "New fragment overlaps old data (retransmission?)";

/// What else is asked for of each frame.
const FACTS: [&str; 13] = [
    "frame.number",
    "frame.len",
    "eth.src",
    "tcp.srcport",
    "tcp.stream",
    "tcp.seq",
    "tcp.len",
    "tcp.flags.reset",
    "tcp.checksum",
    "rpc.program",
    "rpc.msgtyp",
    "ip.flags.mf",
    "ipv6.fraghdr.more",
];

/// What was seen on the link, and is sound.
#[derive(Debug, Default)]
pub struct Seen {
    /// Programs that were called, and that answered.
    pub programs: HashSet<(String, String)>,
    /// Stations that sent fragments, and whether of IPv6.
    pub fragments: HashSet<(String, bool)>,
    /// The longest frame of each station, in bytes.
    pub longest_bytes: HashMap<String, u64>,
}

/// Reads a trace: nothing is malformed, and no sum is wrong that was not left to the kernel.
pub fn well_formed(file: &Path, offload: Offload) -> Seen {
    judged(&trace(file, offload), |_| {})
}

/// Reads a trace of a link that loses nothing. As [`well_formed`], and nothing was lost on the way,
/// and the service has refused nobody and sent nothing twice.
pub fn sound(file: &Path, offload: Offload) -> Seen {
    let mut ends = HashMap::new();
    let seen = judged(&trace(file, offload), |frame| {
        let loss = LOSSES.iter().find(|field| !frame.text(field).is_empty());
        assert_eq!(loss, None, "{frame:?}");
        if PORTS.contains(&frame.text("tcp.srcport")) {
            is_in_order(frame, &mut ends);
        }
    });
    assert!(!ends.is_empty(), "there were connections");
    seen
}

fn trace(file: &Path, offload: Offload) -> Trace<'_> {
    match offload {
        Offload::Kernel => Trace::new(file),
        Offload::Nobody => Trace::new(file).summed(),
    }
}

fn judged(trace: &Trace<'_>, mut more: impl FnMut(&Frame<'_>)) -> Seen {
    let fields = [&FACTS[..], &FLAWS, &LOSSES, &SUMS].concat();
    let mut seen = Seen::default();
    for frame in trace.frames("frame", &fields) {
        is_well_formed(&frame);
        more(&frame);
        seen.take(&frame);
    }
    seen
}

fn is_well_formed(frame: &Frame<'_>) {
    let has_flaw = |field| {
        let text = frame.text(field);
        !text.is_empty() && !text.contains(SENT_AGAIN)
    };
    let flaw = FLAWS.iter().find(|field| has_flaw(field));
    let is_zero = frame.text("tcp.checksum") == OTHER_ZERO;
    let wrong = SUMS.iter().find(|field| frame.has(field, WRONG) && !is_zero);
    assert!((flaw, wrong) == (None, None), "{flaw:?} {wrong:?} in {frame:?}");
}

/// Each byte follows the one before. Only tails are sent again: who hears nothing of the last
/// segment probes with it (RFC 8985 §7), and a busy machine may keep us waiting.
fn is_in_order(frame: &Frame<'_>, ends: &mut HashMap<String, u64>) {
    assert!(!frame.has("tcp.flags.reset", "1"), "refused: {frame:?}");
    let [sequence, length] = ["tcp.seq", "tcp.len"].map(|field| frame.number(field));
    let (sequence, length) = (sequence.expect("of TCP"), length.expect("of TCP"));
    if length > 0 {
        let end = ends.entry(frame.text("tcp.stream").to_owned()).or_insert(1);
        let is_tail = sequence + length == *end;
        assert!(sequence == *end || is_tail, "{end} bytes were sent before {frame:?}");
        *end = sequence + length;
    }
}

impl Seen {
    fn take(&mut self, frame: &Frame<'_>) {
        let station = frame.text("eth.src");
        let [programs, kinds] = ["rpc.program", "rpc.msgtyp"].map(|field| frame.text(field));
        for (program, kind) in programs.split(',').zip(kinds.split(',')) {
            self.programs.insert((program.to_owned(), kind.to_owned()));
        }
        for (is_v6, field) in ["ip.flags.mf", "ipv6.fraghdr.more"].iter().enumerate() {
            if frame.has(field, "1") {
                self.fragments.insert((station.to_owned(), is_v6 == 1));
            }
        }
        let longest_bytes = self.longest_bytes.entry(station.to_owned()).or_default();
        *longest_bytes = frame.number("frame.len").unwrap_or_default().max(*longest_bytes);
    }

    /// The program was called, and answered.
    pub fn has_program(&self, program: u32) {
        for kind in ["0", "1"] {
            let is_there = self.programs.contains(&(program.to_string(), kind.to_owned()));
            assert!(is_there, "no message {kind} of {program}: {:?}", self.programs);
        }
    }
}
