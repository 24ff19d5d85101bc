//! What a file system is like (RFC 1813 §3.3.18 to §3.3.20).

use super::{Reached, Request};
use abi::Result;
use vfs::{FileSystem, Limits, Seen, Usage};

impl Request<'_> {
    /// How full the file system of a file is.
    pub(crate) async fn usage(&self, file: &[u8]) -> Seen<Usage> {
        self.ask(file, async |file_system| file_system.usage().await).await
    }

    /// What the file system of a file can do.
    pub(crate) async fn limits(&self, file: &[u8]) -> Seen<Limits> {
        self.ask(file, async |file_system| Ok(file_system.limits())).await
    }

    async fn ask<T>(
        &self,
        file: &[u8],
        question: impl AsyncFnOnce(&dyn FileSystem) -> Result<T>,
    ) -> Seen<T> {
        self.look(file, async |Reached { vnode, .. }| {
            let attributes = vnode.attributes().await?;
            let result = question(vnode.mount().file_system()).await;
            Ok(Seen { attributes: Some(attributes), result })
        })
        .await
    }
}
