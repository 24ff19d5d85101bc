//! Create, mkdir, symlink, mknod (RFC 1813 §3.3.8 to §3.3.11).
//!
//! Exclusive creation has to recognize its own retransmission, even after a restart. Its verifier
//! is therefore kept where it survives and where every file system has room: in the seconds of
//! the access and the modification time, as BSD and Linux do, with the top bit of each cleared so
//! that file systems with signed 32-bit times can hold them. The client is bound to set both
//! times afterwards.

use super::{Object, Reached, Request};
use abi::{Attributes, Errno, FileType, Result, SetAttributes, SetTime, Timestamp};
use vfs::{Changed, Name, NewFile, NewKind, Vnode};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CreateHow {
    /// It is used, and truncated or extended if a size is given.
    Unchecked(SetAttributes),
    /// It is in the way.
    Guarded(SetAttributes),
    /// It is in the way, unless this very call has made it before.
    Exclusive([u8; 8]),
}

impl CreateHow {
    /// Attributes of the new file. Without a mode only the superuser can open it: who creates
    /// exclusively sets the mode afterwards.
    fn attributes(&self) -> SetAttributes {
        match self {
            Self::Unchecked(attributes) | Self::Guarded(attributes) => *attributes,
            Self::Exclusive(verifier) => {
                let [accessed, modified] = verifier_times(*verifier).map(SetTime::To);
                SetAttributes { mode: Some(0), accessed, modified, ..SetAttributes::default() }
            }
        }
    }
}

impl Request<'_> {
    /// Makes a regular file, or uses the one that is there as `how` says.
    pub(crate) async fn create(
        &self,
        directory: &[u8],
        name: Result<Name<'_>>,
        how: Result<CreateHow>,
    ) -> Changed<Object> {
        self.change(directory, async |directory| {
            let (name, how) = (name?, how?);
            let new = directory.new_file(NewKind::Regular, &how.attributes());
            let made = directory.vnode.create(&directory.caller, name, &new).await;
            let file = match made.result {
                Ok(file) => {
                    let size_bytes = how.attributes().size_bytes.filter(|&bytes| bytes > 0);
                    directory.sized(file, size_bytes).await
                }
                Err(Errno::Exists) => directory.existing(name, &how).await,
                Err(errno) => Err(errno),
            };
            let result = directory.described(file).await;
            Ok(Changed { before: made.before, after: made.after, result })
        })
        .await
    }

    /// Makes a directory, a symbolic link or a node.
    pub(crate) async fn make(
        &self,
        directory: &[u8],
        name: Result<Name<'_>>,
        kind: Result<NewKind<'_>>,
        wanted: Result<SetAttributes>,
    ) -> Changed<Object> {
        self.change(directory, async |directory| {
            let (name, kind) = (name?, check_target(kind?)?);
            let new = directory.new_file(kind, &wanted?);
            let made = directory.vnode.create(&directory.caller, name, &new).await;
            let result = directory.described(made.result).await;
            Ok(Changed { before: made.before, after: made.after, result })
        })
        .await
    }
}

impl Reached {
    /// A file as wanted, as far as the file system lets this caller choose.
    fn new_file<'a>(&self, kind: NewKind<'a>, wanted: &SetAttributes) -> NewFile<'a> {
        NewFile {
            kind,
            mode: wanted.mode.unwrap_or(default_mode(kind)),
            uid: wanted.uid.unwrap_or(self.caller.credentials.uid),
            gid: wanted.gid.unwrap_or(self.caller.credentials.gid),
            accessed: wanted.accessed,
            modified: wanted.modified,
        }
    }

    /// The file whose name in this directory was taken, if `how` is content with it.
    async fn existing(&self, name: Name<'_>, how: &CreateHow) -> Result<Vnode> {
        let size_bytes = match how {
            CreateHow::Guarded(_) => return Err(Errno::Exists),
            CreateHow::Unchecked(attributes) => attributes.size_bytes,
            CreateHow::Exclusive(_) => None,
        };
        let file = self.vnode.lookup(&self.caller, name).await.result.map_err(retry_if_gone)?;
        let found = file.attributes().await?;
        match how {
            CreateHow::Exclusive(verifier) if !was_made_with(&found, *verifier) => {
                Err(Errno::Exists)
            }
            _ if found.file_type == FileType::Directory => Err(Errno::IsDirectory),
            _ => self.sized(file, size_bytes).await,
        }
    }

    async fn sized(&self, file: Vnode, size_bytes: Option<u64>) -> Result<Vnode> {
        if size_bytes.is_some() {
            let change = SetAttributes { size_bytes, ..SetAttributes::default() };
            file.set_attributes(&self.caller, &change, None).await.result?;
        }
        Ok(file)
    }

    async fn described(&self, made: Result<Vnode>) -> Result<Object> {
        match made {
            Ok(vnode) => Ok(self.object(&vnode).await),
            Err(errno) => Err(errno),
        }
    }
}

/// The same kind, unless it is a link that no client could follow.
fn check_target(kind: NewKind<'_>) -> Result<NewKind<'_>> {
    match kind {
        NewKind::SymbolicLink(target) if target.is_empty() || target.contains(&0) => {
            Err(Errno::Invalid)
        }
        kind => Ok(kind),
    }
}

/// A name that was taken a moment ago and is free now: the next try will settle it.
fn retry_if_gone(errno: Errno) -> Errno {
    if errno == Errno::NoEntry { Errno::TryAgain } else { errno }
}

/// The mode of what was made without one: the owner's alone.
fn default_mode(kind: NewKind<'_>) -> u32 {
    match kind {
        NewKind::SymbolicLink(_) => 0o777,
        NewKind::Directory => 0o700,
        _ => 0o600,
    }
}

/// The access and modification time in which a verifier is kept.
fn verifier_times(verifier: [u8; 8]) -> [Timestamp; 2] {
    let [a, b, c, d, e, f, g, h] = verifier;
    [[a, b, c, d], [e, f, g, h]].map(|half| Timestamp {
        seconds: i64::from(u32::from_be_bytes(half) & 0x7fff_ffff),
        nanoseconds: 0,
    })
}

fn was_made_with(found: &Attributes, verifier: [u8; 8]) -> bool {
    found.file_type == FileType::Regular
        && [found.accessed, found.modified] == verifier_times(verifier)
}
