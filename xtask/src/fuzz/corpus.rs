//! The corpus kept in the repository: as few and as small inputs as reach what is known to be
//! reached.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Size of one target's corpus in the repository.
const BYTES_MAX: u64 = 200 << 10;

/// Replaces what is kept by what, of all that was learned, reaches the same code with the fewest
/// bytes, up to [`BYTES_MAX`].
///
/// # Errors
/// What failed.
pub fn minimise(program: &Path, learned: &Path, kept: &Path) -> Result<(), String> {
    let merged = learned.with_extension("merged");
    remake(&merged)?;
    let status = Command::new(program)
        .args(["-merge=1", "-use_counters=0", "-max_len=2048"])
        .args([&merged, &learned.to_owned(), &kept.to_owned()])
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("{} -merge=1: {status}", program.display())),
        Err(why) => return Err(format!("{}: {why}", program.display())),
    }
    let chosen = smallest(&merged)?;
    remake(kept)?;
    for file in &chosen {
        let name = file.file_name().unwrap_or_default();
        std::fs::copy(file, kept.join(name)).map_err(|why| format!("{}: {why}", kept.display()))?;
    }
    println!("{}: {} inputs kept", kept.display(), chosen.len());
    Ok(())
}

fn remake(folder: &Path) -> Result<(), String> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))
}

/// The smallest files of a folder, as many as the limit allows.
fn smallest(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let files = std::fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let with_size = |file: std::fs::DirEntry| Some((file.metadata().ok()?.len(), file.path()));
    let mut sized: Vec<_> = files.flatten().filter_map(with_size).collect();
    sized.sort();
    let mut room = BYTES_MAX;
    let fits = |(size, _): &(u64, PathBuf)| match room.checked_sub(*size) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    Ok(sized.into_iter().take_while(fits).map(|(_, path)| path).collect())
}
