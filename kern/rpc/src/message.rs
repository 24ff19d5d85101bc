//! The header of a call and the beginning of a reply (RFC 5531 §9).
//!
//! On a stream a reply begins with the header of its one fragment; it is written together with
//! the reply, so that a whole record is one buffer.

use crate::Fault;
use crate::auth::{AuthStatus, OpaqueAuth};
use xdr::{Malformed, Reader, Writer};

const CALL: u32 = 0;
const REPLY: u32 = 1;
const MSG_ACCEPTED: u32 = 0;
const MSG_DENIED: u32 = 1;
const SUCCESS: u32 = 0;
const RPC_MISMATCH: u32 = 0;
const AUTH_ERROR: u32 = 1;
const PROG_UNAVAIL: u32 = 1;
const PROG_MISMATCH: u32 = 2;
const PROC_UNAVAIL: u32 = 3;
const GARBAGE_ARGS: u32 = 4;
const SYSTEM_ERR: u32 = 5;

/// The version of the protocol itself.
const RPC_VERSION: u32 = 2;
const LAST_FRAGMENT: u32 = 1 << 31;

/// Fragment header, xid, direction, status, empty verifier, accept status.
pub(crate) const REPLY_HEADER_BYTES: usize = 28;

/// Reads the xid of a call. Replies sent to a server are malformed calls.
pub(crate) fn call_id(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    let xid = reader.u32()?;
    if reader.u32()? == CALL { Ok(xid) } else { Err(Malformed) }
}

/// What stands between the xid and the arguments of every call.
#[derive(Debug)]
pub(crate) struct CallHeader<'a> {
    pub(crate) program: u32,
    pub(crate) version: u32,
    pub(crate) procedure: u32,
    pub(crate) credential: OpaqueAuth<'a>,
    pub(crate) verifier: OpaqueAuth<'a>,
}

impl<'a> CallHeader<'a> {
    /// Reads what stands behind the [`call_id`]; the arguments follow. Another version of RPC may
    /// look different from here on, so the version is judged before anything else is read.
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self, Unfit> {
        if reader.u32()? != RPC_VERSION {
            return Err(Refusal::RpcMismatch.into());
        }
        Ok(Self {
            program: reader.u32()?,
            version: reader.u32()?,
            procedure: reader.u32()?,
            credential: OpaqueAuth::decode(reader)?,
            verifier: OpaqueAuth::decode(reader)?,
        })
    }
}

/// Why a call does not reach a procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    RpcMismatch,
    Auth(AuthStatus),
    ProgramUnavailable,
    ProgramMismatch { low: u32, high: u32 },
    ProcedureUnavailable,
    Fault(Fault),
}

/// Why a message does not become a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is cut short: there is nobody to answer.
    Garbage,
    /// It is answered so.
    Refused(Refusal),
}

impl From<Malformed> for Unfit {
    fn from(_: Malformed) -> Self {
        Self::Garbage
    }
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// How a message is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record of a stream.
    Record,
    /// A datagram, which is its own frame.
    Datagram,
}

/// Begins the reply to a call that succeeds; the result follows.
pub(crate) fn begin_reply(framing: Framing, xid: u32, result_bytes: usize) -> Writer {
    let mut writer = begin(framing, xid, MSG_ACCEPTED, REPLY_HEADER_BYTES + result_bytes);
    put(&mut writer, &[0, 0, SUCCESS]);
    writer
}

/// The whole reply to a call that is refused or failed.
pub(crate) fn refuse(framing: Framing, xid: u32, refusal: Refusal) -> Writer {
    let status = match refusal {
        Refusal::RpcMismatch | Refusal::Auth(_) | Refusal::Fault(Fault::TooWeak) => MSG_DENIED,
        _ => MSG_ACCEPTED,
    };
    let mut writer = begin(framing, xid, status, REPLY_HEADER_BYTES + 8);
    match refusal {
        Refusal::RpcMismatch => put(&mut writer, &[RPC_MISMATCH, RPC_VERSION, RPC_VERSION]),
        Refusal::Auth(status) => put(&mut writer, &[AUTH_ERROR, status as u32]),
        Refusal::Fault(Fault::TooWeak) => {
            put(&mut writer, &[AUTH_ERROR, AuthStatus::TooWeak as u32]);
        }
        Refusal::ProgramUnavailable => put(&mut writer, &[0, 0, PROG_UNAVAIL]),
        Refusal::ProgramMismatch { low, high } => {
            put(&mut writer, &[0, 0, PROG_MISMATCH, low, high]);
        }
        Refusal::ProcedureUnavailable | Refusal::Fault(Fault::Unavailable) => {
            put(&mut writer, &[0, 0, PROC_UNAVAIL]);
        }
        Refusal::Fault(Fault::GarbageArguments) => put(&mut writer, &[0, 0, GARBAGE_ARGS]),
        Refusal::Fault(Fault::System) => put(&mut writer, &[0, 0, SYSTEM_ERR]),
    }
    finish(framing, &mut writer);
    writer
}

/// Completes a message whose length is now known.
pub(crate) fn finish(framing: Framing, writer: &mut Writer) {
    if framing == Framing::Record {
        let length = writer.length_bytes() - 4;
        writer.set_u32(0, LAST_FRAGMENT | length as u32);
    }
}

fn begin(framing: Framing, xid: u32, status: u32, capacity_bytes: usize) -> Writer {
    let mut writer = Writer::with_capacity(capacity_bytes);
    if framing == Framing::Record {
        writer.u32(0);
    }
    put(&mut writer, &[xid, REPLY, status]);
    writer
}

fn put(writer: &mut Writer, words: &[u32]) {
    words.iter().for_each(|&word| writer.u32(word));
}
