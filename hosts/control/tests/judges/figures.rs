//! The exposition, read by Prometheus's own client for Python.

use crate::{fleet, require};
use control::metrics::{Scope, exposition};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

/// Debian's Python has it, whatever other there may be.
const PYTHON: &str = "/usr/bin/python3";

const READER: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
for family in families(sys.stdin.read()):
    for sample in family.samples:
        print(json.dumps([family.name, family.type, family.unit, sample.name, sample.labels, sample.value]))
";

/// Each sample as the reader has it: family, type, unit, name, labels, value.
fn read(text: &str) -> Vec<Value> {
    let mut reader = Command::new(PYTHON);
    reader.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = reader.spawn().expect("python3 can be started");
    let mut input = reader.stdin.take().expect("a pipe");
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = reader.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the reader takes it for something else");
    writer.join().expect("no panic").expect("it was read to the end");
    let lines = String::from_utf8(output.stdout).expect("it prints text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text(query: &[(&str, &str)]) -> String {
    let pairs = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let scope = Scope::of_query(&pairs.collect::<Vec<_>>()).expect("a scope");
    exposition(&fleet::operator(40), &scope).expect("an answer")
}

#[test]
fn the_figures_are_open_metrics() {
    if !require::command(&[PYTHON, "-c", "import prometheus_client"], "python3-prometheus-client") {
        return;
    }
    let samples = read(&text(&[("services", "all")]));
    let told: BTreeSet<&str> = samples.iter().filter_map(|it| it[4]["service"].as_str()).collect();
    assert!(fleet::NAMES.iter().all(|name| told.contains(name)), "{told:?}");
    assert_eq!(told.len(), 40 + fleet::NAMES.len());
    let calls = samples.iter().find(|it| it[3] == "vnfsd_service_calls_total");
    assert!(calls.is_some_and(|it| it[1] == "counter"), "{calls:?}");
    let bytes = samples.iter().find(|it| it[0] == "vnfsd_memory_bytes");
    assert!(bytes.is_some_and(|it| it[1] == "gauge" && it[2] == "bytes"), "{bytes:?}");

    let of_one = read(&text(&[("service", fleet::NAMES[5])]));
    let buckets = of_one.iter().filter(|it| it[3] == "vnfsd_service_call_duration_seconds_bucket");
    assert_eq!(buckets.count(), 5 * control::model::BUCKETS);
}
