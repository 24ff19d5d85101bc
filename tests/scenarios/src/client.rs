//! Operations of the model as calls of NFSv3, and what their replies say.

use crate::model::{Model, Outcome};
use crate::operation::{Change, FileNo, How, New, Operation, Place};
use crate::pattern::Origin;
use crate::rpc::{self, NFS};
use abi::{FileId, FileSystemId};
use nfs::ExportId;
use nfs::v3::Status;
use nfs::v3::types::{
    CommitArguments, Committed, Consistency, CreateArguments, Handle, LinkArguments, LinkMade,
    Made, MakeDirectoryArguments, MakeLinkArguments, MakeNodeArguments, Moved, NewAttributes,
    NewDevice, NewFileHow, NewNode, NewTime, RenameArguments, Reply, SetAttributesArguments,
    Stable, Time, Where, WriteArguments, Wrote,
};
use vfs::{FileHandle, Stability};
use xdr::{Opaque, Reader, Xdr};

/// A client that knows what the server calls each file.
pub struct Client<'a> {
    /// The file system's identity, which is part of every handle.
    pub file_system: FileSystemId,
    /// The model that knows the files.
    pub model: &'a Model,
}

type HandleBytes = [u8; nfs::HANDLE_BYTES];

/// What a reply says.
pub struct Answer {
    /// How the call ended.
    pub outcome: Outcome,
    /// The status.
    pub status: Status,
    /// The write verifier, of WRITE and COMMIT.
    pub verifier: Option<u64>,
}

impl Client<'_> {
    /// The record of a call.
    pub fn call(&self, xid: u32, operation: &Operation) -> Vec<u8> {
        match operation {
            Operation::Make { place, new, mode, .. } => self.make(xid, place, new, *mode),
            Operation::Link { file, place } => {
                let (file, directory) = (self.handle(*file), self.handle(place.0));
                let arguments =
                    LinkArguments { file: Opaque(&file), place: within(&directory, &place.1) };
                rpc::call(xid, NFS, 15, &arguments)
            }
            Operation::Remove(place) => self.remove(xid, 12, place),
            Operation::RemoveDirectory(place) => self.remove(xid, 13, place),
            Operation::Rename(from, to) => {
                let (old, new) = (self.handle(from.0), self.handle(to.0));
                let arguments =
                    RenameArguments { from: within(&old, &from.1), to: within(&new, &to.1) };
                rpc::call(xid, NFS, 14, &arguments)
            }
            Operation::Write { .. } => self.write(xid, operation),
            Operation::Commit { file, offset_bytes, length_bytes } => {
                let file = self.handle(*file);
                let (offset_bytes, count_bytes) = (*offset_bytes, *length_bytes);
                let arguments = CommitArguments { file: Opaque(&file), offset_bytes, count_bytes };
                rpc::call(xid, NFS, 21, &arguments)
            }
            Operation::SetAttributes { file, change } => {
                let file = self.handle(*file);
                let change = new_attributes(change);
                let arguments = SetAttributesArguments { file: Opaque(&file), change, guard: None };
                rpc::call(xid, NFS, 2, &arguments)
            }
        }
    }

    fn handle(&self, file: FileNo) -> HandleBytes {
        let id = self.model.file(file).and_then(|file| file.id);
        let file = id.expect("operations name files that the server has named");
        handle(self.file_system, file)
    }

    fn make(&self, xid: u32, (directory, name): &Place, new: &New, mode: u32) -> Vec<u8> {
        let directory = self.handle(*directory);
        let place = within(&directory, name);
        let attributes = NewAttributes { mode: Some(mode), ..NewAttributes::NONE };
        let what = match new {
            New::Regular(how) => {
                let how = create_how(*how, attributes);
                return rpc::call(xid, NFS, 8, &CreateArguments { place, how });
            }
            New::Directory => {
                return rpc::call(xid, NFS, 9, &MakeDirectoryArguments { place, attributes });
            }
            New::SymbolicLink(target) => {
                let target = Opaque(target.as_bytes());
                return rpc::call(xid, NFS, 10, &MakeLinkArguments { place, attributes, target });
            }
            New::Fifo => NewNode::Fifo(attributes),
            New::Socket => NewNode::Socket(attributes),
            New::CharacterDevice(device) => {
                NewNode::CharacterDevice(NewDevice { attributes, device: (*device).into() })
            }
            New::BlockDevice(device) => {
                NewNode::BlockDevice(NewDevice { attributes, device: (*device).into() })
            }
        };
        rpc::call(xid, NFS, 11, &MakeNodeArguments { place, what })
    }

    fn remove(&self, xid: u32, procedure: u32, (directory, name): &Place) -> Vec<u8> {
        rpc::call(xid, NFS, procedure, &within(&self.handle(*directory), name))
    }

    fn write(&self, xid: u32, operation: &Operation) -> Vec<u8> {
        let Operation::Write { file, offset_bytes, length_bytes, stability, version } = operation
        else {
            return Vec::new();
        };
        let origin = Origin { file: file.0, version: *version };
        let data = origin.bytes(*offset_bytes, *length_bytes as usize);
        let stable = match stability {
            Stability::Unstable => Stable::Unstable,
            Stability::Data => Stable::Data,
            Stability::File => Stable::File,
        };
        let arguments = WriteArguments {
            file: Opaque(&self.handle(*file)),
            offset_bytes: *offset_bytes,
            count_bytes: *length_bytes,
            stable,
            data: Opaque(&data),
        };
        rpc::call(xid, NFS, 7, &arguments)
    }
}

/// The handle of a file, reached through the root, which is what is exported.
pub(crate) fn handle(file_system: FileSystemId, file: FileId) -> HandleBytes {
    let file = FileHandle { file_system, file };
    nfs::Handle { file, export: ExportId::of(b"/") }.to_bytes()
}

fn within<'a>(directory: &'a HandleBytes, name: &'a str) -> Where<'a> {
    Where { directory: Opaque(directory), name: Opaque(name.as_bytes()) }
}

fn create_how(how: How, attributes: NewAttributes) -> NewFileHow {
    match how {
        How::Unchecked(size_bytes) => {
            NewFileHow::Unchecked(NewAttributes { size_bytes, ..attributes })
        }
        How::Guarded => NewFileHow::Guarded(attributes),
        How::Exclusive(verifier) => NewFileHow::Exclusive(verifier),
    }
}

fn new_attributes(change: &Change) -> NewAttributes {
    let time = |(seconds, nanoseconds)| NewTime::To(Time { seconds, nanoseconds });
    NewAttributes {
        mode: change.mode,
        uid: change.uid,
        gid: change.gid,
        size_bytes: change.size_bytes,
        accessed: NewTime::Keep(()),
        modified: change.modified.map_or(NewTime::Keep(()), time),
    }
}

/// What the reply to `operation` says.
///
/// # Errors
/// If it cannot be read.
pub fn answer(operation: &Operation, result: &[u8]) -> Result<Answer, String> {
    let mut reader = Reader::new(result);
    let answer = match operation {
        Operation::Make { .. } => made(&mut reader),
        Operation::Write { .. } => wrote(&mut reader),
        Operation::Commit { .. } => committed(&mut reader),
        Operation::Rename(..) => whole::<Moved>(&mut reader),
        Operation::Link { .. } => whole::<LinkMade>(&mut reader),
        Operation::Remove(_) | Operation::RemoveDirectory(_) | Operation::SetAttributes { .. } => {
            whole::<Consistency>(&mut reader)
        }
    };
    match answer {
        Ok(answer) if reader.rest().is_empty() => Ok(answer),
        _ => Err(format!("the reply to {operation:?} cannot be read")),
    }
}

fn plain(status: Status) -> Answer {
    let doubtful = matches!(status, Status::Io | Status::ReadOnly | Status::ServerFault);
    let outcome = Outcome {
        succeeded: status == Status::Ok,
        file: None,
        count_bytes: 0,
        stability: Stability::Unstable,
        is_doubtful: doubtful,
    };
    Answer { outcome, status, verifier: None }
}

/// The same body, whether it succeeded or not.
fn whole<'a, T: Xdr<'a>>(reader: &mut Reader<'a>) -> Result<Answer, xdr::Malformed> {
    let reply = Reply::<T, T>::decode(reader)?;
    Ok(match reply {
        Reply::Done(_) => plain(Status::Ok),
        Reply::Failed(status, _) => plain(status),
    })
}

fn made(reader: &mut Reader<'_>) -> Result<Answer, xdr::Malformed> {
    match Reply::<Made<'_>, Consistency>::decode(reader)? {
        Reply::Failed(status, _) => Ok(plain(status)),
        Reply::Done(made) => {
            let mut answer = plain(Status::Ok);
            answer.outcome.file = made.file.and_then(|file: Handle<'_>| {
                nfs::Handle::from_bytes(file.0).ok().map(|handle| handle.file.file)
            });
            Ok(answer)
        }
    }
}

fn wrote(reader: &mut Reader<'_>) -> Result<Answer, xdr::Malformed> {
    match Reply::<Wrote, Consistency>::decode(reader)? {
        Reply::Failed(status, _) => Ok(plain(status)),
        Reply::Done(wrote) => {
            let mut answer = plain(Status::Ok);
            answer.verifier = Some(wrote.verifier);
            answer.outcome.count_bytes = wrote.count_bytes;
            answer.outcome.stability = match wrote.committed {
                Stable::Unstable => Stability::Unstable,
                Stable::Data => Stability::Data,
                Stable::File => Stability::File,
            };
            Ok(answer)
        }
    }
}

fn committed(reader: &mut Reader<'_>) -> Result<Answer, xdr::Malformed> {
    match Reply::<Committed, Consistency>::decode(reader)? {
        Reply::Failed(status, _) => Ok(plain(status)),
        Reply::Done(committed) => {
            Ok(Answer { verifier: Some(committed.verifier), ..plain(Status::Ok) })
        }
    }
}
