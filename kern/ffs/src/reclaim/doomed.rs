//! Which files are to be taken apart, and who is at it.

use super::Lack;
use crate::layout::Inode;
use crate::quota::QuotaKind;
use abi::InodeNo;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::cell::RefCell;
use task::WaitQueue;

/// Most files whose removers have not settled yet: each takes a place in the log's list.
const FRESH_MAX: usize = 256;

/// Who pays for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owners {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Owners {
    pub(crate) fn of(inode: &Inode) -> Self {
        Self { uid: inode.uid, gid: inode.gid }
    }
}

/// A file to be taken apart.
#[derive(Clone, Copy, Debug)]
struct File {
    /// Counts them in the order in which they were doomed.
    number: u64,
    inode: InodeNo,
    owners: Owners,
}

/// Where the file of a task goes that is dropped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Fresh,
    Left,
}

/// See the top of the room.
#[derive(Default)]
pub(crate) struct Doomed {
    files: RefCell<Files>,
    steps: WaitQueue,
}

#[derive(Default)]
struct Files {
    next_number: u64,
    /// Their removers have not settled yet. The newest is the last.
    fresh: Vec<File>,
    /// Nobody's.
    left: VecDeque<File>,
    at_work: BTreeMap<u64, File>,
    /// What could not be taken apart is left to the end, and then to the next mount or `fsck`.
    stuck: Vec<File>,
}

/// What an operation waits for that lacks something: files that were doomed before it began to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Awaited {
    pub(crate) lack: Lack,
    before: u64,
}

impl Doomed {
    /// A file has lost its last name.
    pub(crate) fn add(&self, inode: InodeNo, owners: Owners) {
        let mut files = self.files.borrow_mut();
        let file = files.numbered(inode, owners);
        files.fresh.push(file);
    }

    /// The same, and whoever did it will not come back.
    pub(crate) fn add_left(&self, inode: InodeNo, owners: Owners) {
        let mut files = self.files.borrow_mut();
        let file = files.numbered(inode, owners);
        files.left.push_back(file);
    }

    /// The same, and it cannot be taken apart.
    pub(crate) fn add_stuck(&self, inode: InodeNo) {
        let mut files = self.files.borrow_mut();
        let file = files.numbered(inode, Owners { uid: 0, gid: 0 });
        files.stuck.push(file);
    }

    /// Whether there are so many that none may come before one has gone.
    pub(super) fn is_full(&self) -> bool {
        self.files.borrow().fresh.len() >= FRESH_MAX
    }

    /// Whether nobody is at work on some of them, and somebody should be.
    pub(crate) fn is_waiting(&self) -> bool {
        let files = self.files.borrow();
        !(files.fresh.is_empty() && files.left.is_empty())
    }

    /// Whether somebody is at work.
    pub(super) fn is_at_work(&self) -> bool {
        !self.files.borrow().at_work.is_empty()
    }

    /// Whether some could not be taken apart.
    pub(super) fn has_stuck(&self) -> bool {
        !self.files.borrow().stuck.is_empty()
    }

    /// Takes one that its remover has not settled yet: the newest, which is the caller's own if the
    /// caller has just removed one.
    pub(super) fn take_own(&self) -> Option<Work<'_>> {
        let file = self.files.borrow_mut().fresh.pop()?;
        Some(self.work(file, Origin::Left))
    }

    /// Takes the one that has waited longest.
    pub(super) fn take_any(&self) -> Option<Work<'_>> {
        let mut files = self.files.borrow_mut();
        let first = files.left.pop_front();
        let file = first.or_else(|| (!files.fresh.is_empty()).then(|| files.fresh.remove(0)))?;
        drop(files);
        Some(self.work(file, Origin::Left))
    }

    /// What one that lacks something now may wait for.
    pub(crate) fn awaited(&self, lack: Lack) -> Awaited {
        Awaited { lack, before: self.files.borrow().next_number }
    }

    /// Whether something of that is still there.
    pub(super) fn is_coming(&self, awaited: &Awaited) -> bool {
        let files = self.files.borrow();
        let mut all = files.fresh.iter().chain(&files.left).chain(files.at_work.values());
        all.any(|file| awaited.is_met_by(file))
    }

    /// Takes one of that, if nobody is at work on it.
    pub(super) fn take_awaited(&self, awaited: &Awaited) -> Option<Work<'_>> {
        let mut files = self.files.borrow_mut();
        let is_it = |file: &File| awaited.is_met_by(file);
        if let Some(at) = files.left.iter().position(is_it) {
            let file = files.left.remove(at)?;
            drop(files);
            return Some(self.work(file, Origin::Left));
        }
        let at = files.fresh.iter().position(is_it)?;
        let file = files.fresh.remove(at);
        drop(files);
        Some(self.work(file, Origin::Fresh))
    }

    /// Ends when somebody has done a step, or has stopped.
    pub(super) async fn next_step(&self) {
        self.steps.wait().await;
    }

    /// What could not be taken apart is to be tried once more.
    pub(super) fn retry_stuck(&self) {
        let files = &mut *self.files.borrow_mut();
        files.left.extend(files.stuck.drain(..));
    }

    fn work(&self, file: File, origin: Origin) -> Work<'_> {
        self.files.borrow_mut().at_work.insert(file.number, file);
        Work { doomed: self, file, origin: Some(origin) }
    }
}

impl Files {
    fn numbered(&mut self, inode: InodeNo, owners: Owners) -> File {
        let number = self.next_number;
        self.next_number += 1;
        File { number, inode, owners }
    }
}

impl Awaited {
    fn is_met_by(&self, file: &File) -> bool {
        let is_payers = match self.lack {
            Lack::Quota(Some((QuotaKind::User, uid))) => file.owners.uid == uid,
            Lack::Quota(Some((QuotaKind::Group, gid))) => file.owners.gid == gid,
            Lack::Quota(None) | Lack::Space => true,
        };
        is_payers && file.number < self.before
    }
}

/// The right to take a file apart. If it is dropped before the end, somebody else goes on.
pub(super) struct Work<'a> {
    doomed: &'a Doomed,
    file: File,
    /// `None` at the end.
    origin: Option<Origin>,
}

impl Work<'_> {
    pub(super) fn inode(&self) -> InodeNo {
        self.file.inode
    }

    /// A step is done; with the last one the file is gone.
    pub(super) fn note_step(&mut self, is_gone: bool) {
        if is_gone {
            self.origin = None;
        }
        self.doomed.steps.wake_all();
    }

    /// It cannot be done.
    pub(super) fn give_up(&mut self) {
        self.origin = None;
        self.doomed.files.borrow_mut().stuck.push(self.file);
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        let mut files = self.doomed.files.borrow_mut();
        files.at_work.remove(&self.file.number);
        match self.origin {
            Some(Origin::Fresh) => files.fresh.insert(0, self.file),
            Some(Origin::Left) => files.left.push_front(self.file),
            None => {}
        }
        drop(files);
        self.doomed.steps.wake_all();
    }
}
