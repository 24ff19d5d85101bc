//! Owners as chown(8) takes them, in numbers: an image knows no names.

use std::str::FromStr;

/// A user, a group, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user, if it is to change.
    pub uid: Option<u32>,
    /// The group, if it is to change.
    pub gid: Option<u32>,
}

impl FromStr for Owner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        let owner = Self { uid: number(user)?, gid: number(group)? };
        if owner == Self::default() { Err(expected()) } else { Ok(owner) }
    }
}

fn number(text: &str) -> Result<Option<u32>, String> {
    // The largest number means nobody, or no change, to systems.
    let known = |id: &u32| *id != u32::MAX;
    match text {
        "" => Ok(None),
        _ => text.parse().ok().filter(known).map(Some).ok_or_else(expected),
    }
}

fn expected() -> String {
    "expected UID, UID:GID or :GID in numbers".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_groups_and_both() {
        let owner = |uid, gid| Ok(Owner { uid, gid });
        assert_eq!("10".parse(), owner(Some(10), None));
        assert_eq!("10:".parse(), owner(Some(10), None));
        assert_eq!(":20".parse(), owner(None, Some(20)));
        assert_eq!("0:4294967294".parse(), owner(Some(0), Some(4_294_967_294)));
        for text in ["", ":", "root", "1:2:3", "-1", "4294967295"] {
            assert!(text.parse::<Owner>().is_err(), "{text}");
        }
    }
}
