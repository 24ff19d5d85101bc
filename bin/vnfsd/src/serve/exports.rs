//! What clients may mount.

use anyhow::{Context, Result};
use nfs::{Export, Exports, Rules, Squash};
use std::net::SocketAddr;

/// The exports asked for, or else the whole image: with the client's superuser believed if only
/// this host can ask, because whoever serves an image to himself means to use it.
///
/// # Errors
/// If the exports contradict each other.
pub fn choose(asked: &[Export], listen: &[SocketAddr]) -> Result<Exports> {
    if !asked.is_empty() {
        return Ok(Exports::new(asked.to_vec())?);
    }
    let mut root = Export::new("/").context("the root can be exported")?;
    if listen.iter().all(|address| address.ip().is_loopback()) {
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

    fn chosen(asked: &[&str], listen: &[&str]) -> String {
        let asked: Vec<Export> = asked.iter().map(|text| text.parse().unwrap()).collect();
        let listen: Vec<_> = listen.iter().map(|text| text.parse().unwrap()).collect();
        shown(choose(&asked, &listen).unwrap().rules())
    }

    #[test]
    fn root_is_believed_on_this_host_only() {
        assert_eq!(chosen(&[], &["127.0.0.1:1", "[::1]:1"]), "no_root_squash");
        assert_eq!(chosen(&[], &["127.0.0.1:1", "10.0.0.1:1"]), "root_squash");
        assert_eq!(chosen(&[], &["0.0.0.0:1"]), "root_squash");
        assert_eq!(chosen(&["/a:ro"], &["127.0.0.1:1"]), "ro,root_squash");
    }

    #[test]
    fn contradictions_are_refused() {
        let asked: Vec<Export> = ["/a", "/b:ro"].iter().map(|text| text.parse().unwrap()).collect();
        assert!(choose(&asked, &[]).is_err());
    }
}
