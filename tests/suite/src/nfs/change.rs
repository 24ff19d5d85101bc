//! The procedures that change something.

use super::{Client, place, status};
use nfs3_types::nfs3::{
    COMMIT3args, COMMIT3res, CREATE3args, CREATE3res, LINK3args, LINK3res, MKDIR3args, MKDIR3res,
    MKNOD3args, MKNOD3res, NFS_PROGRAM, Nfs3Option, REMOVE3args, REMOVE3res, RENAME3args,
    RENAME3res, RMDIR3args, RMDIR3res, SETATTR3args, SETATTR3res, SYMLINK3args, SYMLINK3res,
    WRITE3args, WRITE3res, WRITE3resok, createhow3, mknoddata3, nfs_fh3, nfsstat3, nfstime3,
    sattr3, stable_how, symlinkdata3, wcc_data, writeverf3,
};
use nfs3_types::xdr_codec::Opaque;

/// What a procedure that only changes something returns.
pub type Done = Result<(), nfsstat3>;

/// No attribute to set.
pub fn sattr() -> sattr3 {
    sattr3::default()
}

/// A size to set.
pub fn size_of(bytes: u64) -> sattr3 {
    sattr3 { size: Nfs3Option::Some(bytes), ..sattr3::default() }
}

/// A mode to set.
pub fn mode_of(mode: u32) -> sattr3 {
    sattr3 { mode: Nfs3Option::Some(mode), ..sattr3::default() }
}

/// Errors as the server says, everywhere. Where it says that it worked, it must also give what
/// RFC 1813 only lets it give: handles, and attributes before and after.
impl Client {
    /// CREATE in one of its three ways.
    pub fn create_how(
        &mut self,
        directory: &nfs_fh3,
        name: &[u8],
        how: createhow3,
    ) -> Result<nfs_fh3, nfsstat3> {
        let arguments = CREATE3args { where_: place(directory, name), how };
        let result: CREATE3res = self.call(NFS_PROGRAM::NFSPROC3_CREATE, &arguments);
        let made = status(result)?;
        assert!(made.obj_attributes.is_some(), "attributes of the new file");
        complete(&made.dir_wcc);
        Ok(made.obj.unwrap())
    }

    /// CREATE, unchecked, with the usual mode.
    pub fn create(&mut self, directory: &nfs_fh3, name: &[u8]) -> Result<nfs_fh3, nfsstat3> {
        self.create_how(directory, name, createhow3::UNCHECKED(mode_of(0o644)))
    }

    /// CREATE, and one stable WRITE of all of `contents`.
    pub fn put(
        &mut self,
        directory: &nfs_fh3,
        name: &[u8],
        contents: &[u8],
    ) -> Result<nfs_fh3, nfsstat3> {
        let file = self.create(directory, name)?;
        let written = self.write(&file, 0, contents, stable_how::FILE_SYNC)?;
        assert_eq!(written.count as usize, contents.len(), "a whole write");
        Ok(file)
    }

    /// MKDIR.
    pub fn make_directory(
        &mut self,
        directory: &nfs_fh3,
        name: &[u8],
    ) -> Result<nfs_fh3, nfsstat3> {
        let arguments = MKDIR3args { where_: place(directory, name), attributes: mode_of(0o755) };
        let result: MKDIR3res = self.call(NFS_PROGRAM::NFSPROC3_MKDIR, &arguments);
        let made = status(result)?;
        complete(&made.dir_wcc);
        Ok(made.obj.unwrap())
    }

    /// SYMLINK.
    pub fn make_link(
        &mut self,
        directory: &nfs_fh3,
        name: &[u8],
        target: &[u8],
    ) -> Result<nfs_fh3, nfsstat3> {
        let symlink = symlinkdata3 { symlink_attributes: sattr(), symlink_data: target.into() };
        let arguments = SYMLINK3args { where_: place(directory, name), symlink };
        let result: SYMLINK3res = self.call(NFS_PROGRAM::NFSPROC3_SYMLINK, &arguments);
        let made = status(result)?;
        complete(&made.dir_wcc);
        Ok(made.obj.unwrap())
    }

    /// MKNOD.
    pub fn make_node(
        &mut self,
        directory: &nfs_fh3,
        name: &[u8],
        what: mknoddata3,
    ) -> Result<nfs_fh3, nfsstat3> {
        let arguments = MKNOD3args { where_: place(directory, name), what };
        let result: MKNOD3res = self.call(NFS_PROGRAM::NFSPROC3_MKNOD, &arguments);
        let made = status(result)?;
        complete(&made.dir_wcc);
        Ok(made.obj.unwrap())
    }

    /// WRITE.
    pub fn write(
        &mut self,
        file: &nfs_fh3,
        offset: u64,
        data: &[u8],
        stable: stable_how,
    ) -> Result<WRITE3resok, nfsstat3> {
        let arguments = WRITE3args {
            file: file.clone(),
            offset,
            count: data.len() as u32,
            stable,
            data: Opaque::borrowed(data),
        };
        let result: WRITE3res = self.call(NFS_PROGRAM::NFSPROC3_WRITE, &arguments);
        let written = status(result)?;
        complete(&written.file_wcc);
        assert!(written.committed as u32 >= stable as u32, "as stable as was asked");
        assert!(written.count as usize <= data.len(), "no more than was sent");
        Ok(written)
    }

    /// COMMIT of a whole file.
    pub fn commit(&mut self, file: &nfs_fh3) -> Result<writeverf3, nfsstat3> {
        let arguments = COMMIT3args { file: file.clone(), offset: 0, count: 0 };
        let result: COMMIT3res = self.call(NFS_PROGRAM::NFSPROC3_COMMIT, &arguments);
        let committed = status(result)?;
        complete(&committed.file_wcc);
        Ok(committed.verf)
    }

    /// SETATTR, guarded by a change time or not.
    pub fn set(&mut self, file: &nfs_fh3, to: sattr3, guard: Option<nfstime3>) -> Done {
        let guard = guard.map_or(Nfs3Option::None, Nfs3Option::Some);
        let arguments = SETATTR3args { object: file.clone(), new_attributes: to, guard };
        let result: SETATTR3res = self.call(NFS_PROGRAM::NFSPROC3_SETATTR, &arguments);
        status(result).map(|set| complete(&set.obj_wcc))
    }

    /// REMOVE.
    pub fn remove(&mut self, directory: &nfs_fh3, name: &[u8]) -> Done {
        let arguments = REMOVE3args { object: place(directory, name) };
        let result: REMOVE3res = self.call(NFS_PROGRAM::NFSPROC3_REMOVE, &arguments);
        status(result).map(|removed| complete(&removed.dir_wcc))
    }

    /// RMDIR.
    pub fn remove_directory(&mut self, directory: &nfs_fh3, name: &[u8]) -> Done {
        let arguments = RMDIR3args { object: place(directory, name) };
        let result: RMDIR3res = self.call(NFS_PROGRAM::NFSPROC3_RMDIR, &arguments);
        status(result).map(|removed| complete(&removed.dir_wcc))
    }

    /// RENAME.
    pub fn rename(&mut self, from: (&nfs_fh3, &[u8]), to: (&nfs_fh3, &[u8])) -> Done {
        let arguments = RENAME3args { from: place(from.0, from.1), to: place(to.0, to.1) };
        let result: RENAME3res = self.call(NFS_PROGRAM::NFSPROC3_RENAME, &arguments);
        let renamed = status(result)?;
        complete(&renamed.fromdir_wcc);
        complete(&renamed.todir_wcc);
        Ok(())
    }

    /// LINK.
    pub fn link(&mut self, file: &nfs_fh3, directory: &nfs_fh3, name: &[u8]) -> Done {
        let arguments = LINK3args { file: file.clone(), link: place(directory, name) };
        let result: LINK3res = self.call(NFS_PROGRAM::NFSPROC3_LINK, &arguments);
        let linked = status(result)?;
        assert!(linked.file_attributes.is_some(), "attributes of the file");
        complete(&linked.linkdir_wcc);
        Ok(())
    }
}

/// Attributes before and after; the change time has passed the one before (RFC 1813 §2.6 lets a
/// client see by it that nobody else was there).
fn complete(change: &wcc_data) {
    let (Nfs3Option::Some(before), Nfs3Option::Some(after)) = (&change.before, &change.after)
    else {
        panic!("attributes before and after, not {change:?}");
    };
    let moment = |time: nfstime3| (time.seconds, time.nseconds);
    assert!(moment(after.ctime) >= moment(before.ctime), "time goes forward");
}
