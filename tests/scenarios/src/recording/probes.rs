//! What clients ask for when their calls have ended and the disk has failed on the way: what was read
//! before can be read still, and where nothing can be written any more, that is what they are told.

use super::Run;
use crate::model::Model;
use crate::operation::{FileNo, How, New, Operation, ROOT};
use crate::rpc;
use abi::FileType;
use nfs::v3::Status;
use nfs::v3::types::{PostAttributes, ReadArguments, ReadHead, Reply};
use sim::{Kind, When};
use xdr::{Opaque, Reader, Xdr};

/// Most bytes that one READ asks for; larger files are not read.
const READ_BYTES: u32 = 64 << 10;

/// The number of a file that only a probe makes.
const PROBE: FileNo = FileNo(u32::MAX);

impl Run<'_> {
    /// Asks whether reading goes on, and writing does not.
    pub(super) fn probe(&mut self) -> Result<(), String> {
        let Some(fault) = self.settings.fault.filter(|_| self.doubtful > 0) else { return Ok(()) };
        if fault.kind != Kind::Read {
            self.read_all()?;
        }
        match fault.when {
            When::From(_) if fault.kind != Kind::Read => self.change_in_vain(),
            _ => Ok(()),
        }
    }

    /// Reads every file that no call in doubt has to do with.
    fn read_all(&mut self) -> Result<(), String> {
        let is_known = |model: &Model, file| {
            let commit = Operation::Commit { file, offset_bytes: 0, length_bytes: 0 };
            model.is_free(&commit)
        };
        let files = self.model.files().filter(|(number, file)| {
            file.file_type == FileType::Regular
                && file.id.is_some()
                && is_known(&self.model, *number)
        });
        let files: Vec<_> = files.map(|(number, _)| number).collect();
        files.into_iter().try_for_each(|file| self.read(file))
    }

    fn read(&mut self, number: FileNo) -> Result<(), String> {
        let Some(file) = self.model.file(number) else { return Ok(()) };
        let (Some(id), size_bytes) = (file.id, file.contents.size_bytes()) else { return Ok(()) };
        let handle = crate::client::handle(self.file_system, id);
        let arguments =
            ReadArguments { file: Opaque(&handle), offset_bytes: 0, count_bytes: READ_BYTES };
        let xid = u32::MAX - number.0;
        self.world.send(self.stream, &rpc::call(xid, rpc::NFS, 6, &arguments));
        let replies = self.wait_for_replies()?;
        let Some((_, result)) = replies.iter().find(|(found, _)| *found == xid) else {
            return Err(format!("READ of {number} is not answered"));
        };
        let mut reader = Reader::new(result);
        let broken = |_| format!("the reply to READ of {number} cannot be read");
        match Reply::<ReadHead, PostAttributes>::decode(&mut reader).map_err(broken)? {
            Reply::Failed(status, _) => Err(format!("READ of {number} ended with {status:?}")),
            Reply::Done(_) if size_bytes > u64::from(READ_BYTES) => Ok(()),
            Reply::Done(_) => {
                let bytes = reader.opaque(READ_BYTES as usize).map_err(broken)?;
                let checked = self.model.file(number).map(|file| file.contents.check(bytes));
                checked.unwrap_or(Ok(())).map_err(|why| format!("{number} is read, and {why}"))
            }
        }
    }

    /// A disk that fails for ever lets nothing be made, and after the first attempt the file system
    /// only reads.
    fn change_in_vain(&mut self) -> Result<(), String> {
        for (name, allowed) in
            [("probe-1", &[Status::Io, Status::ReadOnly][..]), ("probe-2", &[Status::ReadOnly])]
        {
            let place = (ROOT, name.to_owned());
            let new = New::Regular(How::Guarded);
            let make = Operation::Make { place, new, mode: 0o600, file: PROBE };
            if !self.model.is_free(&make) {
                return Ok(());
            }
            self.call(&make);
            for (number, result) in self.wait_for_replies()? {
                self.end(number, &result)?;
            }
            let is_allowed = self.last_status.is_some_and(|status| {
                allowed.contains(&status) || matches!(status, Status::NoSpace)
            });
            if !is_allowed {
                return Err(format!("{name} ended with {:?}", self.last_status));
            }
        }
        Ok(())
    }
}
