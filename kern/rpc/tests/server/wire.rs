//! Messages as a client makes and reads them.

use xdr::{Reader, Writer};

pub const PROGRAM: u32 = 400_000;
/// The version whose callers need no name of a user, but a handle, were this not a test.
pub const BY_HANDLE: u32 = 2;
pub const NULL: u32 = 0;
pub const ECHO: u32 = 1;
pub const PAYLOAD: u32 = 2;
pub const COUNT: u32 = 3;
pub const GARBAGE: u32 = 4;
pub const WRITE: u32 = 5;

/// A call, field by field; [`Call::new`] gives one that every check passes.
#[derive(Clone, Debug)]
pub struct Call {
    pub xid: u32,
    pub direction: u32,
    pub rpc_version: u32,
    pub program: u32,
    pub version: u32,
    pub procedure: u32,
    pub credential: (u32, Vec<u8>),
    pub verifier: (u32, Vec<u8>),
    pub arguments: Vec<u8>,
}

impl Call {
    pub fn new(xid: u32, procedure: u32, arguments: &[u8]) -> Self {
        Self {
            xid,
            direction: 0,
            rpc_version: 2,
            program: PROGRAM,
            version: 1,
            procedure,
            credential: (1, auth_sys(1000)),
            verifier: (0, vec![]),
            arguments: arguments.to_vec(),
        }
    }

    pub fn message(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        let words = [self.xid, self.direction, self.rpc_version];
        words.into_iter().for_each(|word| writer.u32(word));
        let words = [self.program, self.version, self.procedure];
        words.into_iter().for_each(|word| writer.u32(word));
        for (flavor, body) in [&self.credential, &self.verifier] {
            writer.u32(*flavor);
            writer.opaque(body);
        }
        writer.fixed(&self.arguments);
        writer.into_pieces().concat()
    }

    pub fn record(&self) -> Vec<u8> {
        record(&self.message())
    }
}

pub fn auth_sys(uid: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.u32(0);
    writer.opaque(b"client");
    [uid, 100, 0].into_iter().for_each(|word| writer.u32(word));
    writer.into_pieces().concat()
}

/// One record in one fragment.
pub fn record(message: &[u8]) -> Vec<u8> {
    fragment(true, message)
}

pub fn fragment(last: bool, body: &[u8]) -> Vec<u8> {
    let header = body.len() as u32 | (u32::from(last) << 31);
    [&header.to_be_bytes(), body].concat()
}

/// A reply: its xid, and the words after it up to the result: status, then what belongs to it.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub xid: u32,
    pub outcome: Outcome,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Success(Vec<u8>),
    ProgramUnavailable,
    ProgramMismatch(u32, u32),
    ProcedureUnavailable,
    GarbageArguments,
    SystemError,
    RpcMismatch(u32, u32),
    AuthError(u32),
}

impl Reply {
    pub fn success(xid: u32, result: &[u8]) -> Self {
        Self { xid, outcome: Outcome::Success(result.to_vec()) }
    }
}

pub fn parse_message(bytes: &[u8]) -> Reply {
    let mut reader = Reader::new(bytes);
    let mut word = || reader.u32().expect("a reply is long enough");
    let xid = word();
    assert_eq!(word(), 1, "a reply");
    let outcome = match word() {
        0 => {
            assert_eq!((word(), word()), (0, 0), "an empty verifier");
            match word() {
                0 => Outcome::Success(reader.rest().to_vec()),
                1 => Outcome::ProgramUnavailable,
                2 => Outcome::ProgramMismatch(word(), word()),
                3 => Outcome::ProcedureUnavailable,
                4 => Outcome::GarbageArguments,
                5 => Outcome::SystemError,
                other => panic!("accept status {other}"),
            }
        }
        1 => match word() {
            0 => Outcome::RpcMismatch(word(), word()),
            1 => Outcome::AuthError(word()),
            other => panic!("reject status {other}"),
        },
        other => panic!("reply status {other}"),
    };
    Reply { xid, outcome }
}

/// Takes a stream of replies apart.
pub fn parse_stream(mut bytes: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk() {
        let header = u32::from_be_bytes(*header);
        assert_ne!(header >> 31, 0, "replies come in one fragment");
        let (message, rest) = rest.split_at((header & (u32::MAX >> 1)) as usize);
        replies.push(parse_message(message));
        bytes = rest;
    }
    replies
}
