//! Running the tests: nextest where it is installed, for its time-outs, otherwise Cargo.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

/// Marks the lines that sum up a run: nextest's, and Cargo's for each test program.
const SUMMARIES: [&str; 2] = ["Summary [", "test result:"];

/// Builds the program under test, which tests of other crates run.
pub fn build(root: &Path) -> Result<(), String> {
    succeed(Command::new("cargo").args(["build", "--package", "vnfsd"]).current_dir(root))
}

/// Runs every test of the workspace. Unless they lack nothing, whatever they skip is
/// listed, and the runner's summary still comes last.
pub fn run(root: &Path, arguments: &[String], lacks_nothing: bool) -> Result<(), String> {
    let mut tests = Command::new("cargo");
    tests.args(runner()).arg("--workspace").args(arguments).current_dir(root);
    if lacks_nothing {
        return succeed(tests.env("VNFSD_REQUIRE_TOOLS", "1"));
    }
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let notices = folder.path().join("skipped");
    File::create(&notices).map_err(|error| format!("{}: {error}", notices.display()))?;
    let (output, input) = pipe().map_err(|error| format!("a pipe: {error}"))?;
    let both = input.try_clone().map_err(|error| format!("a pipe: {error}"))?;
    tests.env("VNFSD_SKIPPED", &notices).stdout(input).stderr(both);
    let mut child = tests.spawn().map_err(|error| format!("cargo: {error}"))?;
    // The command holds the pipe's other end open.
    drop(tests);
    let summary = pass_on(output);
    let skipped = fs::read_to_string(&notices).unwrap_or_default();
    print!("{skipped}{summary}");
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo: {status}")),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

/// Prints what the runner prints, but for its last summary and what follows that.
fn pass_on(output: PipeReader) -> String {
    let mut held = String::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let sums_up = SUMMARIES.iter().any(|mark| line.contains(mark));
        if sums_up {
            print!("{}", std::mem::take(&mut held));
        }
        if sums_up || !held.is_empty() {
            held.push_str(&line);
            held.push('\n');
        } else {
            println!("{line}");
        }
    }
    held
}

/// nextest if it is installed.
fn runner() -> &'static [&'static str] {
    let mut probe = Command::new("cargo");
    probe.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        &["test", "--no-fail-fast"]
    }
}

/// Runs a command that shows its own output.
///
/// # Errors
/// If it cannot be started or fails.
pub fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_summary_is_held_back() {
        let (output, mut input) = pipe().unwrap();
        input.write_all(b"test a ... ok\ntest result: 1\nrunning b\ntest result: 2\n\n").unwrap();
        drop(input);
        assert_eq!(pass_on(output), "test result: 2\n\n");
    }
}
