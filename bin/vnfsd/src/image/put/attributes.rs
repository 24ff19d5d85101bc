//! What the host knows of a file, as the image keeps it.

use super::How;
use abi::{SetAttributes, SetTime, Timestamp};
use rustix::process::{getegid, geteuid};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use vfs::{NewFile, NewKind};

/// Mode, owner and times of a file to be.
#[derive(Clone, Copy)]
pub struct Attributes {
    mode: u32,
    uid: u32,
    gid: u32,
    accessed: SetTime,
    modified: SetTime,
}

impl Attributes {
    /// Those of a file on the host.
    pub fn of(file: &Metadata, how: &How) -> Self {
        Self {
            mode: file.mode() & 0o7777,
            uid: how.owner.uid.unwrap_or(file.uid()),
            gid: how.owner.gid.unwrap_or(file.gid()),
            accessed: time(file.atime(), file.atime_nsec()),
            modified: time(file.mtime(), file.mtime_nsec()),
        }
    }

    /// Those of a file that comes from nowhere.
    pub fn plain(how: &How) -> Self {
        Self {
            mode: 0o644,
            uid: how.owner.uid.unwrap_or_else(|| geteuid().as_raw()),
            gid: how.owner.gid.unwrap_or_else(|| getegid().as_raw()),
            accessed: SetTime::Keep,
            modified: SetTime::Keep,
        }
    }

    /// A new file with them.
    pub fn new_file<'a>(&self, kind: NewKind<'a>) -> NewFile<'a> {
        let &Self { mode, uid, gid, accessed, modified } = self;
        NewFile { kind, mode, uid, gid, accessed, modified }
    }

    /// What to change once a file or directory is filled, which changed its times.
    pub fn finish(&self) -> SetAttributes {
        SetAttributes {
            mode: Some(self.mode),
            uid: Some(self.uid),
            gid: Some(self.gid),
            size_bytes: None,
            accessed: self.accessed,
            modified: self.modified,
        }
    }
}

fn time(seconds: i64, nanoseconds: i64) -> SetTime {
    SetTime::To(Timestamp { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) })
}
