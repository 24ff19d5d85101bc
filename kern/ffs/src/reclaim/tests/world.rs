//! A file system behind VFS, which locks.

use crate::testing::{Mounted, NOW};
use abi::{Credentials, Errno, Result, SetTime};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec::Vec;
use bytes::Bytes;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use ffscheck::fsck::{self, Class};
use ffscheck::newfs::{self, Memory};
use task::let_others_run;
use vfs::{Caller, FileSystem, Mount, Name, NewFile, NewKind, Stability, Tree, Vnode};

pub(super) const MIB: usize = 1 << 20;

/// What is written into files.
static DATA: [u8; MIB] = [7; MIB];

pub(super) const CALLER: Caller = Caller { credentials: Credentials::ROOT, time: NOW };

/// Small blocks, so that files have many; with a log and without.
pub(super) fn layouts() -> [newfs::Options; 2] {
    [1 << 20, 0].map(|log_bytes| newfs::Options {
        block_bytes: Some(4096),
        fragment_bytes: Some(512),
        reserved_percent: 0,
        log_bytes: Some(log_bytes),
        ..newfs::Options::new(12 << 20)
    })
}

pub(super) struct World {
    pub(super) fs: Mounted,
    pub(super) mount: Rc<Mount>,
    tree: Tree,
}

impl World {
    pub(super) fn new(layout: &newfs::Options) -> Self {
        Self::of(Mounted::new(layout))
    }

    pub(super) fn of(fs: Mounted) -> Self {
        let tree = Tree::default();
        let mount = tree.mount(fs.ffs.clone()).expect("one mount");
        Self { fs, mount, tree }
    }

    /// The same with nothing in memory.
    pub(super) fn again(&self) -> Self {
        Self::of(self.fs.again())
    }

    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.fs.wait(Box::pin(future))
    }

    /// Lets the disk tell what it has done.
    pub(super) fn collect(&self) {
        self.fs.wait(let_others_run());
    }

    pub(super) fn root(&self) -> Vnode {
        self.tree.root(&self.mount)
    }

    pub(super) async fn create(&self, name: &str) -> Result<Vnode> {
        let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
        let kind = NewKind::Regular;
        let new = NewFile { kind, mode: 0o644, uid: 0, gid: 0, accessed, modified };
        self.root().create(&CALLER, named(name), &new).await.result
    }

    pub(super) async fn find(&self, name: &str) -> Result<Vnode> {
        self.root().lookup(&CALLER, named(name)).await.result
    }

    pub(super) async fn remove(&self, name: &str) -> Result<()> {
        self.root().remove(&CALLER, named(name)).await.result
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let root = self.root();
        root.rename(&CALLER, named(from), &root, named(to)).await.result
    }

    /// Appends so many bytes to a file; says how many there was space for.
    pub(super) async fn fill(&self, file: &Vnode, bytes: usize) -> Result<usize> {
        let start = file.attributes().await?.size_bytes;
        let mut done = 0;
        while done < bytes {
            let data = Bytes::from_static(&DATA[..MIB.min(bytes - done)]);
            let at = start + done as u64;
            let written = file.write(&CALLER, at, data, Stability::Unstable).await.result;
            match written {
                Ok(written) => done += written.count_bytes as usize,
                Err(Errno::NoSpace) if done > 0 => break,
                Err(errno) => return Err(errno),
            }
        }
        Ok(done)
    }

    /// A new file of so many bytes, durable.
    pub(super) fn file(&self, name: &str, bytes: usize) -> Vnode {
        let file = self.wait(self.create(name)).expect("a file");
        self.wait(self.fill(&file, bytes)).expect("space");
        self.wait(self.fs.ffs.save()).expect("saved");
        file
    }

    /// How many files have no names and are still there.
    pub(super) fn unlinked(&self) -> usize {
        let writer = self.fs.ffs.writer.as_ref().expect("a writer");
        writer.unlinked.borrow().len()
    }

    pub(super) fn free_bytes(&self) -> u64 {
        self.wait(self.fs.ffs.usage()).expect("usage").free_bytes
    }

    /// Begins to remove a file, and stops when a part of it has been given back.
    pub(super) fn remove_in_part<'a>(
        &'a self,
        name: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
        let free_bytes = self.free_bytes();
        let mut removal: Pin<Box<dyn Future<Output = _>>> = Box::pin(self.remove(name));
        while self.free_bytes() == free_bytes {
            assert!(poll(&mut removal).is_pending(), "removed in one step");
            self.collect();
        }
        assert_eq!(self.unlinked(), 1);
        removal
    }

    /// Everything is in order once it is closed.
    pub(super) fn check(&self) {
        self.wait(self.fs.ffs.leave_clean()).expect("all written");
        assert_eq!(found(&self.fs.disk.image.borrow()), [""; 0]);
        assert_eq!(*self.fs.damage.borrow(), [""; 0]);
    }
}

/// What fsck finds but the counts beside the groups, which no log has.
pub(super) fn found(image: &Memory) -> Vec<alloc::string::String> {
    let mut image = image.clone();
    let report = fsck::check(&mut image, &fsck::Options::default(), &mut |_| {});
    let mut findings = report.expect("a file system").findings;
    findings.retain(|one| !matches!(one.class, Class::SummaryTable | Class::Totals));
    findings.iter().map(ToString::to_string).collect()
}

pub(super) fn named(name: &str) -> Name<'_> {
    Name::new(name.as_bytes()).expect("a name")
}

pub(super) fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs futures side by side until all have ended.
pub(super) async fn all<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    poll_fn(|context| {
        for (future, value) in &mut running {
            if let Some(Poll::Ready(done)) = future.as_mut().map(|it| it.as_mut().poll(context)) {
                (*future, *value) = (None, Some(done));
            }
        }
        let is_done = running.iter().all(|(future, _)| future.is_none());
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, value)| value).collect()
}
