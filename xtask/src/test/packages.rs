//! The Debian packages whose programs the tests ask.

use super::runner::succeed;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Installs what tests/packages.txt lists, if it may. Says whether the tests lack nothing: all of
/// it is there, and they run as root, which some need for networks and guests of their own.
pub fn provide(root: &Path) -> Result<bool, String> {
    let list = root.join("tests/packages.txt");
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let missing: Vec<_> = packages(&text).filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(is_root());
    }
    let names = missing.join(" ");
    if !may_install() {
        println!("not installed: {names}; tests that need them will be skipped");
        println!("(as root, with apt-get, this command installs them by itself)");
        return Ok(false);
    }
    println!("installing for the tests: {names}");
    succeed(apt().args(["update", "-qq"]))?;
    succeed(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing))?;
    Ok(true)
}

/// The names in a list of one a line, without its comments.
fn packages(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty())
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Status}", package]).stderr(Stdio::null());
    query.output().is_ok_and(|output| output.stdout.ends_with(b"install ok installed"))
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn may_install() -> bool {
    is_root() && apt().arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn a_package_list_may_explain_itself() {
        let list = "# images\nmakefs\n\nlibnfs-utils # clients\n";
        assert_eq!(packages(list).collect::<Vec<_>>(), ["makefs", "libnfs-utils"]);
    }
}
