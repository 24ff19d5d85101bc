//! `cargo xtask fuzz [TARGET] [--seconds N | --long]`: builds the fuzz targets and runs them.
//!
//! No tool has to be installed: the flags that make a program a fuzzer (LLVM's coverage, the
//! address sanitizer) are given to the compiler here, and `libfuzzer-sys` brings LLVM's fuzzer,
//! for which a C++ compiler is needed. What is found is left in `fuzz/artifacts`. What a long run
//! learns is minimised into `fuzz/corpus`, which `cargo test` replays.

mod corpus;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler's part: coverage as libFuzzer reads it, comparisons traced, memory checked.
const FLAGS: [&str; 8] = [
    "-Zsanitizer=address",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

const SECONDS: u32 = 30;
const LONG_SECONDS: u32 = 600;

/// An input that takes longer, or more memory at once, is a finding.
const LIMITS: [&str; 4] =
    ["-timeout=10", "-malloc_limit_mb=64", "-rss_limit_mb=2048", "-max_len=2048"];

#[derive(Debug, PartialEq)]
struct Plan {
    target: Option<String>,
    seconds: u32,
    /// Whether the repository's corpus takes over what was learned.
    keep: bool,
}

impl Plan {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut plan = Self { target: None, seconds: SECONDS, keep: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--long" => (plan.seconds, plan.keep) = (LONG_SECONDS, true),
                "--seconds" => {
                    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok());
                    plan.seconds = seconds.ok_or("--seconds: how many?")?;
                }
                option if option.starts_with('-') => return Err(format!("{option}?")),
                target => plan.target = Some(target.to_owned()),
            }
        }
        Ok(plan)
    }
}

/// Fuzzes one target, or each in turn.
///
/// # Errors
/// A sentence that says what could not be built, or what was found and where it is.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let plan = Plan::parse(arguments)?;
    let targets = targets(root, plan.target.as_deref())?;
    let programs = build(root)?;
    for target in &targets {
        fuzz(root, &programs, target, &plan)?;
    }
    Ok(())
}

/// The names of the programs in `fuzz/driver`.
fn targets(root: &Path, asked: Option<&str>) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/driver/src/bin");
    let files = std::fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let stems = files.flatten().filter_map(|file| file.path().file_stem().map(ToOwned::to_owned));
    let mut all: Vec<String> = stems.map(|stem| stem.to_string_lossy().into_owned()).collect();
    all.sort();
    match asked {
        None => Ok(all),
        Some(asked) if all.iter().any(|target| target == asked) => Ok(vec![asked.to_owned()]),
        Some(asked) => Err(format!("no target {asked}; there are {}", all.join(", "))),
    }
}

/// Builds all targets and says in which folder they are.
fn build(root: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let target_folder = target_folder(root);
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo)
        .arg("build")
        .args(["--release", "--target", &host, "--manifest-path"])
        .arg(root.join("fuzz/driver/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_folder)
        // Sanitizers are not stable yet; this compiler knows them all the same.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS.join(" "))
        .status();
    match status {
        Ok(status) if status.success() => Ok(target_folder.join(host).join("release")),
        Ok(status) => Err(format!("cargo build of fuzz/driver: {status}")),
        Err(why) => Err(format!("cargo: {why}")),
    }
}

fn target_folder(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root.join("target")).join("fuzz")
}

/// The compiler's own target. Naming it keeps the flags away from build scripts.
fn host() -> Result<String, String> {
    let output =
        Command::new("rustc").arg("-vV").output().map_err(|why| format!("rustc: {why}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from).ok_or_else(|| "rustc -vV does not name its host".into())
}

fn fuzz(root: &Path, programs: &Path, target: &str, plan: &Plan) -> Result<(), String> {
    let program = programs.join(target);
    let learned = target_folder(root).join("corpus").join(target);
    let kept = root.join("fuzz/corpus").join(target);
    let findings = root.join("fuzz/artifacts").join(target);
    for folder in [&learned, &kept, &findings] {
        std::fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    }
    let status = Command::new(&program)
        .args([&learned, &kept])
        .args(LIMITS)
        .arg(format!("-max_total_time={}", plan.seconds))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg("-print_final_stats=1")
        .status();
    let status = status.map_err(|why| format!("{}: {why}", program.display()))?;
    if !status.success() {
        return Err(format!("{target}: found something: see {}", findings.display()));
    }
    match plan.keep {
        true => corpus::minimise(&program, &learned, &kept),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Plan, String> {
        Plan::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn long_runs_are_kept() {
        let plan = parse(&["ffs_image", "--long"]).expect("a plan");
        assert_eq!(plan, Plan { target: Some("ffs_image".into()), seconds: 600, keep: true });
        assert!(parse(&["--seconds", "5"]).is_ok_and(|plan| plan.seconds == 5 && !plan.keep));
        assert!(parse(&["--seconds"]).is_err());
        assert!(parse(&["--lengthy"]).is_err());
    }
}
