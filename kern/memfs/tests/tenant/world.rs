//! A tree with one mount, and short ways to ask it for things.

use abi::{Credentials, Errno, FileSystemId, Result, SetTime, Timestamp};
use bytes::Bytes;
use memfs::Memfs;
use std::rc::Rc;
use vfs::{Caller, FileSystem, Mount, Name, NewFile, NewKind, Tree, Vnode};

pub const ID: FileSystemId = FileSystemId(0x0123_4567);
pub const NOW: Timestamp = Timestamp { seconds: 1_000_000_000, nanoseconds: 5 };

pub const ROOT: Caller = caller(0, 0);
pub const ALICE: Caller = caller(10, 20);
pub const BOB: Caller = caller(11, 21);

pub const fn caller(uid: u32, gid: u32) -> Caller {
    Caller { credentials: Credentials::new(uid, gid), time: NOW }
}

pub struct World {
    pub tree: Tree,
    pub mount: Rc<Mount>,
    pub root: Vnode,
}

impl World {
    pub fn over(file_system: Rc<dyn FileSystem>) -> Self {
        let tree = Tree::default();
        let mount = tree.mount(file_system).unwrap();
        let root = tree.root(&mount);
        Self { tree, mount, root }
    }

    pub fn of_size(size_bytes: u64) -> Self {
        Self::over(Memfs::new(ID, size_bytes, 1, NOW))
    }

    pub fn free_bytes(&self) -> u64 {
        run(self.mount.file_system().usage()).unwrap().free_bytes
    }
}

/// Runs an operation that has nothing to wait for.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    task::drive(future, || panic!("memory never waits"))
}

pub fn name(text: &str) -> Name<'_> {
    Name::new(text.as_bytes()).unwrap()
}

pub fn new_file(kind: NewKind<'_>, mode: u32) -> NewFile<'_> {
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    NewFile { kind, mode, uid: 0, gid: 0, accessed, modified }
}

pub fn make(directory: &Vnode, text: &str, kind: NewKind<'_>, mode: u32) -> Result<Vnode> {
    make_as(&ROOT, directory, text, kind, mode)
}

pub fn make_as(
    who: &Caller,
    directory: &Vnode,
    text: &str,
    kind: NewKind<'_>,
    mode: u32,
) -> Result<Vnode> {
    let Credentials { uid, gid, .. } = who.credentials;
    let new = NewFile { uid, gid, ..new_file(kind, mode) };
    run(directory.create(who, name(text), &new)).result
}

pub fn directory(parent: &Vnode, text: &str) -> Vnode {
    make(parent, text, NewKind::Directory, 0o777).unwrap()
}

pub fn regular(parent: &Vnode, text: &str) -> Vnode {
    make(parent, text, NewKind::Regular, 0o666).unwrap()
}

pub fn find(directory: &Vnode, text: &str) -> Result<Vnode> {
    run(directory.lookup(&ROOT, name(text))).result
}

/// Whether the name leads nowhere any more.
pub fn is_gone(directory: &Vnode, text: &str) -> bool {
    find(directory, text).is_err_and(|error| error == Errno::NoEntry)
}

/// Contents of a file from an offset on.
pub fn read(file: &Vnode, offset_bytes: u64, length_bytes: u32) -> Vec<u8> {
    let data = run(file.read(&ROOT, offset_bytes, length_bytes)).result.unwrap();
    data.pieces.concat()
}

pub fn write(file: &Vnode, offset_bytes: u64, data: &[u8]) -> Result<u32> {
    let data = Bytes::copy_from_slice(data);
    let written = run(file.write(&ROOT, offset_bytes, data, vfs::Stability::File)).result;
    written.map(|written| written.count_bytes)
}

/// Every name but the dots, read `chunk` entries at a time.
pub fn list(directory: &Vnode, chunk: usize) -> Vec<String> {
    let (mut names, mut after, mut end) = (Vec::new(), 0, false);
    while !end {
        let part;
        (part, after, end) = list_some(directory, after, chunk);
        names.extend(part);
    }
    names.retain(|name| name != "." && name != "..");
    names
}

/// At most `chunk` names behind a cookie, the last one's cookie, and whether the end was reached.
pub fn list_some(directory: &Vnode, after: u64, chunk: usize) -> (Vec<String>, u64, bool) {
    let (mut names, mut last) = (Vec::new(), after);
    let seen = run(directory.read_directory(&ROOT, after, &mut |entry| {
        if names.len() == chunk {
            return std::ops::ControlFlow::Break(());
        }
        last = entry.cookie;
        names.push(String::from_utf8(entry.name.to_vec()).unwrap());
        std::ops::ControlFlow::Continue(())
    }));
    let end = seen.result.unwrap();
    (names, last, end)
}
