//! A change of what is exported, while clients work: made when all of it is seen to be there.

use crate::gate::Visit;
use crate::opening;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use nfs::{Export, Exports, Server};

/// What came of a change. An error is a sentence for the administrator.
pub(crate) type Outcome = Result<(), String>;

/// See the top of the file.
#[derive(Default)]
pub(crate) struct Exporting {
    /// The next change, which nobody has begun.
    wanted: Option<Exports>,
    /// What the one at work came to.
    found: Option<Rc<Cell<Option<Outcome>>>>,
    /// What the last one came to, until somebody takes it.
    outcome: Option<Outcome>,
}

impl Exporting {
    /// Asks for a change, in place of what was asked for before and is not begun.
    pub(crate) fn ask(&mut self, exports: Vec<Export>) {
        self.outcome = None;
        match Exports::new(exports) {
            Ok(exports) => self.wanted = Some(exports),
            Err(error) => self.outcome = Some(Err(error.to_string())),
        }
    }

    /// Whether nobody asked for a change, and nobody waits to hear of one.
    pub(crate) fn is_quiet(&self) -> bool {
        self.wanted.is_none() && self.found.is_none() && self.outcome.is_none()
    }

    /// Whether a change may be begun.
    pub(crate) fn has_next(&self) -> bool {
        self.wanted.is_some() && self.found.is_none()
    }

    /// Begins the next change: a task, while files can be looked for.
    pub(crate) fn begin(
        &mut self,
        server: Rc<Server>,
        visit: Visit,
    ) -> impl Future<Output = ()> + use<> {
        let found = Rc::<Cell<Option<Outcome>>>::default();
        self.found = Some(found.clone());
        let exports = self.wanted.take().unwrap_or_default();
        async move {
            visit.enter().await;
            let broken = server.broken_export(&exports).await;
            let outcome = broken.map_or(Ok(()), |(one, errno)| Err(opening::broken(one, errno)));
            if outcome.is_ok() {
                server.set_exports(exports);
            }
            found.set(Some(outcome));
        }
    }

    /// Whether a change was made, or refused, since the last time.
    pub(crate) fn has_ended(&mut self) -> bool {
        let outcome = self.found.as_ref().and_then(|found| found.take());
        let has_ended = outcome.is_some();
        if has_ended {
            self.found = None;
            // Whoever asked again waits for what comes of that.
            self.outcome = outcome.filter(|_| self.wanted.is_none());
        }
        has_ended
    }

    /// What came of the last change, once.
    pub(crate) fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }
}
