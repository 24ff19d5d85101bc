//! Getattr, setattr, access (RFC 1813 §3.3.1, §3.3.2, §3.3.4).

use super::{Reached, Request};
use abi::{Attributes, Result, SetAttributes, Timestamp};
use vfs::{Access, Changed, Seen};

impl Request<'_> {
    /// Attributes of a file. Anybody may ask.
    pub(crate) async fn attributes(&self, file: &[u8]) -> Result<Attributes> {
        self.reach(file)?.vnode.attributes().await
    }

    /// Changes attributes, if the guard, where there is one, is the present change time.
    pub(crate) async fn set_attributes(
        &self,
        file: &[u8],
        change: Result<(SetAttributes, Option<Timestamp>)>,
    ) -> Changed<()> {
        self.change(file, async |Reached { vnode, caller, .. }| {
            let (change, guard) = change?;
            Ok(vnode.set_attributes(caller, &change, guard).await)
        })
        .await
    }

    /// Which of the rights `asked` the caller has here.
    pub(crate) async fn access(&self, file: &[u8], asked: Access) -> Seen<Access> {
        let changes = Access::MODIFY | Access::EXTEND | Access::DELETE;
        self.look(file, async |Reached { vnode, caller, read_only, .. }| {
            let possible = if *read_only { asked - changes } else { asked };
            Ok(vnode.access(caller, possible).await)
        })
        .await
    }
}
