//! `[[service]]` and `[[services]]`: who is described there.

use crate::fault::{At, Faults, Given, quoted};
use crate::images::{self, Surroundings};
use crate::keys::Section as Keys;
use crate::pattern::Pattern;
use crate::plan::SERVICES_MAX;
use crate::settings::{Settings, own_text, pattern};
use crate::table::Table;
use crate::templates::Templates;
use crate::values::{number, parsed};
use std::path::{Path, PathBuf};
use toml::de::DeValue;
use uuid::Uuid;

/// One service, or many that are alike.
pub(crate) struct Section {
    pub(crate) at: At,
    pub(crate) settings: Settings,
    pub(crate) name: Given<Pattern>,
    pub(crate) uuid: Option<Given<Uuid>>,
    pub(crate) address_step: u64,
    pub(crate) members: Members,
}

/// Who the services of a section are.
pub(crate) enum Members {
    /// One.
    One,
    /// So many, and the index of the first.
    Count(u64, u64),
    /// One for each image, and the index of the first.
    Images(Vec<PathBuf>, u64),
}

impl Members {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::One => 1,
            Self::Count(count, _) => *count,
            Self::Images(images, _) => images.len() as u64,
        }
    }

    /// The index of the first.
    pub(crate) fn index_first(&self) -> Option<u64> {
        match self {
            Self::One => None,
            Self::Count(_, first) | Self::Images(_, first) => Some(*first),
        }
    }

    /// The image of one.
    pub(crate) fn image(&self, position: u64) -> Option<&Path> {
        let Self::Images(images, _) = self else { return None };
        images.get(position as usize).map(PathBuf::as_path)
    }
}

/// What sections are read beside.
pub(crate) struct Beside<'b> {
    pub(crate) templates: &'b Templates,
    pub(crate) folder: &'b Path,
    pub(crate) surroundings: &'b dyn Surroundings,
}

impl Section {
    /// Reads `[[service]]`.
    pub(crate) fn one(
        (at, value): (At, &DeValue<'_>),
        beside: &Beside<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let table = Table::of_value(Keys::Service, at, value, faults)?;
        let uuid = parsed("a UUID such as 2f1e9f6c-5a0b-4d8e-9c37-0123456789ab");
        let uuid = table.take("uuid", faults, uuid);
        Self::read(table, uuid, Members::One, beside, faults)
    }

    /// Reads `[[services]]`.
    pub(crate) fn many(
        (at, value): (At, &DeValue<'_>),
        beside: &Beside<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let table = Table::of_value(Keys::Services, at, value, faults)?;
        let members = members(&table, beside, faults);
        Self::read(table, None, members?, beside, faults)
    }

    fn read(
        table: Table<'_>,
        uuid: Option<Given<Uuid>>,
        members: Members,
        beside: &Beside<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let own = Settings::read(&table, true, faults);
        if let (Members::Images(..), Some(image)) = (&members, &own.source.image) {
            faults.tell(&image.at, "no `image` beside `images`", "both");
        }
        let is_said = table.value("name").is_some();
        let name = table.take("name", faults, pattern);
        let name = match (&members, is_said) {
            (Members::Images(..), false) => {
                Pattern::read("{stem}").ok().map(|value| Given { value, at: table.at.clone() })
            }
            _ => name,
        };
        if name.is_none() && !is_said {
            faults.tell(&table.at, "`name`", "a service without a name");
        }
        let address_step = match members {
            Members::One => None,
            _ => table.take("address_step", faults, number(0, u64::MAX)),
        };
        let address_step = address_step.map_or(1, |given| given.value);
        let settings = beside.templates.below(own, faults);
        Some(Self { at: table.at, settings, name: name?, uuid, address_step, members })
    }
}

/// Who the services of `[[services]]` are.
fn members(table: &Table<'_>, beside: &Beside<'_>, faults: &mut Faults<'_>) -> Option<Members> {
    let first = table.take("index_first", faults, number(0, u64::MAX / 2));
    let first = first.map_or(0, |given| given.value);
    let count = table.take("count", faults, number(1, SERVICES_MAX as u64));
    let glob = table.take("images", faults, own_text);
    match (table.value("count"), table.value("images")) {
        (Some(_), Some((at, _))) => faults.tell(&at, "`images` or `count`", "both"),
        (None, None) => faults.tell(&table.at, "`images` or `count`", "neither"),
        _ => {}
    }
    let Some(glob) = glob else { return count.map(|count| Members::Count(count.value, first)) };
    let pattern = beside.folder.join(&glob.value);
    let found = images::find(&pattern, SERVICES_MAX, beside.surroundings);
    let images = faults.kept(&glob.at, &quoted(&glob.value), found)?;
    Some(Members::Images(images, first))
}
