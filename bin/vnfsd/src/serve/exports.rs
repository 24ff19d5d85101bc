//! What clients may mount.

use anyhow::{Context, Result};
use nfs::{Export, Exports, Squash};

/// The exports asked for, or else the whole image with every directory in it: with the client's
/// superuser believed if nobody but this machine can ask, because whoever serves an image to himself
/// means to use it.
///
/// # Errors
/// If the exports contradict each other.
pub fn choose(asked: &[Export], is_this_machines_own: bool) -> Result<Exports> {
    if !asked.is_empty() {
        return Ok(Exports::new(asked.to_vec())?);
    }
    let mut root = Export::new("/").context("the root can be exported")?;
    root.rules.all_directories = true;
    if is_this_machines_own {
        root.rules.squash = Squash::None;
    }
    Ok(Exports::new(vec![root])?)
}

/// The exports as the ready line has them: `PATH (RULES)`, and for whom they are.
pub fn shown(exports: &Exports) -> String {
    let shown = |export: &Export| {
        let clients = export.clients.iter().map(|client| format!(",client={client}"));
        format!("{} ({}{})", export.path_text(), export.rules, clients.collect::<String>())
    };
    exports.list().iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asked: &[&str], is_this_machines_own: bool) -> String {
        let asked: Vec<Export> = asked.iter().map(|text| text.parse().unwrap()).collect();
        shown(&choose(&asked, is_this_machines_own).unwrap())
    }

    #[test]
    fn root_is_believed_on_this_machine_only() {
        assert_eq!(chosen(&[], true), "/ (no_root_squash,alldirs)");
        assert_eq!(chosen(&[], false), "/ (root_squash,alldirs)");
        assert_eq!(chosen(&["/a:ro"], true), "/a (ro,root_squash)");
        assert_eq!(chosen(&["/a:no_root_squash"], false), "/a (no_root_squash)");
    }

    #[test]
    fn whom_an_export_is_for_is_shown() {
        let asked = ["/b:client=::1,client=10.0.0.0/8", "/a:ro", "/b:ro"];
        let shown = "/a (ro,root_squash) /b (root_squash,client=::1,client=10.0.0.0/8) \
                     /b (ro,root_squash)";
        assert_eq!(chosen(&asked, true), shown);
    }

    #[test]
    fn contradictions_are_refused() {
        let asked: Vec<Export> = ["/a", "/a:ro"].iter().map(|text| text.parse().unwrap()).collect();
        assert!(choose(&asked, true).is_err());
    }
}
