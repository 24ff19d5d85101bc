//! Reading `PATH[:OPTION,...]`. Writing it is for `show.rs`.
//!
//! The path ends at the first colon; a byte of it may be written as `\ooo` in three octal digits,
//! as in exports(5), a colon as `\072`.
//!
//! | word | meaning |
//! |---|---|
//! | `ro`, `rw` | whether files may be changed (default `rw`) |
//! | `root_squash`, `no_root_squash`, `all_squash` | who is not believed (default `root_squash`) |
//! | `anonuid=N`, `anongid=N` | who acts instead (default 65534) |
//! | `maproot=UID[:GID...]` | BSD's: the superuser acts as this user |
//! | `mapall=UID[:GID...]` | BSD's: everybody does |
//! | `client=ADDRESS[/BITS]` | whom this is said of, as often as there are such (default: everybody) |
//! | `alldirs` | directories below may be mounted too (BSD's) |
//! | `sec=FLAVOR[:FLAVOR]` | `sys`, `none`, best first (default `sys`) |
//! | `secure`, `insecure` | whether calls must come from a reserved port (default `insecure`) |
//!
//! Words that contradict each other are refused: which of them was meant is not ours to guess.
//! `all_squash` and what is said of the superuser do not, as on Linux: everybody is squashed, and
//! the superuser with them. There is no user database, so users and groups are numbers, except
//! `root` and `nobody`.

use super::{Export, ExportError, Flavors, NOBODY, Network, Rules, Squash};
use abi::{Credentials, GROUPS_MAX};
use alloc::vec::Vec;
use core::str::FromStr;

const OPTIONS: &str = "one of ro, rw, root_squash, no_root_squash, all_squash, anonuid=N, \
                       anongid=N, maproot=UID[:GID...], mapall=UID[:GID...], \
                       client=ADDRESS[/BITS], alldirs, sec=FLAVOR[:FLAVOR], secure, insecure";

const CLIENT: &str = "an IPv4 or IPv6 address, or a network: an address whose bits behind the \
                      first BITS are zero, as in client=192.0.2.0/24";

const FLAVORS: &str = "sys, none, or both with a colon between them";

const PERSON: &str = "UID[:GID...], at most 17 groups";

const _: () = assert!(GROUPS_MAX + 1 == 17, "PERSON says how many");

impl FromStr for Export {
    type Err = ExportError;

    /// Reads `PATH[:OPTION,...]`. The path ends at the first colon.
    fn from_str(text: &str) -> Result<Self, ExportError> {
        let (path, options) = text.split_once(':').map_or((text, None), |(p, o)| (p, Some(o)));
        let mut export = Self::of_bytes(&unescaped(path), path)?;
        let mut said = Said::default();
        for word in options.into_iter().flat_map(|options| options.split(',')) {
            said.take(word)?;
        }
        export.rules = said.rules();
        export.clients = said.clients;
        Ok(export)
    }
}

/// The bytes of a path in which some may be written as `\ooo`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&first, others)) = rest.split_first() {
        let escaped = others.first_chunk().filter(|_| first == b'\\').and_then(octal);
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &others[3..] } else { others };
    }
    bytes
}

fn octal(digits: &[u8; 3]) -> Option<u8> {
    let text = core::str::from_utf8(digits).ok()?;
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    u8::from_str_radix(text, 8).ok().filter(|_| all_digits)
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
    clients: Vec<Network>,
    all_directories: Option<bool>,
    flavors: Option<Flavors>,
    reserved_port: Option<bool>,
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
            "alldirs" => say(&mut self.all_directories, true),
            "secure" => say(&mut self.reserved_port, true),
            "insecure" => say(&mut self.reserved_port, false),
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
            "client" => {
                self.clients.push(value.parse().map_err(|_| wrong(CLIENT))?);
                true
            }
            "sec" => say(&mut self.flavors, value.parse().map_err(|_| wrong(FLAVORS))?),
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
        Rules {
            read_only: self.read_only.unwrap_or(defaults.read_only),
            squash,
            anonymous,
            all_directories: self.all_directories.unwrap_or(defaults.all_directories),
            flavors: self.flavors.unwrap_or(defaults.flavors),
            reserved_port: self.reserved_port.unwrap_or(defaults.reserved_port),
        }
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
