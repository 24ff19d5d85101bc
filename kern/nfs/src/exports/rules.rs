//! As whom a client acts.

use abi::{Credentials, GROUPS_MAX};

/// The user and group of whoever is nobody in particular.
pub const NOBODY: u32 = 65534;

/// Whose claims to be somebody are not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Squash {
    /// Everybody is believed.
    None,
    /// The superuser, and membership in group 0, are not.
    #[default]
    Root,
    /// Nobody is believed.
    All,
}

/// What the clients of an export may do, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether they may change nothing.
    pub read_only: bool,
    /// Who is not believed.
    pub squash: Squash,
    /// Who acts in place of whoever is not believed, or makes no claim.
    pub anonymous: Credentials,
}

impl Default for Rules {
    fn default() -> Self {
        let anonymous = Credentials::new(NOBODY, NOBODY);
        Self { read_only: false, squash: Squash::default(), anonymous }
    }
}

impl Rules {
    /// Who acts when a caller claims to be `claimed`.
    ///
    /// BSD replaces the superuser's credentials and leaves group 0 to others who claim it; Linux
    /// replaces both. Here group 0 goes too: otherwise a client could not be kept from what the
    /// superuser's group may write.
    pub fn actor(&self, claimed: Option<&Credentials>) -> Credentials {
        match (self.squash, claimed) {
            (Squash::None, Some(claimed)) => *claimed,
            (Squash::Root, Some(claimed)) if !claimed.is_superuser() => self.demoted(claimed),
            _ => self.anonymous,
        }
    }

    /// A credential with the anonymous group in place of group 0.
    fn demoted(&self, claimed: &Credentials) -> Credentials {
        if !claimed.is_member(0) {
            return *claimed;
        }
        let replaced = |gid| if gid == 0 { self.anonymous.gid } else { gid };
        let mut groups = [0; GROUPS_MAX];
        let count = claimed.groups().len();
        for (to, &from) in groups.iter_mut().zip(claimed.groups()) {
            *to = replaced(from);
        }
        let demoted = Credentials::new(claimed.uid, replaced(claimed.gid));
        demoted.with_groups(&groups[..count]).unwrap_or(demoted)
    }
}
