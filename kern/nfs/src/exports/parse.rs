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
//! Words that contradict each other are refused: which of them was meant is not ours to guess.
//! `all_squash` and what is said of the superuser do not, as on Linux: everybody is squashed, and
//! the superuser with them. There is no user database, so users and groups are numbers, except
//! `root` and `nobody`.

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
        let mut said = Said::default();
        for word in options.into_iter().flat_map(|options| options.split(',')) {
            said.take(word)?;
        }
        export.rules = said.rules();
        Ok(export)
    }
}

/// What the words have said so far.
#[derive(Default)]
struct Said {
    read_only: Option<bool>,
    squashes_root: Option<bool>,
    squashes_all: Option<bool>,
    uid: Option<u32>,
    gid: Option<u32>,
    /// Who acts, by BSD's words.
    mapped: Option<Credentials>,
}

impl Said {
    fn take(&mut self, word: &str) -> Result<(), ExportError> {
        let agrees = match word.split_once('=') {
            None => self.take_flag(word)?,
            Some((name, value)) => self.take_value(word, name, value)?,
        };
        let contradiction = "no contradiction to the words before it";
        if agrees { Ok(()) } else { Err(ExportError::new(word, contradiction)) }
    }

    fn take_flag(&mut self, word: &str) -> Result<bool, ExportError> {
        Ok(match word {
            "ro" => say(&mut self.read_only, true),
            "rw" => say(&mut self.read_only, false),
            "root_squash" => say(&mut self.squashes_root, true),
            "no_root_squash" => say(&mut self.squashes_root, false),
            "all_squash" => say(&mut self.squashes_all, true),
            _ => return Err(ExportError::new(word, OPTIONS)),
        })
    }

    fn take_value(&mut self, word: &str, name: &str, value: &str) -> Result<bool, ExportError> {
        let wrong = |expected| ExportError::new(word, expected);
        let number = || id(value).ok_or_else(|| wrong("a number after the equals sign"));
        let person = || credentials(value).ok_or_else(|| wrong(PERSON));
        Ok(match name {
            "anonuid" => say(&mut self.uid, number()?),
            "anongid" => say(&mut self.gid, number()?),
            "maproot" => {
                say(&mut self.mapped, person()?)
                    && say(&mut self.squashes_root, true)
                    && say(&mut self.squashes_all, false)
            }
            "mapall" => say(&mut self.mapped, person()?) && say(&mut self.squashes_all, true),
            _ => return Err(wrong(OPTIONS)),
        })
    }

    fn rules(&self) -> Rules {
        let defaults = Rules::default();
        let mut anonymous = self.mapped.unwrap_or(defaults.anonymous);
        anonymous.uid = self.uid.unwrap_or(anonymous.uid);
        anonymous.gid = self.gid.unwrap_or(anonymous.gid);
        let squash = match (self.squashes_all, self.squashes_root) {
            (Some(true), _) => Squash::All,
            (_, Some(false)) => Squash::None,
            _ => Squash::Root,
        };
        Rules { read_only: self.read_only.unwrap_or(defaults.read_only), squash, anonymous }
    }
}

/// Keeps what is said. Says whether it agrees with what was said before.
fn say<T: PartialEq + Copy>(before: &mut Option<T>, now: T) -> bool {
    *before.get_or_insert(now) == now
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
