//! Who asks.

/// Supplementary groups a credential carries at most (AUTH_SYS, RFC 5531 appendix A).
pub const GROUPS_MAX: usize = 16;

/// A user, a group and up to [`GROUPS_MAX`] supplementary groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    groups: [u32; GROUPS_MAX],
    group_count: u8,
}

impl Credentials {
    /// The superuser with no supplementary groups.
    pub const ROOT: Self = Self::new(0, 0);

    /// A user and a group, no supplementary groups.
    pub const fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, groups: [0; GROUPS_MAX], group_count: 0 }
    }

    /// The same credential with these supplementary groups; `None` if there are more than
    /// [`GROUPS_MAX`].
    pub fn with_groups(mut self, groups: &[u32]) -> Option<Self> {
        self.groups.get_mut(..groups.len())?.copy_from_slice(groups);
        self.group_count = groups.len() as u8;
        Some(self)
    }

    /// The supplementary groups.
    pub fn groups(&self) -> &[u32] {
        &self.groups[..usize::from(self.group_count)]
    }

    /// Whether this credential is a member of `gid`.
    pub fn is_member(&self, gid: u32) -> bool {
        self.gid == gid || self.groups().contains(&gid)
    }

    /// Whether this credential is the superuser's.
    pub const fn is_superuser(&self) -> bool {
        self.uid == 0
    }
}
