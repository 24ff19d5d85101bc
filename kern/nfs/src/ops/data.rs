//! Read, write, commit, readlink (RFC 1813 §3.3.5 to §3.3.7, §3.3.21).

use super::{Reached, Request};
use abi::Result;
use bytes::Bytes;
use vfs::{Changed, ReadData, Seen, Stability, Written};

/// What was stored, and the verifier by which a client learns that it was lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    /// How much, and how safely.
    pub(crate) written: Written,
    /// The write verifier.
    pub(crate) verifier: u64,
}

impl Request<'_> {
    /// Reads at most as much as one reply carries.
    pub(crate) async fn read(
        &self,
        file: &[u8],
        offset_bytes: u64,
        count_bytes: u32,
    ) -> Seen<ReadData> {
        let length_bytes = count_bytes.min(self.transfer_bytes_max());
        self.look(file, async |Reached { vnode, caller, .. }| {
            Ok(vnode.read(caller, offset_bytes, length_bytes).await)
        })
        .await
    }

    /// Writes at most as much as one call carries; more is left to the next call.
    ///
    /// The verifier is taken before the write: if what is written gets lost, it has changed by
    /// the time of the commit, however early that happens.
    pub(crate) async fn write(
        &self,
        file: &[u8],
        offset_bytes: u64,
        data: Result<Bytes>,
        stability: Stability,
    ) -> Changed<Stored> {
        self.change(file, async |Reached { vnode, caller, .. }| {
            let mut data = data?;
            data.truncate(self.transfer_bytes_max() as usize);
            let verifier = vnode.write_verifier();
            let changed = vnode.write(caller, offset_bytes, data, stability).await;
            let result = changed.result.map(|written| Stored { written, verifier });
            Ok(Changed { before: changed.before, after: changed.after, result })
        })
        .await
    }

    /// Makes a range durable (a length of zero: to the end of the file) and tells the verifier
    /// as it is afterwards: what was lost on the way must not pass for committed.
    pub(crate) async fn commit(
        &self,
        file: &[u8],
        offset_bytes: u64,
        length_bytes: u64,
    ) -> Changed<u64> {
        self.change(file, async |Reached { vnode, caller, .. }| {
            let changed = vnode.commit(caller, offset_bytes, length_bytes).await;
            let result = changed.result.map(|()| vnode.write_verifier());
            Ok(Changed { before: changed.before, after: changed.after, result })
        })
        .await
    }

    /// The target of a symbolic link.
    pub(crate) async fn read_link(&self, link: &[u8]) -> Seen<Bytes> {
        let read =
            async |Reached { vnode, caller, .. }: &Reached| Ok(vnode.read_link(caller).await);
        self.look(link, read).await
    }
}
