//! One valid call of every NFS procedure.

use nfs3_types::nfs3::{
    ACCESS3args, COMMIT3args, CREATE3args, FSINFO3args, FSSTAT3args, GETATTR3args, LINK3args,
    LOOKUP3args, MKDIR3args, MKNOD3args, NFS_PROGRAM, Nfs3Option, PATHCONF3args, READ3args,
    READDIR3args, READDIRPLUS3args, READLINK3args, REMOVE3args, RENAME3args, RMDIR3args,
    SETATTR3args, SYMLINK3args, WRITE3args, cookieverf3, createhow3, mknoddata3, nfs_fh3,
    stable_how, symlinkdata3,
};
use nfs3_types::xdr_codec::Opaque;
use suite::nfs::{mode_of, packed, place, sattr};

/// A procedure and its encoded arguments.
pub type Call = (NFS_PROGRAM, Vec<u8>);

/// The procedures that only look, applied to a directory and a file.
pub fn looking(directory: &nfs_fh3, file: &nfs_fh3) -> Vec<Call> {
    let (at, dir) = (|| file.clone(), || directory.clone());
    let cookieverf = cookieverf3::default();
    let read = READ3args { file: at(), offset: 0, count: 4096 };
    let access = ACCESS3args { object: at(), access: 0x3f };
    let list = READDIR3args { dir: dir(), cookie: 0, cookieverf, count: 4096 };
    let list_plus =
        READDIRPLUS3args { dir: dir(), cookie: 0, cookieverf, dircount: 4096, maxcount: 8192 };
    vec![
        (NFS_PROGRAM::NFSPROC3_GETATTR, packed(&GETATTR3args { object: at() })),
        (NFS_PROGRAM::NFSPROC3_LOOKUP, packed(&LOOKUP3args { what: place(directory, b"file") })),
        (NFS_PROGRAM::NFSPROC3_ACCESS, packed(&access)),
        (NFS_PROGRAM::NFSPROC3_READLINK, packed(&READLINK3args { symlink: at() })),
        (NFS_PROGRAM::NFSPROC3_READ, packed(&read)),
        (NFS_PROGRAM::NFSPROC3_READDIR, packed(&list)),
        (NFS_PROGRAM::NFSPROC3_READDIRPLUS, packed(&list_plus)),
        (NFS_PROGRAM::NFSPROC3_FSSTAT, packed(&FSSTAT3args { fsroot: dir() })),
        (NFS_PROGRAM::NFSPROC3_FSINFO, packed(&FSINFO3args { fsroot: dir() })),
        (NFS_PROGRAM::NFSPROC3_PATHCONF, packed(&PATHCONF3args { object: at() })),
    ]
}

/// The procedures that change something, applied to a directory that has a `file` and an empty
/// directory `folder` in it.
pub fn changing(directory: &nfs_fh3, file: &nfs_fh3) -> Vec<Call> {
    let mut calls = making(directory);
    calls.extend(altering(file));
    calls.extend(unmaking(directory, file));
    calls
}

fn making(directory: &nfs_fh3) -> Vec<Call> {
    let create =
        CREATE3args { where_: place(directory, b"created"), how: createhow3::GUARDED(sattr()) };
    let folder = MKDIR3args { where_: place(directory, b"made"), attributes: mode_of(0o700) };
    let symlink =
        symlinkdata3 { symlink_attributes: sattr(), symlink_data: b"target".as_slice().into() };
    let symlink = SYMLINK3args { where_: place(directory, b"symlink"), symlink };
    let node = MKNOD3args { where_: place(directory, b"fifo"), what: mknoddata3::NF3FIFO(sattr()) };
    vec![
        (NFS_PROGRAM::NFSPROC3_CREATE, packed(&create)),
        (NFS_PROGRAM::NFSPROC3_MKDIR, packed(&folder)),
        (NFS_PROGRAM::NFSPROC3_SYMLINK, packed(&symlink)),
        (NFS_PROGRAM::NFSPROC3_MKNOD, packed(&node)),
    ]
}

fn altering(file: &nfs_fh3) -> Vec<Call> {
    let set = SETATTR3args {
        object: file.clone(),
        new_attributes: mode_of(0o600),
        guard: Nfs3Option::None,
    };
    let write = WRITE3args {
        file: file.clone(),
        offset: 0,
        count: 5,
        stable: stable_how::FILE_SYNC,
        data: Opaque::borrowed(b"hello"),
    };
    let commit = COMMIT3args { file: file.clone(), offset: 0, count: 0 };
    vec![
        (NFS_PROGRAM::NFSPROC3_SETATTR, packed(&set)),
        (NFS_PROGRAM::NFSPROC3_WRITE, packed(&write)),
        (NFS_PROGRAM::NFSPROC3_COMMIT, packed(&commit)),
    ]
}

fn unmaking(directory: &nfs_fh3, file: &nfs_fh3) -> Vec<Call> {
    let link = LINK3args { file: file.clone(), link: place(directory, b"linked") };
    let rename = RENAME3args { from: place(directory, b"file"), to: place(directory, b"renamed") };
    let remove = REMOVE3args { object: place(directory, b"renamed") };
    let remove_folder = RMDIR3args { object: place(directory, b"folder") };
    vec![
        (NFS_PROGRAM::NFSPROC3_LINK, packed(&link)),
        (NFS_PROGRAM::NFSPROC3_RENAME, packed(&rename)),
        (NFS_PROGRAM::NFSPROC3_REMOVE, packed(&remove)),
        (NFS_PROGRAM::NFSPROC3_RMDIR, packed(&remove_folder)),
    ]
}
