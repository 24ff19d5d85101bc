//! What a row of the table of routes is made of, and how a request finds its row.

use crate::model::{Code, Failure};
use crate::operator::{Answer, Operator};
use crate::selection::Selection;
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// What is done at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Tells; the only one that is let in where nobody may change anything.
    Get,
    /// Makes something be so.
    Put,
    /// Does something.
    Post,
    /// Makes something be no more.
    Delete,
}

impl Method {
    /// As HTTP says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

/// A type in the description of the interface.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

/// How a type is described.
pub(crate) fn json_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What is sent, one way or the other.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// JSON of a type.
    Json(Describe),
    /// A text of this media type.
    Text(&'static str),
}

impl Content {
    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Json(_) => JSON,
            Self::Text(media_type) => media_type,
        }
    }
}

/// The media type of JSON.
pub const JSON: &str = "application/json";

/// A key of a query, and what it means.
pub type Condition = (&'static str, &'static str);

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// What is done.
    pub method: Method,
    /// Where; `{name}` stands for the name of a service.
    pub path: &'static str,
    /// That in a sentence.
    pub summary: &'static str,
    /// Keys that a query may have.
    pub query: &'static [Condition],
    /// What the request brings.
    pub body: Option<Content>,
    /// What the response brings.
    pub answer: Content,
    /// The status of some responses that bring the same, beside 200.
    pub other_status: Option<u16>,
    /// Does it.
    pub run: Run,
}

/// What a row does.
pub type Run = fn(&dyn Operator, &Asked) -> Answer<Reply>;

impl Route {
    /// A row without a query, of requests that bring nothing.
    pub(crate) const fn new(
        method: Method,
        path: &'static str,
        summary: &'static str,
        answer: Content,
        run: Run,
    ) -> Self {
        Self { method, path, summary, query: &[], body: None, answer, other_status: None, run }
    }

    /// The same, with a query.
    pub(crate) const fn query(mut self, query: &'static [Condition]) -> Self {
        self.query = query;
        self
    }

    /// The same, with something that requests bring.
    pub(crate) const fn body(mut self, body: Content) -> Self {
        self.body = Some(body);
        self
    }

    /// The same, with a status beside 200.
    pub(crate) const fn or(mut self, status: u16) -> Self {
        self.other_status = Some(status);
        self
    }

    /// The name in a path, if the path is of this row: the empty one if the row has none.
    pub(crate) fn name_in(&self, path: &str) -> Option<String> {
        let mut name = String::new();
        let (mut own, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (own.next(), given.next()) {
                (None, None) => return Some(name),
                (Some("{name}"), Some(segment)) if !segment.is_empty() => {
                    name = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
                }
                (Some(own), Some(segment)) if own == segment => {}
                _ => return None,
            }
        }
    }
}

/// What a request asks its row.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The service that the path names.
    pub name: String,
    /// The query; all keys are of the row.
    pub query: Vec<(String, String)>,
    /// What it brings.
    pub body: Vec<u8>,
}

impl Asked {
    /// The conditions of the query on services.
    ///
    /// # Errors
    /// If they are none.
    pub(crate) fn selection(&self) -> Answer<Selection> {
        let mut selection = Selection::default();
        self.query.iter().try_for_each(|(key, value)| selection.take(key, value))?;
        Ok(selection)
    }

    /// What it brings, if that is JSON of this type.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Answer<T> {
        let read = serde_json::from_slice(&self.body);
        read.map_err(|error| Failure::new(Code::BadRequest, format!("the body: {error}")))
    }

    /// What it brings, if that is text.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn text(&self) -> Answer<&str> {
        let read = str::from_utf8(&self.body);
        read.map_err(|error| Failure::new(Code::BadRequest, format!("the body: {error}")))
    }
}

/// What a row answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// What it is.
    pub media_type: &'static str,
    /// What else stands above it.
    pub headers: &'static [(&'static str, &'static str)],
    /// It.
    pub body: Vec<u8>,
}

impl Reply {
    /// JSON.
    ///
    /// # Errors
    /// If it cannot be written as that.
    pub(crate) fn json(value: &impl Serialize) -> Answer<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Failure::new(Code::Internal, format!("no JSON: {error}")))?;
        Ok(Self::text(JSON, body))
    }

    /// A text.
    pub(crate) fn text(media_type: &'static str, text: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, media_type, headers: &[], body: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(own: &'static str, path: &str) -> Option<String> {
        let run: Run = |_, _| Ok(Reply::text("text/plain", ""));
        Route::new(Method::Get, own, "", Content::Text("text/plain"), run).name_in(path)
    }

    #[test]
    fn names_are_decoded_and_paths_whole() {
        assert_eq!(name("/v1/services", "/v1/services").as_deref(), Some(""));
        let own = "/v1/services/{name}/stop";
        assert_eq!(name(own, "/v1/services/a%2Fb%20c/stop").as_deref(), Some("a/b c"));
        for path in [
            "/v1/services//stop",
            "/v1/services/a",
            "/v1/services/a/stop/",
            "/v1/services/%ff/stop",
            "v1/services/a/stop",
            "",
        ] {
            assert_eq!(name(own, path), None, "{path}");
        }
    }
}
