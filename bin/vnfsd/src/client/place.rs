//! Where the control socket is, if nobody says so.

use std::env::var_os;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a process of the system has it.
const SYSTEM: &str = "/run/vnfsd/control.sock";

/// The socket that is meant.
pub fn socket(said: Option<&Path>) -> PathBuf {
    choose(said, var_os, Path::exists)
}

fn choose(
    said: Option<&Path>,
    variable: impl Fn(&'static str) -> Option<OsString>,
    exists: impl Fn(&Path) -> bool,
) -> PathBuf {
    let named = said.map(Path::to_owned).or_else(|| variable("VNFSD_CONTROL").map(PathBuf::from));
    let of_user = || Some(Path::new(&variable("XDG_RUNTIME_DIR")?).join("vnfsd/control.sock"));
    let usual = || {
        let of_user = of_user().filter(|path| !exists(Path::new(SYSTEM)) && exists(path));
        of_user.unwrap_or_else(|| SYSTEM.into())
    };
    named.unwrap_or_else(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(said: Option<&str>, variables: &[(&str, &str)], there: &[&str]) -> String {
        let variable = |name: &'static str| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let exists = |path: &Path| there.iter().any(|there| Path::new(there) == path);
        choose(said.map(Path::new), variable, exists).display().to_string()
    }

    #[test]
    fn the_nearest_word_counts() {
        let both = [("VNFSD_CONTROL", "/c"), ("XDG_RUNTIME_DIR", "/u")];
        let of_user = "/u/vnfsd/control.sock";
        assert_eq!(chosen(Some("/a"), &both, &[of_user]), "/a");
        assert_eq!(chosen(None, &both, &[of_user]), "/c");
        assert_eq!(chosen(None, &both[1..], &[of_user]), of_user);
        assert_eq!(chosen(None, &both[1..], &[of_user, SYSTEM]), SYSTEM);
        assert_eq!(chosen(None, &both[1..], &[]), SYSTEM);
        assert_eq!(chosen(None, &[], &[of_user]), SYSTEM);
    }
}
