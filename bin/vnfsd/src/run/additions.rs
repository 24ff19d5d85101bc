//! Services that were added to those of the file while they served. They are gone when the process is.

use super::refusal::Refusal;
use crate::fleet_file;
use fleet::{Fault, Plan};
use std::collections::BTreeSet;
use std::path::Path;

/// What is said of them in place of a file's name.
const ADDED: &str = "(added)";

/// See the module's text.
#[derive(Clone, Default)]
pub struct Additions {
    texts: Vec<String>,
    /// Services of those texts that were removed again.
    removed: BTreeSet<String>,
}

impl Additions {
    /// These and what a text describes.
    pub fn with(&self, text: String) -> Self {
        let mut more = self.clone();
        more.texts.push(text);
        more
    }

    /// These without one service.
    pub fn without(&self, name: &str) -> Self {
        let mut fewer = self.clone();
        fewer.removed.insert(name.to_owned());
        fewer
    }

    /// What the file and all of these come to together.
    ///
    /// # Errors
    /// What is wrong with either, or with both together.
    pub fn plan(&self, file: &Path) -> Result<Plan, Refusal> {
        let text = fleet_file::text(file).map_err(Refusal::Other)?;
        let lines = text.lines().count();
        let whole = self.texts.iter().fold(text.clone(), |whole, added| joined(whole, added));
        let plan = fleet_file::plan(&whole, file);
        let mut plan = plan.map_err(|faults| {
            Refusal::Faults(faults.into_iter().map(|fault| placed(fault, lines)).collect())
        })?;
        if !self.removed.is_empty() {
            let alone = fleet_file::plan(&text, file).map_err(Refusal::Faults)?;
            let is_of_file = |name: &str| alone.services.iter().any(|it| it.name == name);
            plan.services.retain(|it| !self.removed.contains(&it.name) || is_of_file(&it.name));
            plan.groups.clear();
        }
        Ok(plan)
    }
}

fn joined(mut whole: String, text: &str) -> String {
    if !whole.is_empty() && !whole.ends_with('\n') {
        whole.push('\n');
    }
    whole + text
}

/// A fault behind the file's lines is one of what was added.
fn placed(mut fault: Fault, lines: usize) -> Fault {
    if fault.line > lines {
        fault.line -= lines;
        fault.file = ADDED.to_owned();
    }
    fault
}
