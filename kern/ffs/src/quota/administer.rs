//! What an administrator sees of quotas, and changes.
//!
//! Entries are read as any file's bytes are, so that an image that is only looked into shows them
//! too. They are changed in a transaction, as everything else is. Never decides who may.

use super::QuotaKind;
use super::file::{Found, Place};
use crate::file_system::Ffs;
use crate::inodes::Node;
use crate::layout::{Field, QUOTA_HEAD_BYTES, QUOTA_MAGIC, QuotaEntry, QuotaHeader, QuotaValue};
use crate::transaction::{Step, Transaction};
use abi::{Errno, Result, Timestamp};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use bytes::Bytes;
use core::fmt;

/// The quotas of all users, or of all groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// What those begin with who have no entry yet.
    pub default: QuotaEntry,
    /// Everybody who owns, or owned, something, or has limits of his own; by number.
    pub entries: Vec<QuotaEntry>,
}

/// New limits of space in sectors of 512 bytes, or of files. What is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitChange {
    /// Never more than this; `u64::MAX` for no limit.
    pub hard: Option<u64>,
    /// No more than this for longer than the grace; `u64::MAX` for no limit.
    pub soft: Option<u64>,
    /// The grace, in seconds.
    pub grace_seconds: Option<i64>,
}

impl LimitChange {
    /// The limits after the change. Whoever is over the soft limit has all of the grace again if
    /// that limit or the grace was changed.
    fn apply(self, value: QuotaValue, now: i64) -> QuotaValue {
        let mut value = QuotaValue {
            hard_limit: self.hard.unwrap_or(value.hard_limit),
            soft_limit: self.soft.unwrap_or(value.soft_limit),
            grace_seconds: self.grace_seconds.unwrap_or(value.grace_seconds),
            ..value
        };
        let is_new = self.soft.is_some() || self.grace_seconds.is_some();
        if is_new && value.used > value.soft_limit {
            value.grace_end = now.saturating_add(value.grace_seconds);
        }
        value
    }
}

impl Ffs {
    /// The quotas of this kind; `None` if the file system keeps none.
    ///
    /// # Errors
    /// `Io` if the quota file is damaged, or cannot be read.
    pub async fn quotas(&self, kind: QuotaKind) -> Result<Option<Quotas>> {
        let Some(number) = self.quota_inode(kind) else { return Ok(None) };
        let node = self.node(number).await?;
        let header = self.quota_bytes(&node, 0, QuotaHeader::BYTES).await?;
        let header = QuotaHeader::get(&header, self.geometry.order);
        let is_ours = header.magic == QUOTA_MAGIC && header.kind == kind as u8;
        if !is_ours || header.hash_shift >= 16 {
            return Err(self.bad_quotas(&node, format_args!("the header makes no sense")));
        }
        let heads_bytes = QUOTA_HEAD_BYTES << header.hash_shift;
        let heads = self.quota_bytes(&node, QuotaHeader::BYTES as u64, heads_bytes).await?;
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        for head in heads.chunks_exact(QUOTA_HEAD_BYTES) {
            let head = u64::get(head, self.geometry.order);
            self.read_list(&node, head, &mut entries, &mut seen).await?;
        }
        entries.sort_by_key(|entry| entry.owner);
        Ok(Some(Quotas { default: header.default, entries }))
    }

    /// Changes the limits of a user or group, or, without an `owner`, those that new entries begin
    /// with. Nobody is made to give back what he has by now.
    ///
    /// # Errors
    /// `NotSupported` if the file system keeps no such quotas; `ReadOnly`; `NoSpace` if there is no
    /// room for an entry; `Io` if the quota file is damaged, or cannot be read.
    pub async fn set_limits(
        &self,
        kind: QuotaKind,
        owner: Option<u32>,
        [space, files]: [LimitChange; 2],
        time: Timestamp,
    ) -> Result<()> {
        self.quota_inode(kind).ok_or(Errno::NotSupported)?;
        let change = |transaction: &mut Transaction<'_>| {
            let (page, at) = transaction.limits_place(kind, owner)?;
            let order = self.geometry.order;
            let mut entry = QuotaEntry::get(&transaction.page(page)?[at..], order);
            let [sectors, count] = entry.values;
            entry.values = [space.apply(sectors, time.seconds), files.apply(count, time.seconds)];
            entry.put(transaction.metadata_mut(page, at..at + QuotaEntry::BYTES)?, order);
            Ok(())
        };
        self.transact(time, change).await
    }

    /// Reads the entries of one list. No entry is in two.
    async fn read_list(
        &self,
        node: &Node,
        head: u64,
        entries: &mut Vec<QuotaEntry>,
        seen: &mut BTreeSet<u64>,
    ) -> Result<()> {
        let mut next = head;
        while next != 0 {
            if !seen.insert(next) {
                let what = format_args!("two lists, or a ring, lead to the entry at byte {next}");
                return Err(self.bad_quotas(node, what));
            }
            let bytes = self.quota_bytes(node, next, QuotaEntry::BYTES).await?;
            let entry = QuotaEntry::get(&bytes, self.geometry.order);
            next = entry.next;
            entries.push(entry);
        }
        Ok(())
    }

    /// So many bytes of a quota file, which lie within one block.
    async fn quota_bytes(&self, node: &Node, at: u64, count: usize) -> Result<Bytes> {
        let (shift, size_bytes) = (self.geometry.block_shift, node.inode().size_bytes);
        let end = at.checked_add(count as u64).filter(|&end| end <= size_bytes);
        match end.filter(|end| (end - 1) >> shift == at >> shift) {
            Some(end) => self.read_within_block(node, at..end).await,
            None => Err(self.bad_quotas(node, format_args!("nothing can be at byte {at}"))),
        }
    }

    fn bad_quotas(&self, node: &Node, what: fmt::Arguments<'_>) -> Errno {
        self.damaged(format_args!("inode {}, quotas: {what}; fsck mends it", node.number.0))
    }
}

impl Transaction<'_> {
    /// Where the limits of an owner stand, who gets an entry if he has none, or the default ones.
    fn limits_place(&mut self, kind: QuotaKind, owner: Option<u32>) -> Step<Place> {
        let file = self.quota_file(kind)?.ok_or(Errno::Io)?;
        let Some(owner) = owner else { return Ok(file.default_entry()) };
        let place = match self.find_entry(&file, owner)? {
            Found::Entry(place) => Some(place),
            Found::Nothing => self.new_entry(file, owner)?,
            Found::Damage => None,
        };
        Ok(place.ok_or(Errno::Io)?)
    }
}
