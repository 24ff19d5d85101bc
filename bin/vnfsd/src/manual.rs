//! What derives from the table of flags besides parsing: manual pages and completions.

use crate::cli::Cli;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::fs;
use std::io::{Write, stdout};
use std::path::Path;

/// Writes one page for each command into `directory`.
pub fn write_pages(directory: &Path) -> Result<()> {
    let shown = directory.display();
    fs::create_dir_all(directory).with_context(|| format!("{shown}: cannot be made"))?;
    let written = clap_mangen::generate_to(Cli::command(), directory);
    written.with_context(|| format!("{shown}: manual pages cannot be written"))
}

/// Prints a shell's completion script.
pub fn print_completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vnfsd", &mut script);
    Ok(stdout().write_all(&script)?)
}
