//! Entries, found by name and by run.

use super::entry::{Entry, Run, Wanted};
use crate::plan::ServicePlan;
use posix::ServiceId;
use std::collections::{BTreeMap, HashMap};
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// All entries. An index is of one entry for ever.
#[derive(Debug, Default)]
pub(super) struct Desk {
    entries: BTreeMap<usize, Entry>,
    by_name: HashMap<String, usize>,
    by_run: HashMap<ServiceId, usize>,
    next: usize,
}

impl Desk {
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn index_or_new(&mut self, plan: &Arc<ServicePlan>, wanted: Wanted) -> usize {
        if let Some(index) = self.index(&plan.name) {
            return index;
        }
        let index = self.next;
        self.next += 1;
        self.by_name.insert(plan.name.clone(), index);
        self.entries.insert(index, Entry::new(plan.clone(), wanted));
        index
    }

    pub(super) fn of_run(&self, id: ServiceId) -> Option<usize> {
        self.by_run.get(&id).copied()
    }

    /// Begins a run of an entry that has none.
    pub(super) fn begin_run(&mut self, index: usize, id: ServiceId) -> Arc<ServicePlan> {
        let plan = self[index].plan.clone();
        let before = self[index].run.replace(Run::new(id, plan.clone()));
        assert!(before.is_none(), "a service has one run");
        self.by_run.insert(id, index);
        plan
    }

    pub(super) fn end_run(&mut self, index: usize) -> Option<Run> {
        let run = self[index].run.take()?;
        self.by_run.remove(&run.id);
        Some(run)
    }

    /// Runs that have not ended.
    pub(super) fn running(&self) -> usize {
        self.by_run.len()
    }

    pub(super) fn forget(&mut self, index: usize) {
        if let Some(entry) = self.entries.remove(&index) {
            self.by_name.remove(&entry.plan.name);
        }
    }

    pub(super) fn indexes(&self) -> Vec<usize> {
        self.entries.keys().copied().collect()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

impl Index<usize> for Desk {
    type Output = Entry;

    fn index(&self, index: usize) -> &Entry {
        &self.entries[&index]
    }
}

impl IndexMut<usize> for Desk {
    fn index_mut(&mut self, index: usize) -> &mut Entry {
        self.entries.get_mut(&index).expect("an index is of an entry that is there")
    }
}
