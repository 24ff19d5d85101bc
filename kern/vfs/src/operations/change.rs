//! Operations that change one file: its attributes and its contents.

use super::{Caller, Changed};
use crate::{Stability, Vnode, WritableFileSystem, Written, permission};
use abi::{Attributes, Errno, Result, SetAttributes, Timestamp};
use bytes::Bytes;

impl Vnode {
    /// Changes attributes, if `guard` is the present change time (else `NotSync`). Mode, owner
    /// and given times are the owner's to change; the owner's group only to one of the caller's
    /// groups; sizes and the present time also whoever may write. Set-id bits go when an
    /// ordinary user changes owner or size, and set-group-id is not theirs to give for a group
    /// they are not in. A change of nothing succeeds and leaves the time stamps alone.
    pub async fn set_attributes(
        &self,
        caller: &Caller,
        change: &SetAttributes,
        guard: Option<Timestamp>,
    ) -> Changed<()> {
        self.change(async |before| {
            let file_system = self.writable()?;
            if guard.is_some_and(|time| time != before.changed) {
                return Err(Errno::NotSync);
            }
            if *change == SetAttributes::default() {
                return Ok(());
            }
            let change = permission::attribute_change(before, &caller.credentials, change)?;
            file_system.set_attributes(self.file(), &change, caller.time).await
        })
        .await
    }

    /// Writes. Needs [`crate::Access::MODIFY`]; the owner need not have it. An ordinary user's
    /// write takes set-id bits away.
    pub async fn write(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        data: Bytes,
        stability: Stability,
    ) -> Changed<Written> {
        let written = self.ordered(async |before| {
            permission::expect_regular(before)?;
            let file_system = self.writable()?;
            permission::write(before, &caller.credentials)?;
            self.check_range(offset_bytes, data.len())?;
            if data.is_empty() {
                return Ok(Written { count_bytes: 0, stability });
            }
            self.clear_set_id(caller, before).await?;
            file_system.write(self.file(), offset_bytes, data, stability, caller.time).await
        });
        let written = written.await;
        match stability {
            Stability::Unstable => written,
            Stability::Data | Stability::File => written.settled(self).await,
        }
    }

    /// Makes unstable writes durable; a length of zero, or one beyond every file, means to the
    /// end. Needs the right to write. Nothing is changed, so reads go on meanwhile: the lock is
    /// shared, given back before the disk is waited for, and both attributes are the same.
    pub async fn commit(
        &self,
        caller: &Caller,
        offset_bytes: u64,
        length_bytes: u64,
    ) -> Changed<()> {
        let seen = self.look(async |file| {
            permission::expect_regular(file)?;
            let file_system = self.writable()?;
            permission::write(file, &caller.credentials)?;
            let end = offset_bytes.checked_add(length_bytes);
            let length_bytes = end.map_or(0, |_| length_bytes);
            file_system.commit(self.file(), offset_bytes, length_bytes).await
        });
        let seen = seen.await;
        let committed =
            Changed { before: seen.attributes, after: seen.attributes, result: seen.result };
        committed.settled(self).await
    }

    /// The write verifier of the file system; zero if it is read-only.
    pub fn write_verifier(&self) -> u64 {
        self.file_system().writable().map_or(0, WritableFileSystem::write_verifier)
    }

    fn check_range(&self, offset_bytes: u64, length_bytes: usize) -> Result<()> {
        let end = offset_bytes.checked_add(length_bytes as u64);
        let max = self.file_system().limits().file_bytes_max;
        end.is_some_and(|end| end <= max).then_some(()).ok_or(Errno::FileTooBig)
    }

    /// Before the write, so that no crash leaves new contents with old powers.
    async fn clear_set_id(&self, caller: &Caller, before: &Attributes) -> Result<()> {
        if !permission::loses_set_id(before, &caller.credentials) {
            return Ok(());
        }
        let mode = before.mode & !(permission::SET_USER_ID | permission::SET_GROUP_ID);
        let change = SetAttributes { mode: Some(mode), ..SetAttributes::default() };
        self.writable()?.set_attributes(self.file(), &change, caller.time).await
    }
}
