//! What is wrong with a description of exports.

use super::{Export, Network};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// A word that describes no export, or no export that can stand beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportError {
    word: String,
    expected: String,
}

impl ExportError {
    pub(super) fn new(word: &str, expected: &str) -> Self {
        Self { word: word.to_string(), expected: expected.to_string() }
    }

    /// The same client of the same path twice.
    pub(super) fn twice(export: &Export, client: &Network) -> Self {
        let word = format!("{}:client={client}", export.path_text());
        Self { word, expected: "each client of a path once".to_string() }
    }

    pub(super) fn same_id(one: &Export, other: &Export) -> Self {
        let expected = format!(
            "another path: file handles cannot tell it from `{}`; rename the directory",
            one.path_text()
        );
        Self { word: other.path_text(), expected }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "export `{}`: expected {}", self.word, self.expected)
    }
}

impl core::error::Error for ExportError {}
