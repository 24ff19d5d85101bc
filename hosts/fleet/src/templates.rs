//! `[defaults]` and `[template.NAME]`: what services need not say themselves.

use crate::fault::{At, Faults, Given, quoted};
use crate::keys::Section;
use crate::settings::Settings;
use crate::table::{Table, describe, expected_one_of};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// Templates that one may be made of, one behind another.
const DEPTH_MAX: usize = 16;

/// The farther layers of all services.
#[derive(Default)]
pub(crate) struct Templates {
    defaults: Settings,
    own: BTreeMap<String, Settings>,
    /// With those below each, and with the defaults.
    whole: BTreeMap<String, Settings>,
}

impl Templates {
    pub(crate) fn read(
        defaults: Option<(At, &DeValue<'_>)>,
        templates: Option<(At, &DeValue<'_>)>,
        faults: &mut Faults<'_>,
    ) -> Self {
        let table =
            defaults.and_then(|(at, value)| Table::of_value(Section::Defaults, at, value, faults));
        let defaults = table.map(|table| Settings::read(&table, false, faults));
        let own = templates.map(|given| read_all(given, faults)).unwrap_or_default();
        let defaults = defaults.unwrap_or_default();
        let mut read = Self { defaults, own, whole: BTreeMap::new() };
        let names: Vec<String> = read.own.keys().cloned().collect();
        read.whole =
            names.into_iter().map(|name| (name.clone(), read.chain(&name, faults))).collect();
        read
    }

    /// A template over those below it, over the defaults.
    fn chain(&self, name: &str, faults: &mut Faults<'_>) -> Settings {
        let (mut whole, mut next) = (Settings::default(), Some(name));
        let mut passed = Vec::new();
        while let Some(settings) = next.and_then(|next| self.own.get(next)) {
            passed.extend(next);
            let below = settings.template.as_ref();
            whole = whole.over(settings);
            next = below.map(|given| &*given.value);
            let Some(below) = below else { break };
            if passed.contains(&&*below.value) || passed.len() >= DEPTH_MAX {
                let found = format!("{} in a circle, or too deep", passed.join(" -> "));
                faults.tell(&below.at, "a template that does not lead back here", found);
                break;
            }
            self.check_name(below, faults);
        }
        whole.over(&self.defaults)
    }

    fn check_name(&self, name: &Given<String>, faults: &mut Faults<'_>) {
        if !self.own.contains_key(&name.value) {
            let expected = expected_one_of(&name.value, self.own.keys().map(String::as_str));
            faults.tell(&name.at, format!("a template: {expected}"), quoted(&name.value));
        }
    }

    /// What a service says, over its template, over the defaults.
    pub(crate) fn below(&self, settings: Settings, faults: &mut Faults<'_>) -> Settings {
        let Some(name) = settings.template.clone() else { return settings.over(&self.defaults) };
        self.check_name(&name, faults);
        settings.over(self.whole.get(&name.value).unwrap_or(&self.defaults))
    }
}

fn read_all(
    (at, value): (At, &DeValue<'_>),
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Settings> {
    let DeValue::Table(entries) = value else {
        faults.tell(&at, "tables [template.NAME]", describe(value));
        return BTreeMap::new();
    };
    let mut templates = BTreeMap::new();
    for entry in Table::own_entries(&at, entries) {
        let table = Table::of_value(Section::Template, entry.at, entry.value, faults);
        let settings = table.map(|table| Settings::read(&table, true, faults));
        templates.extend(settings.map(|settings| (entry.name.to_owned(), settings)));
    }
    templates
}
