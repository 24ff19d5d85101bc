//! Two file systems side by side: whatever one answers, the other must.
//!
//! Operations go through VFS, as protocols send them; a file is called by the model's number on
//! both sides. Space taken, inode numbers and the sizes of directories are each one's own affair.

use crate::model::Model;
use crate::operation::{Change, FileNo, New, Operation, Place, ROOT};
use crate::pattern::Origin;
use abi::{Attributes, Credentials, Errno, FileType, SetAttributes, SetTime, Timestamp};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use vfs::{Caller, FileSystem, Name, NewFile, NewKind, Tree, Vnode};

/// What waits for a file system's disk.
type Wait = Box<dyn Fn()>;

/// One file system, mounted in a tree of its own.
pub struct Side {
    _tree: Tree,
    root: Vnode,
    files: RefCell<BTreeMap<FileNo, Vnode>>,
    wait: Wait,
}

/// What both sides must answer the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    result: Result<u32, Errno>,
    /// The attributes, as far as both promise them, of everything that was named.
    files: Vec<Result<Promised, Errno>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Promised {
    file_type: FileType,
    mode: u32,
    owner: (u32, u32),
    links: u32,
    size_bytes: Option<u64>,
    device: abi::DeviceNumber,
    modified_seconds: i64,
}

impl Promised {
    fn of(attributes: &Attributes) -> Self {
        let is_directory = attributes.file_type == FileType::Directory;
        Self {
            file_type: attributes.file_type,
            mode: attributes.mode,
            owner: (attributes.uid, attributes.gid),
            links: attributes.links,
            size_bytes: (!is_directory).then_some(attributes.size_bytes),
            device: attributes.device,
            modified_seconds: attributes.modified.seconds,
        }
    }
}

/// A file's name and everything in or below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    path: String,
    attributes: Result<Promised, Errno>,
    bytes: Result<Vec<u8>, Errno>,
}

impl Side {
    /// A side; `wait` lets its disk do its part.
    pub fn new(file_system: Rc<dyn FileSystem>, wait: Wait) -> Self {
        let tree = Tree::default();
        let mount = tree.mount(file_system).expect("an empty tree has room");
        let root = tree.root(&mount);
        let files = RefCell::new(BTreeMap::from([(ROOT, root.clone())]));
        Self { _tree: tree, root, files, wait }
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        task::drive(work, || (self.wait)())
    }

    /// Does one operation at this time.
    pub fn apply(&self, operation: &Operation, time: Timestamp) -> Answer {
        let caller = Caller { credentials: Credentials::ROOT, time };
        let result = self.run(self.carry_out(operation, &caller));
        let named = named(operation);
        let files = named.iter().map(|&file| self.promised(file)).collect();
        Answer { result, files }
    }

    fn promised(&self, file: FileNo) -> Result<Promised, Errno> {
        let vnode = self.vnode(file)?;
        self.run(vnode.attributes()).map(|attributes| Promised::of(&attributes))
    }

    /// A file's vnode; it may be gone by now.
    fn vnode(&self, file: FileNo) -> Result<Vnode, Errno> {
        self.files.borrow().get(&file).cloned().ok_or(Errno::NoEntry)
    }

    fn carry_out<'a>(
        &'a self,
        operation: &'a Operation,
        caller: &'a Caller,
    ) -> Pin<Box<dyn Future<Output = Result<u32, Errno>> + 'a>> {
        Box::pin(async move {
            match operation {
                Operation::Make { place, new, mode, file } => {
                    self.make(place, new, *mode, *file, caller).await
                }
                Operation::Link { file, place } => {
                    let (file, directory) = (self.vnode(*file)?, self.vnode(place.0)?);
                    file.link(caller, &directory, name(place)?).await.result.map(|()| 0)
                }
                Operation::Remove(place) => {
                    let directory = self.vnode(place.0)?;
                    directory.remove(caller, name(place)?).await.result.map(|()| 0)
                }
                Operation::RemoveDirectory(place) => {
                    let directory = self.vnode(place.0)?;
                    directory.remove_directory(caller, name(place)?).await.result.map(|()| 0)
                }
                Operation::Rename(from, to) => {
                    let (old, new) = (self.vnode(from.0)?, self.vnode(to.0)?);
                    old.rename(caller, name(from)?, &new, name(to)?).await.result.map(|()| 0)
                }
                Operation::Write { file, offset_bytes, length_bytes, stability, version } => {
                    let origin = Origin { file: file.0, version: *version };
                    let data = origin.bytes(*offset_bytes, *length_bytes as usize);
                    let file = self.vnode(*file)?;
                    let written = file.write(caller, *offset_bytes, data.into(), *stability).await;
                    written.result.map(|written| written.count_bytes)
                }
                Operation::Commit { file, offset_bytes, length_bytes } => {
                    let (file, length) = (self.vnode(*file)?, u64::from(*length_bytes));
                    file.commit(caller, *offset_bytes, length).await.result.map(|()| 0)
                }
                Operation::SetAttributes { file, change } => {
                    let file = self.vnode(*file)?;
                    let change = attribute_change(change);
                    file.set_attributes(caller, &change, None).await.result.map(|()| 0)
                }
            }
        })
    }

    async fn make(
        &self,
        place: &Place,
        new: &New,
        mode: u32,
        file: FileNo,
        caller: &Caller,
    ) -> Result<u32, Errno> {
        let kind = match new {
            New::Regular(_) => NewKind::Regular,
            New::Directory => NewKind::Directory,
            New::SymbolicLink(target) => NewKind::SymbolicLink(target.as_bytes()),
            New::Fifo => NewKind::Fifo,
            New::Socket => NewKind::Socket,
            New::CharacterDevice(device) => NewKind::CharacterDevice(*device),
            New::BlockDevice(device) => NewKind::BlockDevice(*device),
        };
        let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
        let new = NewFile { kind, mode, uid: 0, gid: 0, accessed, modified };
        let directory = self.vnode(place.0)?;
        let made = directory.create(caller, name(place)?, &new).await.result?;
        self.files.borrow_mut().insert(file, made);
        Ok(0)
    }

    /// The whole tree, in the order of names.
    pub fn shape(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        let mut open = vec![(String::new(), self.root.clone())];
        while let Some((path, vnode)) = open.pop() {
            let attributes = self.run(vnode.attributes());
            let kind = attributes.map(|attributes| (attributes.file_type, attributes.size_bytes));
            let bytes = self.bytes(&vnode, kind);
            if matches!(kind, Ok((FileType::Directory, _))) {
                open.extend(self.below(&vnode, &path));
            }
            let attributes = attributes.map(|attributes| Promised::of(&attributes));
            shapes.push(Shape { path, attributes, bytes });
        }
        shapes.sort_by(|a, b| a.path.cmp(&b.path));
        shapes
    }

    fn bytes(&self, vnode: &Vnode, kind: Result<(FileType, u64), Errno>) -> Result<Vec<u8>, Errno> {
        let caller = Caller { credentials: Credentials::ROOT, time: Timestamp::default() };
        match kind? {
            (FileType::Regular, size) => {
                let length = u32::try_from(size).map_err(|_| Errno::FileTooBig)?;
                let read = self.run(vnode.read(&caller, 0, length)).result?;
                Ok(read.pieces.concat())
            }
            (FileType::SymbolicLink, _) => {
                self.run(vnode.read_link(&caller)).result.map(|target| target.to_vec())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn below(&self, directory: &Vnode, path: &str) -> Vec<(String, Vnode)> {
        let caller = Caller { credentials: Credentials::ROOT, time: Timestamp::default() };
        let mut names = Vec::new();
        let mut visit = |entry: vfs::Entry<'_>| {
            names.push(entry.name.to_vec());
            ControlFlow::Continue(())
        };
        let seen = self.run(directory.read_directory(&caller, 0, &mut visit)).result;
        assert_eq!(seen, Ok(true), "a sound directory is listed to its end");
        names.retain(|name| name != b"." && name != b"..");
        let find = |name: Vec<u8>| {
            let found =
                Name::new(&name).and_then(|name| self.run(directory.lookup(&caller, name)).result);
            let text = String::from_utf8_lossy(&name);
            (format!("{path}/{text}"), found.expect("what is listed is found"))
        };
        names.into_iter().map(find).collect()
    }
}

fn name((_, name): &Place) -> Result<Name<'_>, Errno> {
    Name::new(name.as_bytes())
}

fn attribute_change(change: &Change) -> SetAttributes {
    let time = |(seconds, nanoseconds)| {
        SetTime::To(Timestamp { seconds: i64::from(seconds), nanoseconds })
    };
    SetAttributes {
        mode: change.mode,
        uid: change.uid,
        gid: change.gid,
        size_bytes: change.size_bytes,
        accessed: SetTime::Keep,
        modified: change.modified.map_or(SetTime::Keep, time),
    }
}

/// The files that an operation names.
fn named(operation: &Operation) -> Vec<FileNo> {
    match operation {
        Operation::Make { place, file, .. } | Operation::Link { file, place } => {
            vec![place.0, *file]
        }
        Operation::Remove(place) | Operation::RemoveDirectory(place) => vec![place.0],
        Operation::Rename(from, to) => vec![from.0, to.0],
        Operation::Write { file, .. }
        | Operation::Commit { file, .. }
        | Operation::SetAttributes { file, .. } => vec![*file],
    }
}

/// Tells the model what one side answered, so that the next operation makes sense.
pub fn tell(model: &mut Model, number: u32, operation: &Operation, answer: &Answer) {
    use crate::model::Outcome;
    model.start(number, operation);
    let outcome = Outcome {
        succeeded: answer.result.is_ok(),
        // Any name will do: the sides know files by number.
        file: Some(abi::FileId { inode: abi::InodeNo(u64::from(number) + 10), generation: 1 }),
        count_bytes: answer.result.unwrap_or(0),
        stability: vfs::Stability::File,
        is_doubtful: false,
    };
    // Whether it was right to succeed or to fail is for the two sides to agree about: CREATE in
    // VFS knows no modes but guarded.
    let _ = model.end(number, &outcome, true);
}
