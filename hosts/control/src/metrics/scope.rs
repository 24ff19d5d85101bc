//! Which services have series of their own.

use crate::model::{Code, Failure};
use crate::operator::Answer;
use crate::selection::{Order, PAGE_MAX, Selection};

/// Services with series of their own if nothing is said.
const TOP_USUAL: usize = 20;
/// Services that can be asked for by name at a time: their procedures are told too.
const NAMED_MAX: usize = 10;

/// Which services have series of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// These, if none is named.
    pub(super) selection: Selection,
    /// These, with their procedures.
    pub(super) names: Vec<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { selection: top(TOP_USUAL), names: Vec::new() }
    }
}

impl Scope {
    /// As a query has it: `service=NAME`, `services=NUMBER` or `services=all`, or the conditions of
    /// [`Selection::take`].
    ///
    /// # Errors
    /// If a condition is none, or too much is asked for.
    pub fn of_query(pairs: &[(String, String)]) -> Answer<Self> {
        let mut scope = Self::default();
        let is_count = |(key, _): &&(String, String)| key == "services";
        for (_, value) in pairs.iter().filter(is_count) {
            scope.selection = several(value)?;
        }
        for (key, value) in pairs.iter().filter(|pair| !is_count(pair)) {
            match key.as_str() {
                "service" => scope.name(value)?,
                _ => scope.selection.take(key, value)?,
            }
        }
        Ok(scope)
    }

    fn name(&mut self, name: &str) -> Answer<()> {
        if self.names.len() == NAMED_MAX {
            return Err(bad(format!("service: at most {NAMED_MAX} are told at a time")));
        }
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }
}

fn several(value: &str) -> Answer<Selection> {
    if value == "all" {
        return Ok(Selection { limit: Some(PAGE_MAX), ..Selection::default() });
    }
    let wanted = value.parse().ok().filter(|wanted| *wanted <= PAGE_MAX);
    let expected = || bad(format!("services: `all` or a number up to {PAGE_MAX} is expected"));
    wanted.map(top).ok_or_else(expected)
}

fn top(limit: usize) -> Selection {
    Selection { order: Order::Calls, limit: Some(limit), ..Selection::default() }
}

fn bad(detail: String) -> Failure {
    Failure::new(Code::BadRequest, detail)
}
