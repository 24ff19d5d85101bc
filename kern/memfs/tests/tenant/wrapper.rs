//! A file system around memfs that waits at random, may refuse changes, and may be damaged.

use crate::claims::{Claim, Claims};
use crate::luck::Luck;
use abi::{Attributes, FileId, FileSystemId, InodeNo, SetAttributes, Timestamp};
use bytes::Bytes;
use memfs::Memfs;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use vfs::{
    FileSystem, Limits, Name, NewFile, Stability, Usage, Visit, Wait, WritableFileSystem, Written,
};

/// A damaged directory entry: where a name leads, if not where it should.
pub type Twist = fn(&Memfs, FileId, &[u8]) -> Option<FileId>;

pub struct Wrapper {
    pub inner: Rc<Memfs>,
    pub luck: Option<Luck>,
    pub read_only: bool,
    pub twist: Twist,
    pub claims: Claims,
}

impl Wrapper {
    pub fn new(inner: Rc<Memfs>) -> Self {
        Self {
            inner,
            luck: None,
            read_only: false,
            twist: |_, _, _| None,
            claims: Claims::default(),
        }
    }

    /// Gives way to other tasks, once to four times.
    async fn pause(&self) {
        let Some(luck) = &self.luck else { return };
        for _ in 0..=luck.below(4) {
            yield_now().await;
        }
    }

    /// Waits, does it, waits again, and claims the files for as long.
    fn slowly<'a, T: 'a>(
        &'a self,
        claim: impl FnOnce() -> Option<Claim<'a>> + 'a,
        work: impl FnOnce(&'a Memfs) -> Wait<'a, T> + 'a,
    ) -> Wait<'a, T> {
        Box::pin(async move {
            let _claim = claim();
            self.pause().await;
            let result = work(&self.inner).await;
            self.pause().await;
            result
        })
    }

    fn look<'a, T: 'a>(
        &'a self,
        file: FileId,
        work: impl FnOnce(&'a Memfs) -> Wait<'a, T> + 'a,
    ) -> Wait<'a, T> {
        self.slowly(move || Some(self.claims.look(file)), work)
    }

    fn change<'a, T: 'a>(
        &'a self,
        files: impl IntoIterator<Item = FileId>,
        work: impl FnOnce(&'a dyn WritableFileSystem) -> Wait<'a, T> + 'a,
    ) -> Wait<'a, T> {
        let files = Vec::from_iter(files);
        let claim = move || Some(self.claims.change(&files));
        self.slowly(claim, |inner| work(inner.writable().unwrap()))
    }
}

async fn yield_now() {
    let yielded = Cell::new(false);
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if yielded.replace(true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl FileSystem for Wrapper {
    fn id(&self) -> FileSystemId {
        self.inner.id()
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn root(&self) -> FileId {
        self.inner.root()
    }

    fn usage(&self) -> Wait<'_, Usage> {
        self.slowly(|| None, |inner| inner.usage())
    }

    fn identify(&self, inode: InodeNo) -> Wait<'_, FileId> {
        self.slowly(|| None, move |inner| inner.identify(inode))
    }

    fn attributes(&self, file: FileId) -> Wait<'_, Attributes> {
        self.slowly(|| None, move |inner| inner.attributes(file))
    }

    fn lookup<'a>(&'a self, directory: FileId, name: Name<'a>) -> Wait<'a, FileId> {
        self.look(directory, move |inner| match (self.twist)(inner, directory, name.bytes()) {
            Some(file) => Box::pin(async move { Ok(file) }),
            None => inner.lookup(directory, name),
        })
    }

    fn read_directory<'a>(
        &'a self,
        directory: FileId,
        after: u64,
        visit: &'a mut Visit<'a>,
    ) -> Wait<'a, bool> {
        self.look(directory, move |inner| inner.read_directory(directory, after, visit))
    }

    fn read_link(&self, file: FileId) -> Wait<'_, Bytes> {
        self.look(file, move |inner| inner.read_link(file))
    }

    fn read(&self, file: FileId, offset: u64, length: u32) -> Wait<'_, Vec<Bytes>> {
        self.look(file, move |inner| inner.read(file, offset, length))
    }

    fn writable(&self) -> Option<&dyn WritableFileSystem> {
        (!self.read_only).then_some(self)
    }
}

impl WritableFileSystem for Wrapper {
    fn set_attributes<'a>(
        &'a self,
        file: FileId,
        change: &'a SetAttributes,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change([file], move |inner| inner.set_attributes(file, change, time))
    }

    fn write(
        &self,
        file: FileId,
        offset: u64,
        data: Bytes,
        stability: Stability,
        time: Timestamp,
    ) -> Wait<'_, Written> {
        self.change([file], move |inner| inner.write(file, offset, data, stability, time))
    }

    fn commit(&self, file: FileId, offset: u64, length: u64) -> Wait<'_, ()> {
        self.look(file, move |inner| inner.writable().unwrap().commit(file, offset, length))
    }

    fn settle(&self) -> Wait<'_, ()> {
        self.inner.writable().unwrap().settle()
    }

    fn is_unsaved(&self) -> bool {
        self.inner.is_unsaved()
    }

    fn sync(&self) -> Wait<'_, ()> {
        self.inner.writable().unwrap().sync()
    }

    fn close(&self) -> Wait<'_, ()> {
        self.inner.writable().unwrap().close()
    }

    fn write_verifier(&self) -> u64 {
        self.inner.write_verifier()
    }

    fn create<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        new: &'a NewFile<'a>,
        time: Timestamp,
    ) -> Wait<'a, FileId> {
        self.change([directory], move |inner| inner.create(directory, name, new, time))
    }

    fn link<'a>(
        &'a self,
        file: FileId,
        directory: FileId,
        name: Name<'a>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change([file, directory], move |inner| inner.link(file, directory, name, time))
    }

    fn remove<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change([file, directory], move |inner| inner.remove(directory, name, file, time))
    }

    fn remove_directory<'a>(
        &'a self,
        directory: FileId,
        name: Name<'a>,
        file: FileId,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change([file, directory], move |inner| {
            inner.remove_directory(directory, name, file, time)
        })
    }

    fn rename<'a>(
        &'a self,
        file: FileId,
        from: (FileId, Name<'a>),
        to: (FileId, Name<'a>),
        replaced: Option<FileId>,
        time: Timestamp,
    ) -> Wait<'a, ()> {
        self.change([file, from.0, to.0].into_iter().chain(replaced), move |inner| {
            inner.rename(file, from, to, replaced, time)
        })
    }
}
