//! Reading `PATH[:OPTION,...]`.
//!
//! | word | meaning |
//! |---|---|
//! | `ro`, `rw` | whether files may be changed (default `rw`) |
//! | `root_squash`, `no_root_squash`, `all_squash` | who is not believed (default `root_squash`) |
//! | `anonuid=N`, `anongid=N` | who acts instead (default 65534) |
//! | `maproot=UID[:GID...]` | BSD's: the superuser acts as this user |
//! | `mapall=UID[:GID...]` | BSD's: everybody does |
//!
//! Of words that contradict each other the last one counts. There is no user database, so users
//! and groups are numbers, except `root` and `nobody`.

use super::{Export, ExportError, NOBODY, Rules, Squash};
use abi::{Credentials, GROUPS_MAX};
use alloc::vec::Vec;
use core::str::FromStr;

const OPTIONS: &str = "one of ro, rw, root_squash, no_root_squash, all_squash, anonuid=N, \
                       anongid=N, maproot=UID[:GID...], mapall=UID[:GID...]";

const PERSON: &str = "UID[:GID...], at most 17 groups";

const _: () = assert!(GROUPS_MAX + 1 == 17, "PERSON says how many");

impl FromStr for Export {
    type Err = ExportError;

    /// Reads `PATH[:OPTION,...]`. The path ends at the first colon.
    fn from_str(text: &str) -> Result<Self, ExportError> {
        let (path, options) = text.split_once(':').map_or((text, None), |(p, o)| (p, Some(o)));
        let mut export = Self::new(path)?;
        for word in options.into_iter().flat_map(|options| options.split(',')) {
            apply(word, &mut export.rules)?;
        }
        Ok(export)
    }
}

fn apply(word: &str, rules: &mut Rules) -> Result<(), ExportError> {
    match word.split_once('=') {
        None => apply_flag(word, rules),
        Some((name, value)) => apply_value(word, name, value, rules),
    }
}

fn apply_flag(word: &str, rules: &mut Rules) -> Result<(), ExportError> {
    match word {
        "ro" => rules.read_only = true,
        "rw" => rules.read_only = false,
        "root_squash" => rules.squash = Squash::Root,
        "no_root_squash" => rules.squash = Squash::None,
        "all_squash" => rules.squash = Squash::All,
        _ => return Err(ExportError::new(word, OPTIONS)),
    }
    Ok(())
}

fn apply_value(word: &str, name: &str, value: &str, rules: &mut Rules) -> Result<(), ExportError> {
    let wrong = |expected| ExportError::new(word, expected);
    let number = || id(value).ok_or_else(|| wrong("a number after the equals sign"));
    let person = || credentials(value).ok_or_else(|| wrong(PERSON));
    match name {
        "anonuid" => rules.anonymous.uid = number()?,
        "anongid" => rules.anonymous.gid = number()?,
        "maproot" => (rules.squash, rules.anonymous) = (Squash::Root, person()?),
        "mapall" => (rules.squash, rules.anonymous) = (Squash::All, person()?),
        _ => return Err(wrong(OPTIONS)),
    }
    Ok(())
}

/// `UID[:GID...]`. Without a group, user 0 is in group 0 and everybody else in nobody's.
fn credentials(text: &str) -> Option<Credentials> {
    let mut ids = text.split(':').map(id);
    let uid = ids.next()??;
    let groups = ids.collect::<Option<Vec<u32>>>()?;
    let gid_default = if uid == 0 { 0 } else { NOBODY };
    let (gid, others) = groups.split_first().map_or((gid_default, &[][..]), |(g, o)| (*g, o));
    Credentials::new(uid, gid).with_groups(others)
}

fn id(text: &str) -> Option<u32> {
    match text {
        "root" => Some(0),
        "nobody" => Some(NOBODY),
        _ => text.parse().ok(),
    }
}
