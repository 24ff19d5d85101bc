//! The exposition, as its own text and as its page describe it.

use super::{PREFIX, Scope, exposition};
use crate::made_up::MadeUp;
use crate::model::Code;
use std::collections::BTreeSet;

fn scope(query: &[(&str, &str)]) -> Scope {
    let pairs = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Scope::of_query(&pairs.collect::<Vec<_>>()).expect("a scope")
}

fn text(services: u64, query: &[(&str, &str)]) -> String {
    exposition(&MadeUp::new(services), &scope(query)).expect("an answer")
}

fn count(text: &str, beginning: &str) -> usize {
    text.lines().filter(|line| line.starts_with(beginning)).count()
}

/// Names of families, with their types.
fn families(text: &str) -> BTreeSet<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn series_do_not_grow_with_the_services() {
    let few = text(100, &[]);
    let many = text(10_000, &[]);
    assert_eq!(few.lines().count(), many.lines().count());
    assert_eq!(count(&many, "vnfsd_service_calls_total{"), 20);
    assert!(many.contains("\nvnfsd_services_left_out 9980.0\n"), "{many}");
}

#[test]
fn more_services_are_told_on_request_up_to_a_bound() {
    assert_eq!(count(&text(100, &[("services", "3")]), "vnfsd_service_up{"), 3);
    assert_eq!(count(&text(100, &[("services", "all")]), "vnfsd_service_up{"), 100);
    let many = text(3000, &[("services", "all")]);
    assert_eq!(count(&many, "vnfsd_service_up{"), 1000);
    assert!(many.contains("\nvnfsd_services_left_out 2000.0\n"));
    let next = text(3000, &[("after", "s02989"), ("services", "all")]);
    assert_eq!(count(&next, "vnfsd_service_up{"), 10);
}

#[test]
fn a_named_service_tells_its_procedures() {
    let text = text(10, &[("service", "s00003")]);
    assert_eq!(count(&text, "vnfsd_service_calls_total{service=\"s00003\"} 30"), 1);
    let read = "vnfsd_service_call_duration_seconds_count{\
                service=\"s00003\",program=\"NFS\",version=\"3\",procedure=\"READ\"} 400";
    assert_eq!(count(&text, read), 1);
}

#[test]
fn a_query_for_what_there_is_not_is_refused() {
    for (key, value) in [("services", "1001"), ("services", "-1"), ("colour", "red")] {
        let pairs = [(key.to_owned(), value.to_owned())];
        assert!(Scope::of_query(&pairs).is_err_and(|it| it.code == Code::BadRequest), "{key}");
    }
    let names: Vec<_> = (0..11).map(|name| ("service".to_owned(), name.to_string())).collect();
    assert!(Scope::of_query(&names).is_err());
    let unknown = exposition(&MadeUp::new(1), &scope(&[("service", "nobody")]));
    assert!(unknown.is_err_and(|failure| failure.code == Code::NoSuchService));
}

/// docs/metrics.md lists each family with its type, and none that is not there.
#[test]
fn the_page_lists_every_family() {
    let told = families(&text(3, &[("service", "s00001")]));
    let page = include_str!("../../../../docs/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let listed = rows.filter(|(name, _)| name.starts_with(PREFIX)).map(|(name, rest)| {
        let kind = rest.split(' ').next().unwrap_or_default();
        let name = if kind == "counter" { name.trim_end_matches("_total") } else { name };
        (name.to_owned(), kind.to_owned())
    });
    assert_eq!(listed.collect::<BTreeSet<_>>(), told);
}
