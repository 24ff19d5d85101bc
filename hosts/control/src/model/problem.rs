//! What went wrong: RFC 9457.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why something was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// What was sent is not a request of this interface.
    BadRequest,
    /// There is nothing at this path.
    NoSuchPath,
    /// The path has other methods.
    WrongMethod,
    /// There is no service of this name.
    NoSuchService,
    /// The service is not in a state for that, or its kind cannot do it.
    NotPossible,
    /// The request says more than is read.
    TooLarge,
    /// The description of services is at fault.
    FaultyFile,
    /// Only a restart of the process changes that.
    NeedsRestart,
    /// The process is ending, or at something else for too long.
    Unavailable,
    /// Something of ours is wrong.
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::NoSuchPath,
        Self::WrongMethod,
        Self::NoSuchService,
        Self::NotPossible,
        Self::TooLarge,
        Self::FaultyFile,
        Self::NeedsRestart,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Its status of HTTP, and what it is called.
    pub fn status(self) -> (u16, &'static str) {
        match self {
            Self::BadRequest => (400, "This is not a request that is understood"),
            Self::NoSuchPath => (404, "There is nothing here"),
            Self::WrongMethod => (405, "This is not done here"),
            Self::NoSuchService => (404, "There is no such service"),
            Self::NotPossible => (409, "That is not possible now"),
            Self::TooLarge => (413, "That is too much"),
            Self::FaultyFile => (422, "The description of services is at fault"),
            Self::NeedsRestart => (409, "Only a restart of the process changes that"),
            Self::Unavailable => (503, "Nobody is there to answer"),
            Self::Internal => (500, "Something is wrong with the server"),
        }
    }
}

/// Something wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
    /// The key, with the sections that it is in.
    pub key: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, key, expected, found } = self;
        write!(formatter, "{file}:{line}:{column}: ")?;
        if !key.is_empty() {
            write!(formatter, "{key}: ")?;
        }
        write!(formatter, "expected {expected}, found {found}")
    }
}

/// Why something was not done, as whoever answers for the services says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub code: Code,
    /// What happened, where, and what to do, in a sentence.
    pub detail: String,
    /// The faults of a file, if that is what it is about.
    pub faults: Vec<Fault>,
}

impl Failure {
    /// Without faults of a file.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new() }
    }

    /// Nobody has this name.
    pub fn no_such_service(name: &str) -> Self {
        Self::new(Code::NoSuchService, format!("{name}: no service has this name"))
    }
}

/// Why something was not done, as HTTP says it (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The kind: `urn:vnfsd:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind, for people.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// The kind in a word.
    pub code: Code,
    /// What happened, where, and what to do, in a sentence.
    pub detail: String,
    /// The faults of a file, if that is what it is about.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let Failure { code, detail, faults } = failure;
        let (status, title) = code.status();
        let word = serde_json::to_value(code).unwrap_or_default();
        let kind = format!("urn:vnfsd:problem:{}", word.as_str().unwrap_or_default());
        Self { kind, title: title.to_owned(), status, code, detail, faults }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)?;
        self.faults.iter().try_for_each(|fault| write!(formatter, "\n{fault}"))
    }
}
