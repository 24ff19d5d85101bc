//! vnfsd: kernel file services as an ordinary process.
//!
//! The program is doors only: [`cli`] is the one table of flags, [`serve`] puts a service on the
//! POSIX host and watches over it, [`check`] tells what a fleet file comes to, [`newfs`] makes an image and [`fsck`] checks one, [`image`] looks
//! into one and changes it with no server at all, [`client`] asks a running process and tells it what to do. What is served, and how, is the kernel's; what needs `unsafe` is the
//! host's.

mod check;
mod cli;
mod client;
mod confine;
mod fleet_file;
mod fsck;
mod image;
mod log;
mod manual;
mod newfs;
mod process;
mod run;
mod serve;
mod size;
mod text;
mod top;

use anyhow::Result;
use clap::Parser;
use cli::{Cli, Command};
use log::{Level, Times};
use std::process::ExitCode;

/// Exit code 0 if all went well, 1 if not; clap ends wrong usage with 2. `fsck` has its own.
fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_service = matches!(cli.command, Command::Serve(_) | Command::Run(_));
    let log = log::start(cli.log_level, if is_service { Times::Shown } else { Times::Hidden });
    let failure = match cli.command {
        Command::Fsck(_) => ExitCode::from(fsck::FAILURE),
        _ => ExitCode::FAILURE,
    };
    match run(cli.command, log) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vnfsd: {}{error:#}", place(&error));
            failure
        }
    }
}

/// Where an error happened that does not say so: all but those of standard output do.
fn place(error: &anyhow::Error) -> &'static str {
    let is_bare = error.chain().len() == 1 && error.is::<std::io::Error>();
    if is_bare { "standard output: " } else { "" }
}

fn run(command: Command, log: Level) -> Result<ExitCode> {
    match command {
        Command::Fsck(options) => return fsck::run(&options),
        Command::Check(options) => return check::run(&options),
        Command::Ask(command) => return client::run(&command),
        Command::Top(options) => return client::reported(top::run(&options)),
        Command::Serve(options) => serve::run(&options),
        Command::Run(options) => run::run(&options, log),
        Command::Newfs(options) => newfs::run(&options),
        Command::Image(command) => image::run(&command),
        Command::Man { directory } => manual::write_pages(&directory),
        Command::Completions { shell } => manual::print_completions(shell),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Whether whoever read our output has seen enough, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref().is_some_and(is_pipe)
}
