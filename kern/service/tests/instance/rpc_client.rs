//! Calls as an NFS client makes them.

use xdr::{Reader, Writer};

const MOUNT: (u32, u32) = (100_005, 3);
const NFS: (u32, u32) = (100_003, 3);

/// A record holding one call.
pub fn call(xid: u32, program: (u32, u32), procedure: u32, arguments: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    [0, xid, 0, 2, program.0, program.1, procedure].into_iter().for_each(|word| writer.u32(word));
    writer.u32(1);
    writer.opaque(&auth_sys());
    [0, 0].into_iter().for_each(|word| writer.u32(word));
    writer.fixed(arguments);
    let length = writer.length_bytes() as u32 - 4;
    writer.set_u32(0, 1 << 31 | length);
    writer.into_pieces().concat()
}

fn auth_sys() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.u32(0);
    writer.opaque(b"client");
    [1000, 1000, 0].into_iter().for_each(|word| writer.u32(word));
    writer.into_pieces().concat()
}

fn arguments(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&mut writer);
    writer.into_pieces().concat()
}

pub fn null(xid: u32) -> Vec<u8> {
    call(xid, NFS, 0, &[])
}

pub fn mount(xid: u32, path: &str) -> Vec<u8> {
    call(xid, MOUNT, 1, &arguments(|writer| writer.opaque(path.as_bytes())))
}

pub fn get_attributes(xid: u32, handle: &[u8]) -> Vec<u8> {
    call(xid, NFS, 1, &arguments(|writer| writer.opaque(handle)))
}

pub fn lookup(xid: u32, directory: &[u8], name: &str) -> Vec<u8> {
    call(xid, NFS, 3, &name_in(directory, name, |_| {}))
}

pub fn read(xid: u32, handle: &[u8], offset: u64, count: u32) -> Vec<u8> {
    let arguments = arguments(|writer| {
        writer.opaque(handle);
        writer.u64(offset);
        writer.u32(count);
    });
    call(xid, NFS, 6, &arguments)
}

/// WRITE, FILE_SYNC.
pub fn write(xid: u32, handle: &[u8], offset: u64, data: &[u8]) -> Vec<u8> {
    write_as(2, xid, handle, offset, data)
}

/// WRITE, UNSTABLE.
pub fn write_unstable(xid: u32, handle: &[u8], offset: u64, data: &[u8]) -> Vec<u8> {
    write_as(0, xid, handle, offset, data)
}

fn write_as(stability: u32, xid: u32, handle: &[u8], offset: u64, data: &[u8]) -> Vec<u8> {
    let arguments = arguments(|writer| {
        writer.opaque(handle);
        writer.u64(offset);
        writer.u32(data.len() as u32);
        writer.u32(stability);
        writer.opaque(data);
    });
    call(xid, NFS, 7, &arguments)
}

/// CREATE, guarded, with mode 0644.
pub fn create(xid: u32, directory: &[u8], name: &str) -> Vec<u8> {
    let guarded = |writer: &mut Writer| {
        [1, 1, 0o644, 0, 0, 0, 0, 0].into_iter().for_each(|word| writer.u32(word));
    };
    call(xid, NFS, 8, &name_in(directory, name, guarded))
}

pub fn remove(xid: u32, directory: &[u8], name: &str) -> Vec<u8> {
    call(xid, NFS, 12, &name_in(directory, name, |_| {}))
}

fn name_in(directory: &[u8], name: &str, more: impl FnOnce(&mut Writer)) -> Vec<u8> {
    arguments(|writer| {
        writer.opaque(directory);
        writer.opaque(name.as_bytes());
        more(writer);
    })
}

/// The result of a successful call, and its xid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub xid: u32,
    pub result: Vec<u8>,
}

impl Reply {
    pub fn status(&self) -> u32 {
        Reader::new(&self.result).u32().expect("a status")
    }

    /// What follows a status of zero.
    pub fn success(&self) -> Reader<'_> {
        let mut reader = Reader::new(&self.result);
        assert_eq!(reader.u32(), Ok(0), "a status of success: {self:?}");
        reader
    }
}

/// Takes a stream of replies apart; all must have been accepted and run.
pub fn replies(mut stream: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    while !stream.is_empty() {
        let mut reader = Reader::new(stream);
        let length = reader.u32().expect("a record") & (u32::MAX >> 1);
        let message = &reader.rest()[..length as usize];
        stream = &reader.rest()[length as usize..];
        let mut reader = Reader::new(message);
        let xid = reader.u32().expect("a reply");
        let header = [(); 5].map(|()| reader.u32().expect("a reply"));
        assert_eq!(header, [1, 0, 0, 0, 0], "accepted and run");
        replies.push(Reply { xid, result: reader.rest().to_vec() });
    }
    replies
}
