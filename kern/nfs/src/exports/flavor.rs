//! How clients may say who they are.

use core::fmt;
use core::str::FromStr;

/// A security flavour (RFC 5531 §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Flavor {
    /// AUTH_NONE: who asks is not said, or not listened to.
    None = 0,
    /// AUTH_SYS: the client's machine says who asks.
    Sys = 1,
}

impl Flavor {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sys => "sys",
        }
    }
}

/// The flavours of an export, best first; AUTH_SYS alone by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavors {
    best: Flavor,
    other: Option<Flavor>,
}

impl Flavors {
    /// One flavour, and perhaps another; `None` if they are the same.
    pub fn new(best: Flavor, other: Option<Flavor>) -> Option<Self> {
        (other != Some(best)).then_some(Self { best, other })
    }

    /// Whether it is one of them. Where AUTH_NONE is, AUTH_SYS is let in all the same: to clients
    /// the word means that whatever they say of themselves is not listened to.
    pub fn names(self, flavor: Flavor) -> bool {
        self.iter().any(|named| named == flavor)
    }

    /// The flavours, best first.
    pub fn iter(self) -> impl Iterator<Item = Flavor> {
        [Some(self.best), self.other].into_iter().flatten()
    }
}

impl Default for Flavors {
    fn default() -> Self {
        Self { best: Flavor::Sys, other: None }
    }
}

/// Words that are no list of flavours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFlavors;

impl FromStr for Flavors {
    type Err = NoFlavors;

    /// Reads `FLAVOR[:FLAVOR]`.
    fn from_str(text: &str) -> Result<Self, NoFlavors> {
        let flavor = |word| [Flavor::None, Flavor::Sys].into_iter().find(|one| one.word() == word);
        let (best, other) = text.split_once(':').map_or((text, None), |(b, o)| (b, Some(o)));
        let other = other.map(|word| flavor(word).ok_or(NoFlavors)).transpose()?;
        Self::new(flavor(best).ok_or(NoFlavors)?, other).ok_or(NoFlavors)
    }
}

impl fmt::Display for Flavors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.best.word())?;
        self.other.map_or(Ok(()), |other| write!(formatter, ":{}", other.word()))
    }
}
