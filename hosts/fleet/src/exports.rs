//! What clients may mount: `PATH:OPTIONS`, or a table that is turned into it.

use crate::fault::{At, Faults, Given, quoted};
use crate::keys::Section;
use crate::plan::ExportPlan;
use crate::table::{Table, describe, elements};
use crate::values;
use std::sync::Arc;
use toml::de::DeValue;

/// Exports of one service.
const EXPORTS_MAX: usize = 256;

/// Reads a list of exports, which do not contradict each other.
pub(crate) fn read(
    (at, value): (At, &DeValue<'_>),
    faults: &mut Faults<'_>,
) -> Option<Given<Arc<[ExportPlan]>>> {
    let mut list = Vec::new();
    let elements = elements(&at, value);
    if elements.is_empty() || elements.len() > EXPORTS_MAX {
        let found = format!("{} of them", elements.len());
        faults.tell(&at, format!("1 to {EXPORTS_MAX} exports"), found);
        return None;
    }
    for (at, value) in elements {
        let text = match value {
            DeValue::Table(_) => of_table(at.clone(), value, faults),
            _ => {
                let text = values::text(value).map(str::to_owned);
                faults.kept(&at, &describe(value), text)
            }
        };
        list.extend(text.and_then(|text| export(&at, text, faults)));
    }
    let words: Vec<nfs::Export> = list.iter().map(|plan| plan.export.clone()).collect();
    if !words.is_empty()
        && let Err(error) = nfs::Exports::new(words)
    {
        faults.tell(&at, "exports that can stand beside each other", error.to_string());
    }
    Some(Given { value: list.into(), at })
}

fn export(at: &At, text: String, faults: &mut Faults<'_>) -> Option<ExportPlan> {
    let read = text.parse().map_err(|error| format!("PATH or PATH:OPTION,... ({error})"));
    let export = faults.kept(at, &quoted(&text), read)?;
    Some(ExportPlan { text, export })
}

/// `PATH:OPTIONS` of a table.
fn of_table(at: At, value: &DeValue<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let table = Table::of_value(Section::Export, at, value, faults)?;
    if table.value("path").is_none() {
        faults.tell(&table.at, "`path`", "an export without it");
    }
    let path = table.take("path", faults, path)?;
    let clients = table.take_list("clients", faults, |value| one_word(value, "client="));
    let options =
        table.take_list("options", faults, |value| values::text(value).map(str::to_owned));
    let given = clients.into_iter().chain(options).flat_map(|given| given.value);
    let words: Vec<String> = given.map(|given| given.value).collect();
    let path = path.value;
    Some(if words.is_empty() { path } else { format!("{path}:{}", words.join(",")) })
}

fn path(value: &DeValue<'_>) -> Result<String, String> {
    let path = values::text(value)?;
    let is_one = !path.contains(':');
    is_one.then(|| path.to_owned()).ok_or("a path without a colon".to_owned())
}

fn one_word(value: &DeValue<'_>, prefix: &str) -> Result<String, String> {
    let word = values::text(value)?;
    let is_one = !word.contains(',');
    is_one.then(|| format!("{prefix}{word}")).ok_or("one address or network".to_owned())
}
