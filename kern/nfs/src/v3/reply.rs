//! From what an operation found to the types of the wire.

use super::Status;
use super::types::{Before, Consistency, FileAttributes, PostAttributes, Reply};
use crate::ops::Request;
use abi::Attributes;
use vfs::{Changed, Seen};

impl Request<'_> {
    pub(super) fn post(&self, attributes: Option<&Attributes>) -> PostAttributes {
        attributes.map(|attributes| FileAttributes::new(self.file_system(), attributes))
    }

    pub(super) fn consistency(
        &self,
        before: Option<&Attributes>,
        after: Option<&Attributes>,
    ) -> Consistency {
        Consistency { before: before.map(Before::from), after: self.post(after) }
    }

    /// The reply of a procedure that looks: attributes either way, and what `done` makes of the
    /// result.
    pub(super) fn seen<'s, T, D>(
        &self,
        seen: &'s Seen<T>,
        done: impl FnOnce(PostAttributes, &'s T) -> D,
    ) -> Reply<D, PostAttributes> {
        let attributes = self.post(seen.attributes.as_ref());
        match &seen.result {
            Ok(value) => Reply::Done(done(attributes, value)),
            Err(errno) => Reply::Failed(Status::from(*errno), attributes),
        }
    }

    /// The reply of a procedure that changes: attributes before and after either way, and what
    /// `done` makes of the result.
    pub(super) fn changed<'c, T, D>(
        &self,
        changed: &'c Changed<T>,
        done: impl FnOnce(Consistency, &'c T) -> D,
    ) -> Reply<D, Consistency> {
        let consistency = self.consistency(changed.before.as_ref(), changed.after.as_ref());
        match &changed.result {
            Ok(value) => Reply::Done(done(consistency, value)),
            Err(errno) => Reply::Failed(Status::from(*errno), consistency),
        }
    }
}

/// A reply whose body is the same on success and failure.
pub(super) fn either<B>(result: abi::Result<()>, body: B) -> Reply<B, B> {
    match result {
        Ok(()) => Reply::Done(body),
        Err(errno) => Reply::Failed(Status::from(errno), body),
    }
}
