//! An NFSv3 client that caches nothing and hides nothing.
//!
//! Its types are those of the `nfs3_types` crate, an independent reading of RFC 1813: every
//! result must decode by them to its last byte.

mod change;
mod walk;

pub use change::{mode_of, sattr, size_of};
pub use walk::{Page, Pieces, join, moment};

use crate::rpc::{Answer, Connection, Credential, call, record};
use nfs3_types::mount::{dirpath, mountres3};
use nfs3_types::nfs3::{
    GETATTR3args, GETATTR3res, LOOKUP3args, LOOKUP3res, LOOKUP3resok, NFS_PROGRAM, Nfs3Result,
    READ3args, READ3res, READ3resok, diropargs3, fattr3, nfs_fh3, nfsstat3,
};
use nfs3_types::xdr_codec::{Opaque, Pack, Unpack};
use std::net::SocketAddr;

/// The MOUNT program, version 3.
pub const MOUNT: (u32, u32) = (100_005, 3);
/// The NFS program, version 3.
pub const NFS: (u32, u32) = (100_003, 3);

/// A connection, and who speaks through it.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    credential: Credential,
    xid: u32,
}

impl Client {
    /// Connects as the superuser.
    pub fn open(address: SocketAddr) -> Self {
        Self::open_as(address, Credential::ROOT)
    }

    /// Connects as somebody.
    pub fn open_as(address: SocketAddr, credential: Credential) -> Self {
        Self { connection: Connection::open(address), credential, xid: 0 }
    }

    /// As [`Client::open`], where there may be nobody.
    pub fn try_open(address: SocketAddr) -> Option<Self> {
        let connection = Connection::try_open(address).ok()?;
        Some(Self { connection, credential: Credential::ROOT, xid: 0 })
    }

    /// Connects as the superuser from an address of this machine, and a port or (zero) any.
    pub fn open_from(source: SocketAddr, address: SocketAddr) -> Self {
        let connection = Connection::open_from(source, address);
        Self { connection, credential: Credential::ROOT, xid: 0 }
    }

    /// Connects as the superuser and asks for the root of the export `/`.
    pub fn mount(address: SocketAddr) -> (Self, nfs_fh3) {
        let mut client = Self::open(address);
        let root = client.mount_path(b"/").expect("the root is exported");
        (client, root)
    }

    /// The connection.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The xid of the next call.
    pub fn next_xid(&mut self) -> u32 {
        self.xid += 1;
        self.xid
    }

    /// The message of a call, not sent yet.
    pub fn message(
        &mut self,
        (program, version): (u32, u32),
        procedure: u32,
        arguments: &[u8],
    ) -> Vec<u8> {
        let xid = self.next_xid();
        call(xid, (program, version, procedure), &self.credential, arguments)
    }

    /// Calls with arguments as bytes, whatever comes of it.
    ///
    /// # Panics
    /// If nothing does.
    pub fn ask(&mut self, program: (u32, u32), procedure: u32, arguments: &[u8]) -> Answer {
        let message = self.message(program, procedure, arguments);
        self.connection.send(&message);
        let (xid, answer) = Answer::parse(&self.connection.receive());
        assert_eq!(xid, self.xid, "the reply to this call");
        answer
    }

    /// Calls a procedure of NFS.
    ///
    /// # Panics
    /// If RPC refuses it, or the result is not what RFC 1813 says.
    pub fn call<A: Pack, R: Unpack>(&mut self, procedure: NFS_PROGRAM, arguments: &A) -> R {
        let result = self.ask(NFS, procedure as u32, &packed(arguments)).result();
        unpacked(&result)
    }

    /// As [`Client::call`]; `None` if the connection ends before the answer.
    ///
    /// # Panics
    /// As [`Client::call`].
    pub fn try_call<A: Pack, R: Unpack>(
        &mut self,
        procedure: NFS_PROGRAM,
        arguments: &A,
    ) -> Option<R> {
        let message = self.message(NFS, procedure as u32, &packed(arguments));
        self.connection.send_raw(&record(&message)).ok()?;
        let (xid, answer) = Answer::parse(&self.connection.try_receive()?);
        assert_eq!(xid, self.xid, "the reply to this call");
        Some(unpacked(&answer.result()))
    }

    /// The handle of an export.
    ///
    /// # Errors
    /// As the server says, by its mountstat3.
    pub fn mount_path(&mut self, path: &[u8]) -> Result<nfs_fh3, u32> {
        let arguments = packed(&dirpath(Opaque::borrowed(path)));
        match unpacked(&self.ask(MOUNT, 1, &arguments).result()) {
            mountres3::Ok(mounted) => {
                assert!(mounted.auth_flavors.contains(&1), "AUTH_SYS is accepted");
                Ok(nfs_fh3 { data: Opaque::owned(mounted.fhandle.0.to_vec()) })
            }
            mountres3::Err(status) => Err(status as u32),
        }
    }

    /// GETATTR.
    ///
    /// # Errors
    /// As the server says.
    pub fn attributes(&mut self, file: &nfs_fh3) -> Result<fattr3, nfsstat3> {
        let arguments = GETATTR3args { object: file.clone() };
        let result: GETATTR3res = self.call(NFS_PROGRAM::NFSPROC3_GETATTR, &arguments);
        status(result).map(|found| found.obj_attributes)
    }

    /// LOOKUP.
    ///
    /// # Errors
    /// As the server says.
    pub fn lookup(&mut self, directory: &nfs_fh3, name: &[u8]) -> Result<LOOKUP3resok, nfsstat3> {
        let arguments = LOOKUP3args { what: place(directory, name) };
        let result: LOOKUP3res = self.call(NFS_PROGRAM::NFSPROC3_LOOKUP, &arguments);
        status(result)
    }

    /// The handle at a path below `directory`.
    ///
    /// # Errors
    /// As the server says.
    pub fn find(&mut self, directory: &nfs_fh3, path: &[u8]) -> Result<nfs_fh3, nfsstat3> {
        let mut at = directory.clone();
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            at = self.lookup(&at, name)?.object;
        }
        Ok(at)
    }

    /// READ.
    ///
    /// # Errors
    /// As the server says.
    pub fn read(
        &mut self,
        file: &nfs_fh3,
        offset: u64,
        count: u32,
    ) -> Result<READ3resok<'static>, nfsstat3> {
        let arguments = READ3args { file: file.clone(), offset, count };
        let result: READ3res<'static> = self.call(NFS_PROGRAM::NFSPROC3_READ, &arguments);
        let read = status(result)?;
        assert_eq!(read.data.len(), read.count as usize, "count says how many bytes there are");
        assert!(read.count <= count, "no more than was asked for");
        Ok(read)
    }

    /// A file from end to end, read in pieces of `piece_bytes`.
    ///
    /// # Errors
    /// As the server says.
    pub fn read_all(&mut self, file: &nfs_fh3, piece_bytes: u32) -> Result<Vec<u8>, nfsstat3> {
        let mut contents = Vec::new();
        loop {
            let read = self.read(file, contents.len() as u64, piece_bytes)?;
            assert!(read.count > 0 || read.eof, "progress before the end");
            contents.extend_from_slice(&read.data);
            if read.eof {
                return Ok(contents);
            }
        }
    }
}

/// Encoded arguments.
pub fn packed(arguments: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(arguments.packed_size());
    arguments.pack(&mut bytes).expect("a vector takes all");
    bytes
}

/// A decoded result.
///
/// # Panics
/// If it is malformed, or has bytes behind its end.
pub fn unpacked<R: Unpack>(mut result: &[u8]) -> R {
    let decoded = R::unpack(&mut result);
    let (value, _) = decoded.unwrap_or_else(|error| panic!("not a result: {error:?}"));
    assert!(result.is_empty(), "{} bytes behind the result", result.len());
    value
}

/// A result of NFS, without the attributes that come with an error.
///
/// # Errors
/// The status, if it is not NFS3_OK.
pub fn status<T, E>(result: Nfs3Result<T, E>) -> Result<T, nfsstat3> {
    match result {
        Nfs3Result::Ok(value) => Ok(value),
        Nfs3Result::Err((status, _)) => Err(status),
    }
}

/// A name in a directory.
pub fn place<'a>(directory: &nfs_fh3, name: &'a [u8]) -> diropargs3<'a> {
    diropargs3 { dir: directory.clone(), name: name.into() }
}
