//! Services with files, and a client that asks for them.

use crate::harness::Home;
use abi::{FileSystemId, Timestamp};
use ffscheck::fsck;
use ffscheck::newfs::{self, Format};
use posix::{Access, Progress, ServiceSpec, Site};
use service::{Config, ImageOptions, Limits, Network, Opening, Source};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use xdr::{Reader, Writer};

const MOUNT: (u32, u32) = (100_005, 3);
const NFS: (u32, u32) = (100_003, 3);

/// Size of an image, sparse.
const IMAGE_BYTES: u64 = 8 << 20;

/// Makes an empty image.
pub fn image(folder: &Path, number: u64) -> PathBuf {
    let path = folder.join(format!("{number}.img"));
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
    let options = newfs::Options {
        format: Format::Ufs2,
        log_bytes: None,
        ..newfs::Options::new(IMAGE_BYTES)
    };
    let now = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
    newfs::newfs(&mut file, &options, FileSystemId(number + 1), now).unwrap();
    path
}

/// What a stranger finds wrong with an image.
pub fn findings(path: &Path) -> Vec<String> {
    let mut image = File::open(path).unwrap();
    let options = fsck::Options { repair: false };
    let report = fsck::check(&mut image, &options, &mut |_| {}).unwrap();
    report.findings.iter().map(|finding| format!("{finding:?}")).collect()
}

/// A service of an image that is open only while it is used.
pub fn lazy(path: PathBuf, opening: Opening, limits: Limits) -> ServiceSpec {
    let configure = move |site: &Site| {
        let backing = site.image(path.clone(), Access::ReadWrite);
        let source = Source::Image { backing, options: ImageOptions::default() };
        Ok(config(site, source, opening, limits.clone()))
    };
    ServiceSpec::movable("files".into(), vec!["127.0.0.1:0".parse().unwrap()], configure)
}

/// A service of files in memory.
pub fn memory(limits: Limits) -> ServiceSpec {
    let configure = move |site: &Site| {
        let source = Source::Memory { size_bytes: 64 << 20, id: site.host.random.next_u64() };
        Ok(config(site, source, Opening::AtOnce, limits))
    };
    ServiceSpec::service("files".into(), vec!["127.0.0.1:0".parse().unwrap()], configure)
}

/// Adds a service of files in memory. Returns where it serves.
pub fn address(home: &Home) -> SocketAddr {
    home.add(memory(Limits::default()));
    match home.report().progress {
        Progress::Serving { addresses, .. } => addresses[0],
        other => panic!("expected to serve: {other:?}"),
    }
}

fn config(site: &Site, source: Source, opening: Opening, limits: Limits) -> Config {
    let exports = vec!["/:no_root_squash".parse().unwrap()];
    let network = Network::Host { port: site.port() };
    Config { name: "files".into(), source, opening, exports, limits, network }
}

/// A client of one service, which waits for each answer.
pub struct Client {
    pub stream: TcpStream,
    /// The last call.
    pub asked: Vec<u8>,
    xid: u32,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { stream: crate::harness::connect(address), asked: Vec::new(), xid: 0 }
    }

    /// The handle of the root.
    pub fn mount(&mut self) -> Vec<u8> {
        let result = self.call(MOUNT, 1, |writer| writer.opaque(b"/"));
        let mut reader = Reader::new(&result);
        assert_eq!(reader.u32(), Ok(0), "mounted");
        reader.opaque(64).unwrap().to_vec()
    }

    /// Makes a file. Returns its handle.
    pub fn create(&mut self, directory: &[u8], name: &str) -> Vec<u8> {
        let result = self.call(NFS, 8, |writer| {
            writer.opaque(directory);
            writer.opaque(name.as_bytes());
            [1, 1, 0o644, 0, 0, 0, 0, 0].into_iter().for_each(|word| writer.u32(word));
        });
        let mut reader = Reader::new(&result);
        assert_eq!((reader.u32(), reader.u32()), (Ok(0), Ok(1)), "made, and a handle follows");
        reader.opaque(64).unwrap().to_vec()
    }

    /// Writes: durably, or not at once.
    pub fn write(&mut self, file: &[u8], offset_bytes: u64, data: &[u8], durably: bool) {
        let result = self.call(NFS, 7, |writer| {
            writer.opaque(file);
            writer.u64(offset_bytes);
            writer.u32(data.len() as u32);
            writer.u32(if durably { 2 } else { 0 });
            writer.opaque(data);
        });
        assert_eq!(Reader::new(&result).u32(), Ok(0), "written");
    }

    pub fn read(&mut self, file: &[u8], offset_bytes: u64, count_bytes: u32) -> Vec<u8> {
        self.ask_read(file, offset_bytes, count_bytes);
        self.data()
    }

    /// What the next answer has read.
    pub fn data(&mut self) -> Vec<u8> {
        let result = self.answer();
        let mut reader = Reader::new(&result);
        assert_eq!((reader.u32(), reader.u32()), (Ok(0), Ok(1)), "read, with attributes");
        reader.fixed(84).unwrap();
        assert!(reader.u32().is_ok() && reader.u32().is_ok(), "a count and whether it is the end");
        reader.opaque(1 << 20).unwrap().to_vec()
    }

    /// Removes a file. Returns the status.
    pub fn remove(&mut self, directory: &[u8], name: &str) -> u32 {
        let result = self.call(NFS, 12, |writer| {
            writer.opaque(directory);
            writer.opaque(name.as_bytes());
        });
        Reader::new(&result).u32().unwrap()
    }

    /// The status of GETATTR.
    pub fn attributes_status(&mut self, handle: &[u8]) -> u32 {
        let result = self.call(NFS, 1, |writer| writer.opaque(handle));
        Reader::new(&result).u32().unwrap()
    }

    /// The result of a call that was accepted and run.
    fn call(
        &mut self,
        program: (u32, u32),
        procedure: u32,
        arguments: impl FnOnce(&mut Writer),
    ) -> Vec<u8> {
        self.ask(program, procedure, arguments);
        self.answer()
    }

    /// Sends a call, whose answer is to be fetched.
    pub fn ask_attributes(&mut self, handle: &[u8]) {
        self.ask(NFS, 1, |writer| writer.opaque(handle));
    }

    /// Sends a call for data, whose answer is to be fetched.
    pub fn ask_read(&mut self, file: &[u8], offset_bytes: u64, count_bytes: u32) {
        self.ask(NFS, 6, |writer| {
            writer.opaque(file);
            writer.u64(offset_bytes);
            writer.u32(count_bytes);
        });
    }

    fn ask(&mut self, program: (u32, u32), procedure: u32, arguments: impl FnOnce(&mut Writer)) {
        self.xid += 1;
        let mut writer = Writer::default();
        let head = [0, self.xid, 0, 2, program.0, program.1, procedure, 1];
        head.into_iter().for_each(|word| writer.u32(word));
        writer.opaque(&credentials());
        [0, 0].into_iter().for_each(|word| writer.u32(word));
        arguments(&mut writer);
        let length = writer.length_bytes() as u32 - 4;
        writer.set_u32(0, 1 << 31 | length);
        self.asked = writer.into_pieces().concat();
        self.stream.write_all(&self.asked).unwrap();
    }

    /// The next answer's result.
    pub fn answer(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut message = vec![0; (u32::from_be_bytes(length) & (u32::MAX >> 1)) as usize];
        self.stream.read_exact(&mut message).unwrap();
        let mut reader = Reader::new(&message);
        let head = [(); 6].map(|()| reader.u32().unwrap());
        assert_eq!(head[1..], [1, 0, 0, 0, 0], "accepted and run");
        reader.rest().to_vec()
    }
}

/// The superuser's (RFC 5531, appendix A).
fn credentials() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.u32(0);
    writer.opaque(b"client");
    [0, 0, 0].into_iter().for_each(|word| writer.u32(word));
    writer.into_pieces().concat()
}
