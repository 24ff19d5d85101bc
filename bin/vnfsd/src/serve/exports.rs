//! What clients may mount.

use anyhow::{Context, Result};
use nfs::{Export, Exports, Rules, Squash};

/// The exports asked for, or else the whole image: with the client's superuser believed if nobody
/// but this machine can ask, because whoever serves an image to himself means to use it.
///
/// # Errors
/// If the exports contradict each other.
pub fn choose(asked: &[Export], is_this_machines_own: bool) -> Result<Exports> {
    if !asked.is_empty() {
        return Ok(Exports::new(asked.to_vec())?);
    }
    let mut root = Export::new("/").context("the root can be exported")?;
    if is_this_machines_own {
        root.rules.squash = Squash::None;
    }
    Ok(Exports::new(vec![root])?)
}

/// Rules as `--export` has them.
pub fn shown(rules: &Rules) -> String {
    let squash = match rules.squash {
        Squash::None => "no_root_squash",
        Squash::Root => "root_squash",
        Squash::All => "all_squash",
    };
    format!("{}{squash}", if rules.read_only { "ro," } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asked: &[&str], is_this_machines_own: bool) -> String {
        let asked: Vec<Export> = asked.iter().map(|text| text.parse().unwrap()).collect();
        shown(choose(&asked, is_this_machines_own).unwrap().rules())
    }

    #[test]
    fn root_is_believed_on_this_machine_only() {
        assert_eq!(chosen(&[], true), "no_root_squash");
        assert_eq!(chosen(&[], false), "root_squash");
        assert_eq!(chosen(&["/a:ro"], true), "ro,root_squash");
        assert_eq!(chosen(&["/a:no_root_squash"], false), "no_root_squash");
    }

    #[test]
    fn contradictions_are_refused() {
        let asked: Vec<Export> = ["/a", "/b:ro"].iter().map(|text| text.parse().unwrap()).collect();
        assert!(choose(&asked, true).is_err());
    }
}
