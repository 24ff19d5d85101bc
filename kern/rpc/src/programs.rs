//! The programs a server offers: looked up for each call, and counted.

use crate::message::{CallHeader, Refusal};
use crate::{AuthStatus, Facts, Needs, ProcedureCount, Program};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// A program, its versions ascending, and where the rows of each begin in the counts.
struct Registered {
    program: Rc<dyn Program>,
    versions: Vec<(u32, usize)>,
}

/// A procedure that may be called.
pub(crate) struct Found {
    pub(crate) program: Rc<dyn Program>,
    pub(crate) facts: Facts,
    /// Its row in the counts.
    pub(crate) row: usize,
}

/// All programs of one server.
#[derive(Default)]
pub(crate) struct Programs {
    registered: Vec<Registered>,
    counts: Vec<ProcedureCount>,
}

impl Programs {
    pub(crate) fn add(&mut self, program: Rc<dyn Program>) {
        let mut versions = Vec::new();
        for version in program.versions() {
            versions.push((version, self.counts.len()));
            self.counts.extend((0..).map_while(|number| {
                let procedure = program.procedure_name(version, number)?;
                let program = program.name();
                Some(ProcedureCount { program, version, procedure, calls: 0, faults: 0 })
            }));
        }
        self.registered.push(Registered { program, versions });
    }

    /// Finds the procedure, or says why there is none for this caller.
    pub(crate) fn find(&self, header: &CallHeader<'_>, identified: bool) -> Result<Found, Refusal> {
        let is_asked = |one: &&Registered| one.program.number() == header.program;
        let found = self.registered.iter().find(is_asked).ok_or(Refusal::ProgramUnavailable)?;
        let version = found.versions.iter().find(|&&(number, _)| number == header.version);
        let &(version, first_row) = version.ok_or_else(|| mismatch(&found.versions))?;
        let facts = found.program.procedure(version, header.procedure);
        let facts = facts.ok_or(Refusal::ProcedureUnavailable)?;
        if facts.needs == Needs::User && !identified {
            return Err(Refusal::Auth(AuthStatus::TooWeak));
        }
        let row = first_row + header.procedure as usize;
        Ok(Found { program: found.program.clone(), facts, row })
    }

    pub(crate) fn count(&mut self, row: usize) -> &mut ProcedureCount {
        &mut self.counts[row]
    }

    pub(crate) fn counts(&self) -> &[ProcedureCount] {
        &self.counts
    }

    /// Goes on with these, of the same programs.
    pub(crate) fn set_counts(&mut self, counts: Vec<ProcedureCount>) {
        if counts.len() == self.counts.len() {
            self.counts = counts;
        }
    }

    /// What was counted, for other programs like these.
    pub(crate) fn into_counts(self) -> Vec<ProcedureCount> {
        self.counts
    }
}

fn mismatch(versions: &[(u32, usize)]) -> Refusal {
    match (versions.first(), versions.last()) {
        (Some(&(low, _)), Some(&(high, _))) => Refusal::ProgramMismatch { low, high },
        _ => Refusal::ProgramUnavailable,
    }
}
