//! A file system in memory, served to one client.

use abi::{Credentials, FileId, FileSystemId, Timestamp};
use bytes::Bytes;
use memfs::Memfs;
use nfs::{Exports, Server, programs};
use nfs3_types::nfs3::{
    CREATE3args, CREATE3res, GETATTR3args, GETATTR3res, LOOKUP3args, LOOKUP3res, MKDIR3args,
    MKDIR3res, Nfs3Option, Nfs3Result, WRITE3args, WRITE3res, createhow3, diropargs3, fattr3,
    nfs_fh3, nfsstat3, nfstime3, sattr3, stable_how, wcc_data,
};
use nfs3_types::xdr_codec::{Opaque, Pack, Unpack};
use rpc::{Call, Facts, Fault, Program};
use std::cell::Cell;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use vfs::{FileSystem, Tree};
use xdr::Writer;

pub const NFS: u32 = 100_003;
pub const MOUNT: u32 = 100_005;
pub const FILE_SYSTEM: FileSystemId = FileSystemId(0x0123_4567_89ab_cdef);
pub const WRITE_VERIFIER: u64 = 0x1122_3344_5566_7788;

pub struct World {
    pub server: Rc<Server>,
    pub programs: Vec<Rc<dyn Program>>,
    pub credentials: Cell<Option<Credentials>>,
    pub datagram: Cell<bool>,
    pub client: Cell<IpAddr>,
    pub port: Cell<u16>,
    pub memfs: Rc<Memfs>,
    seconds: Cell<i64>,
}

impl World {
    /// The superuser, of a file system that is exported without squashing.
    pub fn new() -> Self {
        Self::exporting(&["/:no_root_squash"])
    }

    /// The superuser, as far as these exports let him.
    pub fn exporting(exports: &[&str]) -> Self {
        let time = Timestamp { seconds: 1000, nanoseconds: 0 };
        let memfs = Memfs::new(FILE_SYSTEM, 64 << 20, WRITE_VERIFIER, time);
        let server = serve(memfs.clone(), exports);
        Self {
            programs: programs(&server),
            server,
            credentials: Cell::new(Some(Credentials::ROOT)),
            datagram: Cell::new(false),
            client: Cell::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
            port: Cell::new(1023),
            memfs,
            seconds: Cell::new(1000),
        }
    }

    /// The same file system, exported otherwise.
    pub fn exported_as(&self, export: &str) -> Self {
        self.serving(self.memfs.clone(), export)
    }

    /// Another view of the same file system, exported.
    pub fn serving(&self, file_system: Rc<dyn FileSystem>, export: &str) -> Self {
        let server = serve(file_system, &[export]);
        Self {
            programs: programs(&server),
            server,
            credentials: self.credentials.clone(),
            datagram: self.datagram.clone(),
            client: self.client.clone(),
            port: self.port.clone(),
            memfs: self.memfs.clone(),
            seconds: self.seconds.clone(),
        }
    }

    pub fn become_user(&self, uid: u32, gid: u32) {
        self.credentials.set(Some(Credentials::new(uid, gid)));
    }

    pub fn become_root(&self) {
        self.credentials.set(Some(Credentials::ROOT));
    }

    pub fn message(&self, program: u32, procedure: u32, arguments: Vec<u8>) -> Call {
        Call {
            xid: 1,
            program,
            version: 3,
            procedure,
            credentials: self.credentials.get(),
            remote: SocketAddr::new(self.client.get(), self.port.get()),
            local: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2049),
            datagram: self.datagram.get(),
            arguments: Bytes::from(arguments),
        }
    }

    /// Runs a call a second after the last one.
    pub fn run(&self, call: &Call) -> Result<Writer, Fault> {
        self.seconds.set(self.seconds.get() + 1);
        self.server.set_time(Timestamp { seconds: self.seconds.get(), nanoseconds: 5 });
        let program = self.programs.iter().find(|program| program.number() == call.program);
        let program = program.unwrap();
        let Facts { result_bytes, .. } = program.procedure(call.version, call.procedure).unwrap();
        let mut result = Writer::with_capacity(result_bytes);
        task::drive(program.run(call, &mut result), || panic!("nothing here waits"))?;
        Ok(result)
    }

    /// The result's bytes.
    pub fn bytes(&self, program: u32, procedure: u32, arguments: &impl Pack) -> Vec<u8> {
        let call = self.message(program, procedure, packed(arguments));
        self.run(&call).unwrap().into_pieces().concat()
    }

    /// A call of NFS. Its result must fit what its row promises.
    pub fn call<R: Unpack>(&self, procedure: u32, arguments: &impl Pack) -> R {
        let bytes = self.bytes(NFS, procedure, arguments);
        let bound = self.programs[0].procedure(3, procedure).unwrap().bound;
        let bytes_max = bound.bytes(&packed(arguments));
        assert!(bytes.len() <= bytes_max, "procedure {procedure}: {} bytes", bytes.len());
        unpacked(&bytes)
    }

    pub fn root(&self) -> nfs_fh3 {
        self.reached("/", self.memfs.root())
    }

    /// The handle of a file that was reached through the export of a path.
    pub fn reached(&self, export: &str, file: FileId) -> nfs_fh3 {
        let file = vfs::FileHandle { file_system: FILE_SYSTEM, file };
        let export = nfs::Export::new(export).unwrap().id();
        handle_of(&nfs::Handle { file, export }.to_bytes())
    }

    pub fn attributes(&self, file: &nfs_fh3) -> fattr3 {
        let result: GETATTR3res = self.call(1, &GETATTR3args { object: file.clone() });
        result.unwrap().obj_attributes
    }

    pub fn try_lookup(&self, directory: &nfs_fh3, name: &str) -> LOOKUP3res {
        self.call(3, &LOOKUP3args { what: place(directory, name) })
    }

    pub fn lookup(&self, directory: &nfs_fh3, name: &str) -> nfs_fh3 {
        self.try_lookup(directory, name).unwrap().object
    }

    pub fn try_create(&self, directory: &nfs_fh3, name: &str, how: createhow3) -> CREATE3res {
        self.call(8, &CREATE3args { where_: place(directory, name), how })
    }

    pub fn create(&self, directory: &nfs_fh3, name: &str) -> nfs_fh3 {
        let how = createhow3::GUARDED(mode(0o644));
        self.try_create(directory, name, how).unwrap().obj.unwrap()
    }

    pub fn make_directory(&self, directory: &nfs_fh3, name: &str, bits: u32) -> nfs_fh3 {
        let arguments = MKDIR3args { where_: place(directory, name), attributes: mode(bits) };
        let result: MKDIR3res = self.call(9, &arguments);
        result.unwrap().obj.unwrap()
    }

    pub fn try_write(&self, file: &nfs_fh3, offset: u64, data: &[u8]) -> WRITE3res {
        let arguments = WRITE3args {
            file: file.clone(),
            offset,
            count: data.len() as u32,
            stable: stable_how::UNSTABLE,
            data: Opaque::borrowed(data),
        };
        self.call(7, &arguments)
    }

    pub fn write(&self, file: &nfs_fh3, offset: u64, data: &[u8]) {
        assert_eq!(self.try_write(file, offset, data).unwrap().count as usize, data.len());
    }
}

fn serve(file_system: Rc<dyn FileSystem>, exports: &[&str]) -> Rc<Server> {
    let exports = exports.iter().map(|export| export.parse().unwrap()).collect();
    let tree = Rc::new(Tree::default());
    let mount = tree.mount(file_system).unwrap();
    let server = Server::new(Exports::new(exports).unwrap());
    server.open(tree, mount);
    Rc::new(server)
}

pub fn packed(value: &impl Pack) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.pack(&mut bytes).unwrap();
    bytes
}

pub fn unpacked<R: Unpack>(bytes: &[u8]) -> R {
    let mut rest = bytes;
    let (value, _) = R::unpack(&mut rest).expect("the result decodes");
    assert!(rest.is_empty(), "{} bytes behind the result", rest.len());
    value
}

pub fn place<'a>(directory: &nfs_fh3, name: &'a str) -> diropargs3<'a> {
    diropargs3 { dir: directory.clone(), name: name.as_bytes().into() }
}

pub fn mode(bits: u32) -> sattr3 {
    sattr3 { mode: Nfs3Option::Some(bits), ..sattr3::default() }
}

pub fn size(bytes: u64) -> sattr3 {
    sattr3 { size: Nfs3Option::Some(bytes), ..sattr3::default() }
}

pub fn handle_of(bytes: &[u8]) -> nfs_fh3 {
    nfs_fh3 { data: Opaque::owned(bytes.to_vec()) }
}

/// A handle of a file that never was.
pub fn stale(world: &World) -> nfs_fh3 {
    let mut bytes = world.root().data.to_vec();
    bytes[20..24].copy_from_slice(&[0xff; 4]);
    handle_of(&bytes)
}

/// The status and body of a refused call.
pub fn refused<T: Debug, E>(result: Nfs3Result<T, E>) -> (nfsstat3, E) {
    match result {
        Nfs3Result::Ok(value) => panic!("this should have been refused: {value:?}"),
        Nfs3Result::Err(refusal) => refusal,
    }
}

/// Expects both halves, and says whether the file changed between them.
pub fn has_changed(wcc: &wcc_data) -> bool {
    let (Nfs3Option::Some(before), Nfs3Option::Some(after)) = (&wcc.before, &wcc.after) else {
        panic!("attributes are missing: {wcc:?}");
    };
    let changed = before.ctime != after.ctime;
    assert_eq!(before.mtime != after.mtime || before.size != after.size, changed, "{wcc:?}");
    changed
}

pub fn time(seconds: u32, nseconds: u32) -> nfstime3 {
    nfstime3 { seconds, nseconds }
}
