//! One file: who owns it, when it changed, and what is in it.

use crate::contents::Contents;
use crate::directory::Directory;
use abi::{
    Attributes, DeviceNumber, Errno, FileId, FileType, Result, SetAttributes, SetTime, Timestamp,
};
use bytes::Bytes;
use vfs::{NewFile, NewKind};

/// What an inode is counted for, its place in the table included.
const INODE_BYTES: u64 = 320;
const _: () = assert!(size_of::<Inode>() + 64 <= INODE_BYTES as usize);

pub(crate) struct Inode {
    pub(crate) links: u32,
    pub(crate) body: Body,
    mode: u32,
    uid: u32,
    gid: u32,
    accessed: Timestamp,
    modified: Timestamp,
    changed: Timestamp,
    born: Timestamp,
}

/// What makes the kinds of file different.
pub(crate) enum Body {
    Regular(Contents),
    Directory(Directory),
    SymbolicLink(Bytes),
    /// A device node, a socket or a pipe.
    Node(FileType, DeviceNumber),
}

impl Inode {
    /// The inode of `new` in the directory `parent`.
    pub(crate) fn new(parent: FileId, new: &NewFile<'_>, time: Timestamp) -> Self {
        let body = match new.kind {
            NewKind::Directory => return Self::directory(parent, new, time),
            NewKind::Regular => Body::Regular(Contents::default()),
            NewKind::SymbolicLink(target) => Body::SymbolicLink(Bytes::copy_from_slice(target)),
            NewKind::BlockDevice(number) => Body::Node(FileType::BlockDevice, number),
            NewKind::CharacterDevice(number) => Body::Node(FileType::CharacterDevice, number),
            NewKind::Socket => Body::Node(FileType::Socket, DeviceNumber::default()),
            NewKind::Fifo => Body::Node(FileType::Fifo, DeviceNumber::default()),
        };
        Self::with_body(body, 1, new, time)
    }

    /// An empty directory, which has two names: its own and `.`.
    pub(crate) fn directory(parent: FileId, new: &NewFile<'_>, time: Timestamp) -> Self {
        Self::with_body(Body::Directory(Directory::new(parent)), 2, new, time)
    }

    fn with_body(body: Body, links: u32, new: &NewFile<'_>, time: Timestamp) -> Self {
        let NewFile { mode, uid, gid, .. } = *new;
        let accessed = time_set(new.accessed, time).unwrap_or(time);
        let modified = time_set(new.modified, time).unwrap_or(time);
        Self { links, body, mode, uid, gid, accessed, modified, changed: time, born: time }
    }

    pub(crate) fn file_type(&self) -> FileType {
        match self.body {
            Body::Regular(_) => FileType::Regular,
            Body::Directory(_) => FileType::Directory,
            Body::SymbolicLink(_) => FileType::SymbolicLink,
            Body::Node(file_type, _) => file_type,
        }
    }

    pub(crate) fn attributes(&self, file: FileId) -> Attributes {
        let device = if let Body::Node(_, number) = self.body { number } else { <_>::default() };
        Attributes {
            file,
            file_type: self.file_type(),
            mode: self.mode,
            links: self.links,
            uid: self.uid,
            gid: self.gid,
            size_bytes: self.size_bytes(),
            used_bytes: self.body_bytes(),
            device,
            flags: 0,
            accessed: self.accessed,
            modified: self.modified,
            changed: self.changed,
            born: Some(self.born),
        }
    }

    fn size_bytes(&self) -> u64 {
        match &self.body {
            Body::Regular(contents) => contents.size_bytes(),
            _ => self.body_bytes(),
        }
    }

    fn body_bytes(&self) -> u64 {
        match &self.body {
            Body::Regular(contents) => contents.used_bytes(),
            Body::Directory(directory) => directory.used_bytes(),
            Body::SymbolicLink(target) => target.len() as u64,
            Body::Node(..) => 0,
        }
    }

    /// What the file takes of the file system's space.
    pub(crate) fn cost_bytes(&self) -> u64 {
        INODE_BYTES + self.body_bytes()
    }

    pub(crate) fn expect_directory(&self) -> Result<&Directory> {
        if let Body::Directory(directory) = &self.body {
            Ok(directory)
        } else {
            Err(Errno::NotDirectory)
        }
    }

    pub(crate) fn expect_directory_mut(&mut self) -> Result<&mut Directory> {
        if let Body::Directory(directory) = &mut self.body {
            Ok(directory)
        } else {
            Err(Errno::NotDirectory)
        }
    }

    pub(crate) fn expect_regular(&self) -> Result<&Contents> {
        match &self.body {
            Body::Regular(contents) => Ok(contents),
            Body::Directory(_) => Err(Errno::IsDirectory),
            _ => Err(Errno::Invalid),
        }
    }

    pub(crate) fn expect_regular_mut(&mut self) -> Result<&mut Contents> {
        match &mut self.body {
            Body::Regular(contents) => Ok(contents),
            Body::Directory(_) => Err(Errno::IsDirectory),
            _ => Err(Errno::Invalid),
        }
    }

    /// The contents changed, and so did their time.
    pub(crate) fn touch_contents(&mut self, time: Timestamp) {
        self.modified = self.touch(time);
    }

    /// Something changed. Returns the moment that this is said to have happened.
    pub(crate) fn touch(&mut self, time: Timestamp) -> Timestamp {
        self.changed = time.after(self.changed);
        self.changed
    }

    /// Changes everything but the size; if that has changed, the contents have.
    pub(crate) fn set(&mut self, change: &SetAttributes, time: Timestamp) {
        let time = self.touch(time);
        self.mode = change.mode.unwrap_or(self.mode);
        self.uid = change.uid.unwrap_or(self.uid);
        self.gid = change.gid.unwrap_or(self.gid);
        self.accessed = time_set(change.accessed, time).unwrap_or(self.accessed);
        if change.size_bytes.is_some() {
            self.modified = time;
        }
        self.modified = time_set(change.modified, time).unwrap_or(self.modified);
    }
}

fn time_set(set: SetTime, now: Timestamp) -> Option<Timestamp> {
    match set {
        SetTime::Keep => None,
        SetTime::Now => Some(now),
        SetTime::To(time) => Some(time),
    }
}
