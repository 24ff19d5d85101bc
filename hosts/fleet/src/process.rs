//! `[process]` and `[switch.NAME]`: what services share.

use crate::fault::{At, Faults, quoted};
use crate::keys::Section;
use crate::plan::{LogLevel, ProcessPlan, SwitchPlan, UplinkPlan};
use crate::ranges;
use crate::settings::{MTU_BYTES, own_text};
use crate::table::{Table, describe, elements};
use crate::values::{self, explained, number, parsed, word};
use posix::{Backend, LinkSpec};
use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// Uplinks of a switch.
const UPLINKS_MAX: usize = 64;

const LEVELS: [(&str, LogLevel); 5] = [
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

const BACKENDS: [(&str, Backend); 3] =
    [("auto", Backend::Auto), ("uring", Backend::Uring), ("poll", Backend::Poll)];

/// Reads `[process]`. Paths are from `folder`.
pub(crate) fn process(
    (at, value): (At, &DeValue<'_>),
    folder: &Path,
    faults: &mut Faults<'_>,
) -> ProcessPlan {
    let usual = ProcessPlan::default();
    let Some(table) = Table::of_value(Section::Process, at, value, faults) else { return usual };
    let mut count = |name: &str, most| {
        let given = table.take(name, faults, number(1, most));
        given.map(|given| given.value as usize)
    };
    let workers = count("workers", 1024);
    let open_images_max = count("open_images_max", 1_000_000);
    let starts_max = count("starts_max", 10_000).unwrap_or(usual.starts_max);
    let mut bytes = |name: &str, usual| {
        let given = table.take(name, faults, values::some_bytes);
        given.map_or(usual, |given| given.value)
    };
    let dirty_bytes = bytes("dirty", usual.dirty_bytes);
    let received_bytes = bytes("received", usual.received_bytes);
    let backend = table.take("backend", faults, word(&BACKENDS));
    let socket = parsed("an address and a port, such as \"127.0.0.1:9100\"");
    ProcessPlan {
        workers,
        backend: backend.map_or(usual.backend, |given| given.value),
        control: path(&table, "control", folder, faults),
        metrics: table.take("metrics", faults, socket).map(|given| given.value),
        dirty_bytes,
        received_bytes,
        open_images_max,
        starts_max,
        log_level: table.take("log_level", faults, word(&LEVELS)).map(|given| given.value),
        user: table.take("user", faults, own_text).map(|given| given.value),
    }
}

fn path(table: &Table<'_>, name: &str, folder: &Path, faults: &mut Faults<'_>) -> Option<PathBuf> {
    table.take(name, faults, own_text).map(|given| folder.join(given.value))
}

/// Reads the switches.
pub(crate) fn switches(
    (at, value): (At, &DeValue<'_>),
    folder: &Path,
    faults: &mut Faults<'_>,
) -> Vec<SwitchPlan> {
    let DeValue::Table(entries) = value else {
        faults.tell(&at, "tables [switch.NAME]", describe(value));
        return Vec::new();
    };
    let mut switches = Vec::new();
    for entry in Table::own_entries(&at, entries) {
        let is_name = matches!(format!("switch:{}", entry.name).parse(), Ok(LinkSpec::Switch { ref name, .. }) if name == entry.name);
        if !is_name {
            let expected = "a name of letters, digits, `-` and `_`";
            faults.tell(&entry.key, expected, quoted(entry.name));
        }
        let table = Table::of_value(Section::Switch, entry.at, entry.value, faults);
        switches.extend(table.map(|table| switch(entry.name, &table, folder, faults)));
    }
    switches
}

fn switch(name: &str, table: &Table<'_>, folder: &Path, faults: &mut Faults<'_>) -> SwitchPlan {
    let mtu = table.take("mtu", faults, number(MTU_BYTES.0, MTU_BYTES.1));
    let given = table.value("uplinks").map(|(at, value)| (elements(&at, value), at));
    let (given, at) = given.unzip();
    let given = given.unwrap_or_default();
    if let Some(at) = at.filter(|_| given.len() > UPLINKS_MAX) {
        faults.tell(&at, format!("at most {UPLINKS_MAX} uplinks"), given.len().to_string());
    }
    let uplinks = given.into_iter().take(UPLINKS_MAX);
    let uplinks = uplinks.filter_map(|given| uplink(given, folder, faults)).collect();
    let mtu_bytes = mtu.map(|given| given.value as u32);
    SwitchPlan { name: name.to_owned(), mtu_bytes, uplinks }
}

fn uplink(
    (at, value): (At, &DeValue<'_>),
    folder: &Path,
    faults: &mut Faults<'_>,
) -> Option<UplinkPlan> {
    if value.is_str() {
        let link = faults.kept(&at, &describe(value), uplink_spec(value))?;
        return Some(UplinkPlan { link, vlan: None, pcap: None });
    }
    let table = Table::of_value(Section::Uplink, at, value, faults)?;
    if table.value("link").is_none() {
        faults.tell(&table.at, "`link`", "an uplink without it");
    }
    let vlan = table.take("vlan", faults, ranges::vlan).map(|given| given.value);
    let pcap = path(&table, "pcap", folder, faults);
    let link = table.take("link", faults, uplink_spec)?.value;
    Some(UplinkPlan { link, vlan, pcap })
}

fn uplink_spec(value: &DeValue<'_>) -> Result<LinkSpec, String> {
    match explained(value)? {
        LinkSpec::Switch { .. } => Err("a link to the world, which no switch is".to_owned()),
        spec => Ok(spec),
    }
}
