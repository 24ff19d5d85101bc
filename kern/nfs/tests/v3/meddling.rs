//! A file system that changes, or fails, in the middle of things.

use crate::world::{World, unpacked};
use abi::{Attributes, Errno, FileId, FileSystemId, InodeNo, Result, SetTime, Timestamp};
use bytes::Bytes;
use nfs3_types::nfs3::{Nfs3Option, READDIRPLUS3args, READDIRPLUS3res, cookieverf3, entryplus3};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vfs::{FileSystem, Limits, Name, NewFile, NewKind, Usage, Visit, Wait, WritableFileSystem};

/// A file system in memory whose inodes are identified by somebody else first.
struct Meddled {
    below: Rc<dyn FileSystem>,
    meddler: RefCell<Box<dyn FnMut(InodeNo) -> Result<()>>>,
}

impl FileSystem for Meddled {
    fn id(&self) -> FileSystemId {
        self.below.id()
    }

    fn limits(&self) -> Limits {
        self.below.limits()
    }

    fn root(&self) -> FileId {
        self.below.root()
    }

    fn usage(&self) -> Wait<'_, Usage> {
        self.below.usage()
    }

    fn identify(&self, inode: InodeNo) -> Wait<'_, FileId> {
        match (self.meddler.borrow_mut())(inode) {
            Ok(()) => self.below.identify(inode),
            Err(errno) => Box::pin(async move { Err(errno) }),
        }
    }

    fn attributes(&self, file: FileId) -> Wait<'_, Attributes> {
        self.below.attributes(file)
    }

    fn lookup<'a>(&'a self, directory: FileId, name: Name<'a>) -> Wait<'a, FileId> {
        self.below.lookup(directory, name)
    }

    fn read_directory<'a>(
        &'a self,
        directory: FileId,
        after: u64,
        visit: &'a mut Visit<'a>,
    ) -> Wait<'a, bool> {
        self.below.read_directory(directory, after, visit)
    }

    fn read_link(&self, file: FileId) -> Wait<'_, Bytes> {
        self.below.read_link(file)
    }

    fn read(&self, file: FileId, offset_bytes: u64, length_bytes: u32) -> Wait<'_, Vec<Bytes>> {
        self.below.read(file, offset_bytes, length_bytes)
    }

    fn writable(&self) -> Option<&dyn WritableFileSystem> {
        self.below.writable()
    }
}

/// The entries of the root of a file system of three files, listed while `meddler` is at work.
fn list(meddler: impl FnMut(&World, InodeNo) -> Result<()> + 'static) -> Vec<entryplus3<'static>> {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.create(&world.root(), name);
    }
    let listed = meddled(world, meddler);
    let arguments = READDIRPLUS3args {
        dir: listed.root(),
        cookie: 0,
        cookieverf: cookieverf3([0; 8]),
        dircount: 4096,
        maxcount: 4096,
    };
    let bytes = listed.bytes(crate::world::NFS, 17, &arguments);
    let result: READDIRPLUS3res<'_> = unpacked(&bytes);
    result.unwrap().reply.entries.into_inner()
}

fn meddled(
    world: World,
    mut meddler: impl FnMut(&World, InodeNo) -> Result<()> + 'static,
) -> World {
    let below: Rc<dyn FileSystem> = world.memfs.clone();
    let served = |file_system| world.serving(file_system, "/:no_root_squash");
    let inner = served(below.clone());
    let meddler = Box::new(move |inode| meddler(&inner, inode));
    served(Rc::new(Meddled { below, meddler: RefCell::new(meddler) }))
}

fn create_behind_the_back(world: &World, name: &str) {
    let new = NewFile {
        kind: NewKind::Regular,
        mode: 0o644,
        uid: 0,
        gid: 0,
        accessed: SetTime::Keep,
        modified: SetTime::Keep,
    };
    let time = Timestamp { seconds: 5000, nanoseconds: 0 };
    let name = Name::new(name.as_bytes()).unwrap();
    let file_system = world.memfs.writable().unwrap();
    task::drive(file_system.create(world.memfs.root(), name, &new, time), || ()).unwrap();
}

#[test]
fn what_cannot_be_identified_is_listed_by_name() {
    let entries = list(|_, inode| if inode.0 == 4 { Err(Errno::Io) } else { Ok(()) });
    assert_eq!(entries.len(), 5);
    for entry in entries {
        assert_eq!(entry.name_attributes.is_none(), entry.fileid == 4);
        assert_eq!(entry.name_handle.is_none(), entry.fileid == 4);
    }
}

#[test]
fn files_are_left_out_if_the_directory_changed_meanwhile() {
    let once = Cell::new(false);
    let entries = list(move |world, _| {
        if !once.replace(true) {
            create_behind_the_back(world, "intruder");
        }
        Ok(())
    });
    assert_eq!(entries.len(), 5, "as it was");
    let bare = |entry: &entryplus3<'_>| {
        matches!(entry.name_attributes, Nfs3Option::None) && entry.name_handle.is_none()
    };
    assert!(entries.iter().all(bare));
}
