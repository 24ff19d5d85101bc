//! Who pays, and whether they may.

use super::QuotaKind;
use super::file::Found;
use crate::layout::{Field, Inode, QuotaValue};
use crate::transaction::{Step, Transaction};
use abi::InodeNo;

/// What is counted; as a number, its place in an entry.
#[derive(Clone, Copy)]
enum Counted {
    Sectors,
    Files,
}

/// Who pays.
#[derive(Clone, Copy)]
struct Payer {
    kind: QuotaKind,
    id: u32,
    is_limited: bool,
}

impl Transaction<'_> {
    /// Puts fragments on the account of a file's owners (less than zero: takes them off).
    ///
    /// # Errors
    /// `QuotaExceeded`; what can go wrong with a new entry.
    pub(crate) fn charge_frags(&mut self, owner: InodeNo, frags: i64) -> Step<()> {
        if !self.has_quotas() || self.ffs.is_quota_file(owner) {
            return Ok(());
        }
        let inode = self.inode(owner)?;
        let sectors = (frags << self.ffs.geometry.frag_shift) / 512;
        self.charge(&inode, Counted::Sectors, sectors)
    }

    /// Puts a file on the account of its owners.
    ///
    /// # Errors
    /// As [`Transaction::charge_frags`].
    pub(crate) fn charge_file(&mut self, inode: &Inode) -> Step<()> {
        self.charge(inode, Counted::Files, 1)
    }

    /// Takes a file off it.
    ///
    /// # Errors
    /// None of its own.
    pub(crate) fn release_file(&mut self, inode: &Inode) -> Step<()> {
        self.charge(inode, Counted::Files, -1)
    }

    /// A file with all its blocks changes its owners, from those in `inode` to others. What it has
    /// given up in this transaction is on its account until that ends.
    ///
    /// # Errors
    /// As [`Transaction::charge_frags`].
    pub(crate) fn move_charge(
        &mut self,
        number: InodeNo,
        inode: &Inode,
        uid: u32,
        gid: u32,
    ) -> Step<()> {
        if !self.has_quotas() {
            return Ok(());
        }
        let sectors = inode.sectors.saturating_add(self.replaced_sectors(number));
        let sectors = i64::try_from(sectors).unwrap_or(i64::MAX);
        let is_limited = inode.uid == uid && uid != 0;
        let moves = [(QuotaKind::User, inode.uid, uid), (QuotaKind::Group, inode.gid, gid)];
        for (kind, from, to) in moves.into_iter().filter(|(_, from, to)| from != to) {
            for (id, sign) in [(from, -1), (to, 1)] {
                let payer = Payer { kind, id, is_limited };
                self.pay(payer, Counted::Sectors, sign * sectors)?;
                self.pay(payer, Counted::Files, sign)?;
            }
        }
        Ok(())
    }

    fn has_quotas(&self) -> bool {
        QuotaKind::ALL.into_iter().any(|kind| self.ffs.quota_inode(kind).is_some())
    }

    fn charge(&mut self, inode: &Inode, counted: Counted, change: i64) -> Step<()> {
        let is_limited = inode.uid != 0;
        for (kind, id) in [(QuotaKind::User, inode.uid), (QuotaKind::Group, inode.gid)] {
            self.pay(Payer { kind, id, is_limited }, counted, change)?;
        }
        Ok(())
    }

    /// Changes one count. Who has no entry has nothing that could become less.
    fn pay(&mut self, payer: Payer, counted: Counted, change: i64) -> Step<()> {
        let Some(file) = self.quota_file(payer.kind)? else { return Ok(()) };
        let place = match self.find_entry(&file, payer.id)? {
            Found::Entry(place) => Some(place),
            Found::Nothing if change > 0 => self.new_entry(file, payer.id)?,
            Found::Nothing | Found::Damage => None,
        };
        let Some((page, at)) = place else { return Ok(()) };
        let start = at + counted as usize * QuotaValue::BYTES;
        let order = self.ffs.geometry.order;
        let value = QuotaValue::get(&self.page(page)?[start..], order);
        let value = value.changed(change, self.time.seconds, payer.is_limited);
        let value = value.inspect_err(|_| self.over_quota = Some((payer.kind, payer.id)))?;
        value.put(self.metadata_mut(page, start..start + QuotaValue::BYTES)?, order);
        Ok(())
    }
}
