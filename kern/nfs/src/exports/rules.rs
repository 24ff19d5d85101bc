//! What a client may do, and as whom it acts.

use super::{Flavor, Flavors};
use abi::{Credentials, GROUPS_MAX};
use core::net::SocketAddr;

/// The ports that a Unix system leaves to its superuser are below this one.
const RESERVED_PORTS_END: u16 = 1024;

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
    /// Whether directories below the exported one may be mounted.
    pub all_directories: bool,
    /// How they may say who they are.
    pub flavors: Flavors,
    /// Whether they must send from a port that a Unix system leaves to its superuser.
    pub reserved_port: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            read_only: false,
            squash: Squash::default(),
            anonymous: Credentials::new(NOBODY, NOBODY),
            all_directories: false,
            flavors: Flavors::default(),
            reserved_port: false,
        }
    }
}

impl Rules {
    /// Whether calls from this address and port are let in.
    pub fn admit_port(&self, remote: SocketAddr) -> bool {
        !self.reserved_port || remote.port() < RESERVED_PORTS_END
    }

    /// Who acts when a caller claims to be `claimed`.
    ///
    /// BSD replaces the superuser's credentials and leaves group 0 to others who claim it; Linux
    /// replaces both. Here group 0 goes too: otherwise a client could not be kept from what the
    /// superuser's group may write. Where AUTH_SYS is not among the flavours, nobody's claims are
    /// listened to.
    pub fn actor(&self, claimed: Option<&Credentials>) -> Credentials {
        let claimed = claimed.filter(|_| self.flavors.names(Flavor::Sys));
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
