//! From a file to a plan.

use crate::expand::Expander;
use crate::fault::{At, Fault, Faults, quoted};
use crate::images::Surroundings;
use crate::plan::{Group, Plan};
use crate::process;
use crate::section::{Beside, Section};
use crate::table::{describe, expected_one_of};
use crate::templates::Templates;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The longest file, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Sections of a file.
const SECTIONS: [&str; 6] = ["process", "switch", "defaults", "template", "service", "services"];

/// What a fleet file comes to. `file` is its name; paths in it are from its folder.
///
/// # Errors
/// All that is wrong with it, in the order of the file: one fault for each place, and
/// [`crate::FAULTS_MAX`] at most. What is no TOML at all hides the rest.
pub fn read(text: &str, file: &str, surroundings: &dyn Surroundings) -> Result<Plan, Vec<Fault>> {
    let mut faults = Faults::new(file, text);
    if text.len() > FILE_BYTES_MAX {
        let found = format!("{} bytes", text.len());
        faults.tell(&place(0, ""), format!("a file of at most {FILE_BYTES_MAX} bytes"), found);
        return Err(faults.into_list());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        faults.tell(&place(offset, ""), "TOML", error.message());
    }
    if !faults.is_empty() {
        return Err(faults.into_list());
    }
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let plan = plan(document.get_ref(), folder, surroundings, &mut faults);
    if faults.is_empty() { Ok(plan) } else { Err(faults.into_list()) }
}

fn place(offset: usize, key: &str) -> At {
    At { offset, key: key.into() }
}

fn plan(
    document: &DeTable<'_>,
    folder: &Path,
    surroundings: &dyn Surroundings,
    faults: &mut Faults<'_>,
) -> Plan {
    for key in document.keys().filter(|key| !SECTIONS.contains(&&**key.get_ref())) {
        let name = key.get_ref();
        let expected = expected_one_of(name, SECTIONS.into_iter());
        faults.tell(&place(key.span().start, name), format!("a section: {expected}"), quoted(name));
    }
    let section = |name: &'static str| {
        let value = document.get(name)?;
        Some((place(value.span().start, name), value.get_ref()))
    };
    let process = section("process").map(|given| process::process(given, folder, faults));
    let switches = section("switch").map(|given| process::switches(given, folder, faults));
    let templates = Templates::read(section("defaults"), section("template"), faults);
    let beside = Beside { templates: &templates, folder, surroundings };
    let sections = sections(document, &beside, faults);
    if sections.is_empty() && faults.is_empty() {
        // A file that is being written is often empty for a moment.
        faults.tell(&place(0, ""), "[[service]] or [[services]]", "a file that describes none");
    }
    let switches = switches.unwrap_or_default();
    let mut expander = Expander::new(faults, folder, &switches);
    let mut groups = Vec::new();
    for section in &sections {
        let first = expander.len();
        expander.add(section);
        if section.members.index_first().is_some() {
            let line = expander.faults.line(&section.at);
            groups.push(Group { line, services: first..expander.len() });
        }
    }
    let services = expander.into_services();
    Plan { process: process.unwrap_or_default(), switches, services, groups }
}

/// `[[service]]` and `[[services]]`, in the order of the file.
fn sections(document: &DeTable<'_>, beside: &Beside<'_>, faults: &mut Faults<'_>) -> Vec<Section> {
    let mut sections = Vec::new();
    for (at, value) in elements(document, "service", faults) {
        sections.extend(Section::one((at, value), beside, faults));
    }
    for (at, value) in elements(document, "services", faults) {
        sections.extend(Section::many((at, value), beside, faults));
    }
    sections.sort_by_key(|section| section.at.offset);
    sections
}

fn elements<'d>(
    document: &'d DeTable<'_>,
    name: &str,
    faults: &mut Faults<'_>,
) -> Vec<(At, &'d DeValue<'d>)> {
    let Some(value) = document.get(name) else { return Vec::new() };
    let at = place(value.span().start, name);
    if !matches!(value.get_ref(), DeValue::Array(_)) {
        faults.tell(&at, format!("[[{name}]]"), describe(value.get_ref()));
        return Vec::new();
    }
    crate::table::elements(&at, value.get_ref())
}
