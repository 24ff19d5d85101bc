//! What can be asked, as a method, a path and what is brought: the other side of the table of routes.

use crate::model::{LogLevel, LogLevels, TraceWish};
use crate::operator::Verb;
use crate::route::{JSON, Method};
use crate::routes::TOML;
use crate::selection::Selection;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// What stays as it is in a segment of a path: RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A question or a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// Where: a path, and perhaps a query.
    pub target: String,
    /// A media type, and what is brought.
    pub body: Option<(&'static str, Vec<u8>)>,
}

impl Request {
    /// For what a path tells.
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: Method::Get, target: target.into(), body: None }
    }

    fn with(method: Method, target: impl Into<String>) -> Self {
        Self { method, ..Self::get(target) }
    }

    fn bringing(mut self, wish: &impl Serialize) -> Self {
        // The types that are brought have no maps or numbers that JSON does not.
        self.body = serde_json::to_vec(wish).ok().map(|body| (JSON, body));
        self
    }

    /// The fleet.
    pub fn fleet() -> Self {
        Self::get("/v1/fleet")
    }

    /// A page of services.
    pub fn services(selection: &Selection) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(selection.pairs());
        Self::get(format!("/v1/services?{}", query.finish()))
    }

    /// A service.
    pub fn service(name: &str) -> Self {
        Self::get(path(name, ""))
    }

    /// The clients of a service.
    pub fn clients(name: &str) -> Self {
        Self::get(path(name, "/clients"))
    }

    /// What was called, of one service or of all.
    pub fn procedures(name: Option<&str>) -> Self {
        Self::get(name.map_or("/v1/procedures".to_owned(), |name| path(name, "/procedures")))
    }

    /// The slowest calls, of one service or of all.
    pub fn slowest(name: Option<&str>) -> Self {
        Self::get(name.map_or("/v1/slowest".to_owned(), |name| path(name, "/slowest")))
    }

    /// Something that is to be done to a service.
    pub fn act(name: &str, verb: Verb) -> Self {
        let word = match verb {
            Verb::Start => "/start",
            Verb::Stop => "/stop",
            Verb::Pause => "/pause",
            Verb::Resume => "/resume",
        };
        Self::with(Method::Post, path(name, word))
    }

    /// The file is to be read again.
    pub fn reload() -> Self {
        Self::with(Method::Post, "/v1/reload")
    }

    /// Services of a text are to be added.
    pub fn add(text: impl Into<Vec<u8>>) -> Self {
        Self { body: Some((TOML, text.into())), ..Self::with(Method::Post, "/v1/services") }
    }

    /// A service is to be gone.
    pub fn remove(name: &str) -> Self {
        Self::with(Method::Delete, path(name, ""))
    }

    /// The log's level.
    pub fn log_level() -> Self {
        Self::get("/v1/log-level")
    }

    /// That is to be another.
    pub fn set_log_level(level: LogLevel) -> Self {
        Self::with(Method::Put, "/v1/log-level").bringing(&LogLevels { level })
    }

    /// A service's frames are to be written to a file, or not any more.
    pub fn trace(name: &str, file: Option<&str>) -> Self {
        let target = path(name, "/trace");
        match file {
            Some(file) => {
                Self::with(Method::Put, target).bringing(&TraceWish { file: file.to_owned() })
            }
            None => Self::with(Method::Delete, target),
        }
    }

    /// All services and the process are to end.
    pub fn end() -> Self {
        Self::with(Method::Post, "/v1/end")
    }
}

fn path(name: &str, rest: &str) -> String {
    format!("/v1/services/{}{rest}", utf8_percent_encode(name, SEGMENT))
}
