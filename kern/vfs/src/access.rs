//! Rights, and what mode bits grant of them.
//!
//! The owner's bits hold for the owner, the group's for members of the group, the others' for
//! everybody else, and only one of the three is looked at. The superuser passes all of them,
//! but may execute a file only if somebody may.

use abi::{Attributes, Credentials, FileType};

bitflags::bitflags! {
    /// Rights, as the ACCESS procedure names them (RFC 1813 §3.3.4).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Access: u32 {
        /// Read data, or the names in a directory.
        const READ = 0x01;
        /// Look a name up in a directory.
        const LOOKUP = 0x02;
        /// Rewrite existing data, or existing entries.
        const MODIFY = 0x04;
        /// Write new data, or add entries.
        const EXTEND = 0x08;
        /// Remove entries of a directory.
        const DELETE = 0x10;
        /// Execute a file.
        const EXECUTE = 0x20;
    }
}

impl Access {
    /// Rights that nobody has on a read-only mount.
    pub(crate) const CHANGES: Self = Self::MODIFY.union(Self::EXTEND).union(Self::DELETE);

    /// What the mode bits of a file give to a credential.
    pub(crate) fn granted(file: &Attributes, who: &Credentials) -> Self {
        Self::of_bits(file.file_type, Self::mode_bits(file, who))
    }

    /// The three bits, read, write and execute, that hold for this credential.
    fn mode_bits(file: &Attributes, who: &Credentials) -> u32 {
        if who.is_superuser() {
            let executable = file.file_type == FileType::Directory || file.mode & 0o111 != 0;
            return if executable { 0o7 } else { 0o6 };
        }
        let owner = who.uid == file.uid;
        let shift = if owner { 6 } else { 3 * u32::from(who.is_member(file.gid)) };
        file.mode >> shift & 0o7
    }

    /// A directory's entries change only for those who may also look them up, so its write bit
    /// counts only together with its execute bit.
    fn of_bits(file_type: FileType, bits: u32) -> Self {
        let (read, write, execute) = (bits & 4 != 0, bits & 2 != 0, bits & 1 != 0);
        let mut rights = Self::empty();
        rights.set(Self::READ, read);
        if file_type == FileType::Directory {
            rights.set(Self::LOOKUP, execute);
            rights.set(Self::CHANGES, write && execute);
        } else {
            rights.set(Self::MODIFY | Self::EXTEND, write);
            rights.set(Self::EXECUTE, execute);
        }
        rights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::file_of;

    fn rights(file_type: FileType, mode: u32, who: Credentials) -> Access {
        Access::granted(&file_of(file_type, mode, 10, 20), &who)
    }

    #[test]
    fn one_class_of_bits_is_looked_at() {
        let owner = Credentials::new(10, 20);
        let member = Credentials::new(11, 99).with_groups(&[1, 2, 20]).unwrap();
        let other = Credentials::new(11, 21);
        let change = Access::MODIFY | Access::EXTEND;
        assert_eq!(rights(FileType::Regular, 0o421, owner), Access::READ);
        assert_eq!(rights(FileType::Regular, 0o421, member), change);
        assert_eq!(rights(FileType::Regular, 0o421, other), Access::EXECUTE);
        assert_eq!(rights(FileType::Regular, 0o077, owner), Access::empty());
    }

    #[test]
    fn directories_are_looked_up_in_and_changed() {
        let owner = Credentials::new(10, 20);
        assert_eq!(rights(FileType::Directory, 0o100, owner), Access::LOOKUP);
        assert_eq!(rights(FileType::Directory, 0o200, owner), Access::empty());
        assert_eq!(rights(FileType::Directory, 0o300, owner), Access::LOOKUP | Access::CHANGES);
        assert_eq!(rights(FileType::Directory, 0o400, owner), Access::READ);
    }

    #[test]
    fn the_superuser_executes_what_somebody_may() {
        let all = Access::READ | Access::MODIFY | Access::EXTEND;
        assert_eq!(rights(FileType::Regular, 0, Credentials::ROOT), all);
        assert_eq!(rights(FileType::Regular, 0o1, Credentials::ROOT), all | Access::EXECUTE);
        let directory = Access::READ | Access::LOOKUP | Access::CHANGES;
        assert_eq!(rights(FileType::Directory, 0, Credentials::ROOT), directory);
    }
}
