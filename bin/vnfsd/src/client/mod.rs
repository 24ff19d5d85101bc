//! Commands to a running process: flags become requests, and answers become tables, lines or JSON.
//!
//! Of several services each is asked for by itself: one that is refused does not keep the others
//! from their turn, and is told of. What services are called and what they say of themselves is
//! escaped before a terminal sees it.

mod answers;
pub mod place;
mod table;
mod told;

use crate::cli::{Ask, LogLevel, Named};
use anyhow::{Context, Result};
use control::client::Error;
use control::model;
use control::operator::Verb;
use control::request::Request;
use std::fs;
use std::io::{Read, stdin};
use std::path::{Path, absolute};
use std::process::ExitCode;
use told::Told;

/// Bytes of a description of services: more than a process reads.
const TEXT_BYTES_MAX: u64 = 2 << 20;

/// The process is not reached.
const UNREACHED: u8 = 4;

/// Asks, and says what came of it.
pub fn run(command: &Ask) -> Result<ExitCode> {
    reported(carry_out(command))
}

/// What a process refused, or that it is not reached, is said here, and has an exit code of its own.
pub fn reported(outcome: Result<ExitCode>) -> Result<ExitCode> {
    let error = match outcome {
        Err(error) => error,
        done => return done,
    };
    match error.downcast_ref() {
        Some(Error::Unreachable(text)) => {
            eprintln!("vnfsd: {text}");
            Ok(ExitCode::from(UNREACHED))
        }
        Some(Error::Refused(problem)) => {
            eprintln!("vnfsd: {}", told::refusal(problem));
            Ok(ExitCode::FAILURE)
        }
        _ => Err(error),
    }
}

fn carry_out(command: &Ask) -> Result<ExitCode> {
    match command {
        Ask::Status { which, control } => answers::status(&Told::new(control)?, which),
        Ask::Exports { which, control } => answers::exports(&Told::new(control)?, which),
        Ask::Clients(Named { names, control }) => answers::clients(&Told::new(control)?, names),
        Ask::Start(named) => act(named, |name| Request::act(name, Verb::Start)),
        Ask::Pause(named) => act(named, |name| Request::act(name, Verb::Pause)),
        Ask::Resume(named) => act(named, |name| Request::act(name, Verb::Resume)),
        Ask::Remove(named) => act(named, Request::remove),
        Ask::Stop { names, fleet: false, control } => {
            Told::new(control)?.each(names, |name| Request::act(name, Verb::Stop), told::outcome)
        }
        Ask::Stop { control, .. } => Told::new(control)?.one(&Request::end(), told::ending),
        Ask::Reload(control) => Told::new(control)?.one(&Request::reload(), told::changes),
        Ask::Add { file, control } => {
            Told::new(control)?.one(&Request::add(text(file)?), told::changes)
        }
        Ask::LogLevel { level, control } => {
            let request = level
                .map_or_else(Request::log_level, |level| Request::set_log_level(log_level(level)));
            Told::new(control)?.one(&request, told::log_level)
        }
        Ask::Pcap { name, file, control, .. } => {
            let file = file.as_ref().map(absolute).transpose()?;
            let file = file.as_ref().map(|file| file.to_string_lossy());
            Told::new(control)?.one(&Request::trace(name, file.as_deref()), told::trace)
        }
    }
}

fn act(named: &Named, request: impl Fn(&str) -> Request) -> Result<ExitCode> {
    Told::new(&named.control)?.each(&named.names, request, told::outcome)
}

fn text(file: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let read = match file.to_str() {
        Some("-") => stdin().take(TEXT_BYTES_MAX).read_to_end(&mut text),
        _ => fs::File::open(file)
            .and_then(|opened| opened.take(TEXT_BYTES_MAX).read_to_end(&mut text)),
    };
    read.with_context(|| file.display().to_string())?;
    Ok(text)
}

fn log_level(level: LogLevel) -> model::LogLevel {
    match level {
        LogLevel::Off => model::LogLevel::Off,
        LogLevel::Error => model::LogLevel::Error,
        LogLevel::Warn => model::LogLevel::Warn,
        LogLevel::Info => model::LogLevel::Info,
        LogLevel::Debug => model::LogLevel::Debug,
    }
}
