//! `cargo xtask test`: everything that has to hold before a change lands.
//!
//! Many tests ask programs by other hands: Debian's makefs, libnfs, a Linux kernel. Where this
//! chore may install packages (it is root, and there is apt-get) it does; elsewhere each test
//! that lacks its program says so and passes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// `cargo xtask test [ARGUMENT...]`, the arguments being the test runner's.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let all_there = provide_packages(root)?;
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "vnfsd", "--package", "vnfsd-suite", "--bins"]);
    succeed(build.current_dir(root))?;
    let mut tests = Command::new("cargo");
    tests.args(runner()).arg("--workspace").args(arguments).current_dir(root);
    if all_there {
        tests.env("VNFSD_REQUIRE_TOOLS", "1");
    }
    succeed(&mut tests)
}

/// nextest where it is installed, for its summary and its time-outs.
fn runner() -> &'static [&'static str] {
    let mut probe = Command::new("cargo");
    probe.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        &["test", "--no-fail-fast"]
    }
}

/// Installs the Debian packages that tests need, if it may. Says whether all are there.
fn provide_packages(root: &Path) -> Result<bool, String> {
    let list = root.join("tests/packages.txt");
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let missing: Vec<_> = packages(&text).filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(true);
    }
    let names = missing.join(" ");
    if !may_install() {
        println!("not installed: {names}; the tests that need them say so and are skipped");
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

fn may_install() -> bool {
    let user = Command::new("id").arg("-u").output();
    let is_root = user.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && apt().arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
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
