//! The contents of a regular file, and what of them a power cut may leave.
//!
//! Of each sector the model knows what a reader sees now and, where a write has not been made
//! stable, everything else that may stand there after a cut: what stood there before that write and
//! since the last stable moment. A sector that is not listed is a hole, or zeros.

use crate::pattern::describe;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// What is written whole or not at all.
pub const SECTOR: u64 = sim::SECTOR_BYTES as u64;

type Sector = Rc<[u8; sim::SECTOR_BYTES]>;

/// The largest block of any image here.
const BLOCK_BYTES_MAX: u64 = 16384;

/// What is in a file.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    size_bytes: u64,
    /// The sizes that the file may have after a power cut.
    low_bytes: u64,
    high_bytes: u64,
    now: BTreeMap<u64, Sector>,
    /// What else may stand there after a power cut; `None` is a hole.
    older: BTreeMap<u64, Vec<Option<Sector>>>,
}

impl Contents {
    /// Its size now.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// A hole of this size, which is durable.
    pub fn hole(size_bytes: u64) -> Self {
        let (low_bytes, high_bytes) = (size_bytes, size_bytes);
        Self { size_bytes, low_bytes, high_bytes, ..Self::default() }
    }

    /// Whether a power cut leaves it as readers see it.
    pub fn is_stable(&self) -> bool {
        self.older.is_empty() && self.low_bytes == self.size_bytes
    }

    /// Whether readers see the same.
    pub fn reads_like(&self, other: &Self) -> bool {
        let shown = |contents: &Self| {
            let is_hole = |sector: &Sector| sector.iter().all(|&byte| byte == 0);
            let sectors = contents.now.iter().filter(|(_, sector)| !is_hole(sector));
            sectors.map(|(index, sector)| (*index, sector.clone())).collect::<Vec<_>>()
        };
        self.size_bytes == other.size_bytes && shown(self) == shown(other)
    }

    /// Exactly these bytes, all of them durable.
    pub fn exactly(bytes: &[u8]) -> Self {
        let mut contents = Self::hole(bytes.len() as u64);
        for (index, chunk) in (0..).zip(bytes.chunks(sim::SECTOR_BYTES)) {
            if chunk.iter().any(|&byte| byte != 0) {
                contents.now.insert(index, patched(None, 0, chunk));
            }
        }
        contents
    }

    /// A write that has not ended: it may be there, as a whole or in part.
    pub fn maybe_write(&mut self, offset_bytes: u64, data: &[u8]) {
        for (index, at, part) in sectors(offset_bytes, data) {
            let new = Some(patched(self.now.get(&index), at, part));
            self.remember(index, new);
        }
        self.high_bytes = self.high_bytes.max(offset_bytes + data.len() as u64);
    }

    /// A cut that has not ended. Large files come off in steps, from the end: the file may be
    /// longer than was asked for. What is behind the new end in its block may be zeros before the
    /// file is shorter (ext4 and BSD's FFS are no stricter: the zeros are data); and everything
    /// behind it, if pointers go before the size does.
    pub fn maybe_resize(&mut self, size_bytes: u64, has_pointers_first: bool) {
        let block_end = size_bytes.next_multiple_of(BLOCK_BYTES_MAX);
        let end = if has_pointers_first { u64::MAX } else { block_end }.min(self.size_bytes);
        if size_bytes < end {
            self.maybe_write(size_bytes, &vec![0; (end - size_bytes) as usize]);
            self.low_bytes = self.low_bytes.min(size_bytes);
        }
    }

    /// A write that readers see from now on.
    pub fn write(&mut self, offset_bytes: u64, data: &[u8], is_stable: bool) {
        let end = offset_bytes + data.len() as u64;
        for (index, at, part) in sectors(offset_bytes, data) {
            let old = self.now.get(&index).cloned();
            let new = patched(old.as_ref(), at, part);
            if is_stable {
                self.older.remove(&index);
            } else {
                self.remember(index, old);
            }
            self.now.insert(index, new);
        }
        self.size_bytes = self.size_bytes.max(end);
        self.high_bytes = self.high_bytes.max(end);
        if is_stable {
            self.low_bytes = self.low_bytes.max(end);
        }
    }

    /// What readers see in `range` is durable now.
    pub fn commit(&mut self, range: Range<u64>) {
        let sectors = range.start / SECTOR..range.end.div_ceil(SECTOR);
        self.older.retain(|index, _| !sectors.contains(index));
    }

    /// A size that the file has, or had lately, is durable.
    pub fn settle_size(&mut self, size_bytes: u64) {
        self.low_bytes = self.low_bytes.max(size_bytes.min(self.size_bytes));
    }

    /// Another size, which is durable.
    pub fn resize(&mut self, size_bytes: u64) {
        let kept = size_bytes.div_ceil(SECTOR);
        self.now.split_off(&kept);
        self.older.split_off(&kept);
        let inside = (size_bytes % SECTOR) as usize;
        if inside > 0 {
            let index = size_bytes / SECTOR;
            if let Some(sector) = self.now.get_mut(&index) {
                Rc::make_mut(sector)[inside..].fill(0);
            }
            for sector in self.older.get_mut(&index).into_iter().flatten().flatten() {
                Rc::make_mut(sector)[inside..].fill(0);
            }
        }
        (self.size_bytes, self.low_bytes, self.high_bytes) = (size_bytes, size_bytes, size_bytes);
    }

    /// Whether a file may have these contents after a power cut.
    ///
    /// # Errors
    /// Which rule is broken, and where.
    pub fn check(&self, found: &[u8]) -> Result<(), String> {
        let size = found.len() as u64;
        if !(self.low_bytes..=self.high_bytes).contains(&size) {
            return Err(format!(
                "its size is {size}, which is not from {} to {}",
                self.low_bytes, self.high_bytes
            ));
        }
        for (index, bytes) in (0..).zip(found.chunks(sim::SECTOR_BYTES)) {
            if !self.allows(index, bytes) {
                return Err(self.complaint(index, bytes));
            }
        }
        Ok(())
    }

    fn allows(&self, index: u64, bytes: &[u8]) -> bool {
        let is = |sector: Option<&Sector>| match sector {
            Some(sector) => sector[..bytes.len()] == *bytes,
            None => bytes.iter().all(|&byte| byte == 0),
        };
        is(self.now.get(&index))
            || self.older.get(&index).is_some_and(|all| all.iter().any(|one| is(one.as_ref())))
    }

    fn complaint(&self, index: u64, bytes: &[u8]) -> String {
        let now = self.now.get(&index);
        let differs = |at: &usize| now.map_or(0, |sector| sector[*at]) != bytes[*at];
        let at = (0..bytes.len()).find(differs).unwrap_or(0);
        let offset = index * SECTOR + at as u64;
        let tell = |sector: Option<&Sector>| match sector {
            Some(sector) => describe(offset, &sector[at..bytes.len()]),
            None => "a hole".to_owned(),
        };
        let older = self.older.get(&index).into_iter().flatten();
        let older: Vec<_> = older.map(|one| tell(one.as_ref())).collect();
        let found = describe(offset, &bytes[at..]);
        format!(
            "at byte {offset} of {} there are {found}; readers saw {}, and before that {older:?}",
            self.size_bytes,
            tell(now),
        )
    }

    fn remember(&mut self, index: u64, sector: Option<Sector>) {
        let all = self.older.entry(index).or_default();
        if !all.contains(&sector) {
            all.push(sector);
        }
    }
}

/// Cuts data where sectors end: the sector, the place in it, and the bytes.
fn sectors(offset_bytes: u64, data: &[u8]) -> impl Iterator<Item = (u64, usize, &[u8])> {
    let mut at = offset_bytes;
    let mut rest = data;
    std::iter::from_fn(move || {
        let inside = (at % SECTOR) as usize;
        let count = (sim::SECTOR_BYTES - inside).min(rest.len());
        let (part, behind) = rest.split_at(count);
        let piece = (at / SECTOR, inside, part);
        (at, rest) = (at + count as u64, behind);
        (count > 0).then_some(piece)
    })
}

fn patched(old: Option<&Sector>, at: usize, bytes: &[u8]) -> Sector {
    let mut sector = old.map_or([0; sim::SECTOR_BYTES], |old| **old);
    sector[at..at + bytes.len()].copy_from_slice(bytes);
    Rc::new(sector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unstable_writes_may_be_gone_in_part() {
        let mut contents = Contents::default();
        contents.write(0, &[1; 1024], true);
        contents.write(512, &[2; 1024], false);
        let found = |a: u8, b: u8, c: Option<u8>| {
            let mut bytes = [vec![a; 512], vec![b; 512]].concat();
            bytes.extend(c.map(|c| [c; 512]).into_iter().flatten());
            contents.check(&bytes)
        };
        assert!(found(1, 1, None).is_ok() && found(1, 2, None).is_ok());
        assert!(found(1, 1, Some(2)).is_ok() && found(1, 2, Some(0)).is_ok());
        assert!(found(2, 2, Some(2)).is_err(), "a stable sector has changed");
        assert!(found(1, 3, Some(2)).is_err(), "bytes that nobody wrote");
        assert!(found(1, 0, None).is_err(), "stable bytes are gone");
    }

    #[test]
    fn committed_bytes_stay() {
        let mut contents = Contents::default();
        contents.write(0, &[1; 1024], false);
        contents.commit(0..512);
        contents.settle_size(512);
        assert!(contents.check(&[1; 512]).is_ok() && contents.check(&[1; 300]).is_err());
        contents.commit(0..1024);
        contents.settle_size(1024);
        assert!(contents.check(&[1; 1024]).is_ok() && contents.check(&[1; 512]).is_err());
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        let mut contents = Contents::default();
        contents.write(0, &[1; 1024], false);
        contents.resize(700);
        contents.resize(2048);
        let mut bytes = vec![0; 2048];
        bytes[..700].fill(1);
        assert!(contents.check(&bytes).is_ok());
        bytes[512..700].fill(0);
        assert!(contents.check(&bytes).is_ok(), "it was never stable");
        bytes[700] = 1;
        assert!(contents.check(&bytes).is_err());
        let exact = Contents::exactly(&[7; 600]);
        assert!(exact.check(&[7; 600]).is_ok() && exact.check(&[7; 601]).is_err());
    }
}
