//! Calls as records on a stream (RFC 5531), and their replies.

use xdr::{Reader, Writer, Xdr};

/// The program and version of MOUNT.
pub const MOUNT: (u32, u32) = (100_005, 3);
/// The program and version of NFS.
pub const NFS: (u32, u32) = (100_003, 3);

/// A record holding one call of the superuser's.
pub fn call<'a>(
    xid: u32,
    program: (u32, u32),
    procedure: u32,
    arguments: &impl Xdr<'a>,
) -> Vec<u8> {
    let mut writer = Writer::default();
    [0, xid, 0, 2, program.0, program.1, procedure].into_iter().for_each(|word| writer.u32(word));
    let auth_sys = 1;
    writer.u32(auth_sys);
    writer.opaque(&superuser());
    [0, 0].into_iter().for_each(|word| writer.u32(word));
    arguments.encode(&mut writer);
    let length = writer.length_bytes() as u32 - 4;
    writer.set_u32(0, 1 << 31 | length);
    writer.into_pieces().concat()
}

fn superuser() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.u32(0);
    writer.opaque(b"client");
    [0, 0, 0].into_iter().for_each(|word| writer.u32(word));
    writer.into_pieces().concat()
}

/// Takes a stream apart: the xid and the result of every reply that is complete. What is not
/// stays in `stream`.
///
/// # Errors
/// If a call was not accepted, or not run.
pub fn replies(stream: &mut Vec<u8>) -> Result<Vec<(u32, Vec<u8>)>, String> {
    let mut replies = Vec::new();
    while let Some(head) = stream.first_chunk() {
        let length = (u32::from_be_bytes(*head) & (u32::MAX >> 1)) as usize;
        if stream.len() < 4 + length {
            break;
        }
        let record: Vec<u8> = stream.drain(..4 + length).skip(4).collect();
        replies.push(result_of(&record)?);
    }
    Ok(replies)
}

fn result_of(record: &[u8]) -> Result<(u32, Vec<u8>), String> {
    let mut reader = Reader::new(record);
    let mut word = || reader.u32().map_err(|_| "a reply without a head".to_owned());
    let xid = word()?;
    let head = [word()?, word()?, word()?, word()?, word()?];
    if head != [1, 0, 0, 0, 0] {
        return Err(format!("call {xid} was not run: {head:?}"));
    }
    Ok((xid, reader.rest().to_vec()))
}
