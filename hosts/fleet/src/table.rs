//! A table of the file, and its values by the keys that it may have.

use crate::fault::{At, Faults, Given, quoted};
use crate::keys::{self, Section};
use toml::de::{DeTable, DeValue};

/// How much two words may differ, to be taken for one misspelled.
const LIKENESS_MIN: f64 = 0.75;

/// A table whose keys are those of its section.
pub(crate) struct Table<'t> {
    section: Section,
    entries: &'t DeTable<'t>,
    pub(crate) at: At,
}

impl<'t> Table<'t> {
    /// Tells what keys there are that do not belong here.
    pub(crate) fn new(
        section: Section,
        at: At,
        entries: &'t DeTable<'t>,
        faults: &mut Faults<'_>,
    ) -> Self {
        let table = Self { section, entries, at };
        for key in entries.keys() {
            let name = key.get_ref();
            if !keys::of(section).any(|known| known.name == &**name) {
                let at = At { offset: key.span().start, key: table.path(name) };
                let names = keys::of(section).map(|known| known.name);
                faults.tell(&at, expected_one_of(name, names), quoted(name));
            }
        }
        table
    }

    /// The same of a value that has to be a table.
    pub(crate) fn of_value(
        section: Section,
        at: At,
        value: &'t DeValue<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let DeValue::Table(entries) = value else {
            faults.tell(&at, "a table", describe(value));
            return None;
        };
        Some(Self::new(section, at, entries, faults))
    }

    fn path(&self, name: &str) -> std::rc::Rc<str> {
        let parent = &*self.at.key;
        if parent.is_empty() { name.into() } else { format!("{parent}.{name}").into() }
    }

    /// The value that a key has, and where.
    ///
    /// # Panics
    /// If the table of keys does not know this one: it would not be in the reference either.
    pub(crate) fn value(&self, name: &str) -> Option<(At, &'t DeValue<'t>)> {
        assert!(keys::of(self.section).any(|known| known.name == name), "{name} is no key here");
        let value = self.entries.get(name)?;
        let at = At { offset: value.span().start, key: self.path(name) };
        Some((at, value.get_ref()))
    }

    /// What a key's value means.
    pub(crate) fn take<T>(
        &self,
        name: &str,
        faults: &mut Faults<'_>,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Given<T>> {
        let (at, value) = self.value(name)?;
        let value = faults.kept(&at, &describe(value), read(value))?;
        Some(Given { value, at })
    }

    /// What each value of a key means: it has a list of them, or one.
    pub(crate) fn take_list<T>(
        &self,
        name: &str,
        faults: &mut Faults<'_>,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Given<Vec<Given<T>>>> {
        let (at, value) = self.value(name)?;
        let mut list = Vec::new();
        for (at, value) in elements(&at, value) {
            let read = faults.kept(&at, &describe(value), read(value));
            list.extend(read.map(|value| Given { value, at }));
        }
        Some(Given { value: list, at })
    }

    /// Every key and its value, where the keys are the administrator's own.
    pub(crate) fn own_entries(at: &At, entries: &'t DeTable<'t>) -> Vec<OwnEntry<'t>> {
        let entry = |(key, value): (&'t toml::Spanned<toml::de::DeString<'t>>, &'t _)| {
            let value: &toml::Spanned<DeValue<'t>> = value;
            let name: &str = key.get_ref();
            let path = format!("{}.{name}", at.key);
            let key = At { offset: key.span().start, key: path.as_str().into() };
            let at = At { offset: value.span().start, key: path.into() };
            OwnEntry { name, key, at, value: value.get_ref() }
        };
        entries.iter().map(entry).collect()
    }
}

/// A key that the administrator chose, and its value.
pub(crate) struct OwnEntry<'t> {
    pub(crate) name: &'t str,
    pub(crate) key: At,
    pub(crate) at: At,
    pub(crate) value: &'t DeValue<'t>,
}

/// The elements of a list; of anything else, itself.
pub(crate) fn elements<'t>(at: &At, value: &'t DeValue<'t>) -> Vec<(At, &'t DeValue<'t>)> {
    let DeValue::Array(list) = value else { return vec![(at.clone(), value)] };
    let element = |(index, value): (usize, &'t toml::Spanned<DeValue<'t>>)| {
        let key = format!("{}[{index}]", at.key).into();
        (At { offset: value.span().start, key }, value.get_ref())
    };
    list.iter().enumerate().map(element).collect()
}

/// Asks for the known word that is nearest, or for any of them.
pub(crate) fn expected_one_of<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> String {
    let short: String = word.chars().take(64).collect();
    let likeness = |name: &&str| strsim::jaro_winkler(&short, name);
    let nearest = known.clone().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|name| likeness(name) >= LIKENESS_MIN) {
        Some(name) => format!("`{name}`"),
        None => {
            let all: Vec<&str> = known.take(24).collect();
            if all.is_empty() { "nothing".to_owned() } else { format!("one of {}", all.join(", ")) }
        }
    }
}

/// A value as a fault tells of it.
pub(crate) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => {
            let shown: String = number.to_string().chars().take(40).collect();
            format!("the number {shown}")
        }
        DeValue::Float(_) => "a number with a fraction".to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
