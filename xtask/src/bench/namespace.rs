//! A place of its own for a run: process, mount and network namespaces that end with it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a tap may outlive its process.
const GONE_PATIENCE: Duration = Duration::from_secs(5);

/// Starts this program once more inside new namespaces and waits for it. Everything started
/// there ends with it, even if this process is killed.
///
/// # Errors
/// If the namespaces cannot be made or the run inside failed.
pub fn enter(folder: &Path, arguments: &[String]) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let program = std::env::current_exe().map_err(|why| format!("own path: {why}"))?;
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !is_superuser() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg(program).arg("bench").args(arguments).arg("--inside").arg(folder);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the run inside its namespaces ended with {status}")),
        Err(why) => Err(format!("unshare (of util-linux): {why}")),
    }
}

/// Outside a user namespace of our own, which nfs-ganesha cannot serve in.
pub fn is_superuser() -> bool {
    let own = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let words: Vec<&str> = own.split_whitespace().collect();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|metadata| {
        use std::os::unix::fs::MetadataExt;
        metadata.uid() == 0
    });
    is_root && words == ["0", "0", "4294967295"]
}

/// Brings up loopback, and mounts memory on `folder` and on /run, where servers find each other
/// by name and which other namespaces must not see.
///
/// # Errors
/// Which command failed.
pub fn furnish(folder: &Path) -> Result<(), String> {
    let folder = folder.to_string_lossy();
    command("ip", &["link", "set", "lo", "up"])?;
    command("mount", &["-t", "tmpfs", "-o", "size=3g", "tmpfs", &folder])?;
    command("mount", &["-t", "tmpfs", "tmpfs", "/run"])
}

/// Makes a folder, empty.
///
/// # Errors
/// If it cannot be made or emptied.
pub fn empty(folder: &Path) -> Result<(), String> {
    let failed = |why| format!("{}: {why}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}

/// Says something to the kernel by a file of its own.
///
/// # Errors
/// If it does not take it.
pub fn write_setting(path: &str, value: &str) -> Result<(), String> {
    std::fs::write(path, value).map_err(|why| format!("{path}: {why}"))
}

/// Runs a command to its end.
///
/// # Errors
/// If it cannot be started or fails.
pub fn command(program: &str, arguments: &[&str]) -> Result<(), String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "{program} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(why) => Err(format!("{program}: {why}")),
    }
}

/// Waits until a tap is gone: what a ring of a process that ended still holds is closed a little later.
///
/// # Errors
/// If it stays.
pub fn await_gone(tap: &str) -> Result<(), String> {
    let end = Instant::now() + GONE_PATIENCE;
    while command("ip", &["link", "show", tap]).is_ok() {
        if Instant::now() > end {
            return Err(format!("{tap} is still there, though its process ended"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
