//! The write verifier, which changes when unstable data may have been lost, and only then
//! (RFC 1813 §3.3.7): clients that see the same one again need not write anything again.
//!
//! ```text
//!            clean, with one           first unstable WRITE, or commit            closed
//!  stored ────────────────────► kept ─────────────────────────────────► none ────────────► stored
//!  none, or not clean ────────► the host's luck                               as it is then
//! ```
//! Between mounts it stands in spare bytes of the superblock ([`Superblock::write_verifier`]).
//! There it vouches that whatever was answered with it is durable. So:
//! - It goes, durably, before unstable data is acknowledged, and not at the mount: one that changes
//!   nothing writes nothing, and may be killed. That `fs_clean` goes too is not enough, because
//!   `fsck` brings that back after a crash. Nothing has been acknowledged while it goes, so a
//!   superblock torn in between tells no lie, whichever part of it is there.
//! - It comes back with the counts, when everything else is durable and before `fs_clean` says so:
//!   the one of that moment, which may be another than at the mount if data was lost meanwhile.
//! - Another system may use the image in between: it keeps the bytes, and nothing of ours was
//!   unsaved. If that system crashes, the next mount draws another all the same.
//! - Who only reads answers no WRITE, and stores nothing. Copies of the superblock have none.
//!
//! An old UFS1 superblock has a rotational table in these bytes. It changes at each mount there.

use crate::file_system::Ffs;
use crate::layout::Superblock;
use abi::Result;

impl Ffs {
    /// Which one a mount begins with. A log that was replayed tells of a crash.
    pub(crate) fn first_verifier(&self, has_crashed: bool) -> u64 {
        let stored = self.superblock.write_verifier;
        if stored == 0 || has_crashed { self.options.verifier } else { stored }
    }

    /// To be called before anything is acknowledged that is not durable: after a crash the image
    /// tells of it.
    ///
    /// # Errors
    /// `ReadOnly` if nothing may be changed; `Io` if that cannot be written, and from then on
    /// nothing may be.
    pub(crate) async fn expect_unsaved(&self) -> Result<()> {
        if self.changeable()?.commits.is_started() {
            return Ok(());
        }
        let _turn = self.changeable()?.commits.turn().await;
        let writer = self.changeable()?;
        self.start(writer).await.map_err(|errno| self.fail(writer, errno))
    }
}

/// Leaves one with an image that is about to be clean.
pub(super) fn store(superblock: &mut Superblock, verifier: u64) {
    if superblock.is_updated() {
        superblock.write_verifier = verifier;
    }
}

/// Takes it away from an image that is about to be used.
pub(super) fn withdraw(superblock: &mut Superblock) {
    store(superblock, 0);
}
