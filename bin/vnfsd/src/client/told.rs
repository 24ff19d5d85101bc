//! What is printed of answers: their JSON as it came, or lines for people.

use super::place;
use super::table::{perhaps, plain, table};
use crate::cli::Control;
use anyhow::Result;
use control::Client;
use control::client::Error;
use control::model::{Changes, Fleet, LogLevels, Outcome, Problem, Trace};
use control::request::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// The way to the process, and how it is told what came of asking.
pub struct Told {
    client: Client,
    is_json: bool,
}

impl Told {
    /// By these flags.
    ///
    /// # Errors
    /// If there are no descriptors left.
    pub fn new(flags: &Control) -> Result<Self> {
        let client = Client::new(&place::socket(flags.control.as_deref()))?;
        Ok(Self { client, is_json: flags.json })
    }

    /// The way.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Prints JSON, or what people read instead.
    ///
    /// # Errors
    /// If nobody reads that.
    pub fn print(&self, json: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let text = if self.is_json { serde_json::to_string_pretty(json)? } else { text() };
        Ok(writeln!(stdout().lock(), "{}", text.trim_end())?)
    }

    /// One request, and what it says to people.
    ///
    /// # Errors
    /// If it was not answered, or not with that.
    pub fn one<T: DeserializeOwned>(
        &self,
        request: &Request,
        text: impl Fn(&T) -> String,
    ) -> Result<ExitCode> {
        let answer = self.client.ask(request)?;
        let read: T = read(&answer)?;
        self.print(&answer, || text(&read))?;
        Ok(ExitCode::SUCCESS)
    }

    /// One request for each name. Those that are refused are told of, and make it a failure.
    ///
    /// # Errors
    /// If the process is not reached.
    pub fn each<T: DeserializeOwned>(
        &self,
        names: &[String],
        request: impl Fn(&str) -> Request,
        text: impl Fn(&T) -> String,
    ) -> Result<ExitCode> {
        let (mut answers, mut lines, mut code) = (Vec::new(), Vec::new(), ExitCode::SUCCESS);
        for name in names {
            match self.client.ask(&request(name)) {
                Err(Error::Refused(problem)) => {
                    eprintln!("vnfsd: {}", refusal(&problem));
                    code = ExitCode::FAILURE;
                }
                answer => {
                    let answer = answer?;
                    lines.push(text(&read(&answer)?));
                    answers.push(answer);
                }
            }
        }
        if self.is_json || !lines.is_empty() {
            self.print(&answers, || lines.join("\n"))?;
        }
        Ok(code)
    }
}

/// An answer as a type.
pub fn read<T: DeserializeOwned>(answer: &Value) -> Result<T> {
    let read = T::deserialize(answer);
    Ok(read.map_err(|error| Error::Misunderstood(format!("another language: {error}")))?)
}

/// A problem, for a terminal, a line for each fault.
pub fn refusal(problem: &Problem) -> String {
    problem.to_string().lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// What came of a wish.
pub fn outcome(outcome: &Outcome) -> String {
    plain(&outcome.message)
}

/// That the end has begun.
pub fn ending(fleet: &Fleet) -> String {
    let total = fleet.services.total();
    format!("{total} services are being stopped, and process {} then", fleet.process_id)
}

/// What a description changed.
pub fn changes(changes: &Changes) -> String {
    let rows = changes.items.iter().map(|change| {
        [plain(&change.name), change.what.word().to_owned(), plain(&change.keys.join(", "))]
    });
    let summary = format!("{} changed, {} as before", changes.items.len(), changes.unchanged);
    match changes.items.is_empty() {
        true => summary,
        false => format!("{}\n{summary}", table(["SERVICE", "CHANGE", "BECAUSE OF"], rows)),
    }
}

/// How much is told.
pub fn log_level(levels: &LogLevels) -> String {
    levels.level.to_string()
}

/// Whether frames are written.
pub fn trace(trace: &Trace) -> String {
    let file = trace.file.as_deref().map(plain);
    format!("{}: frames are written to: {}", plain(&trace.name), perhaps(file))
}
