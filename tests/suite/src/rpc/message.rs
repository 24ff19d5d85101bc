//! Calls as bytes, and replies taken apart.

use nfs3_types::rpc::{
    accept_stat_data, auth_stat, auth_unix, call_body, msg_body, opaque_auth, rejected_reply,
    reply_body, rpc_msg,
};
use nfs3_types::xdr_codec::{Opaque, Pack, Unpack};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// AUTH_NONE.
    None,
    /// AUTH_SYS.
    Sys {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
        /// Supplementary groups.
        groups: Vec<u32>,
    },
}

impl Credential {
    /// The superuser.
    pub const ROOT: Self = Self::Sys { uid: 0, gid: 0, groups: Vec::new() };

    /// An ordinary user without supplementary groups.
    pub const fn user(uid: u32, gid: u32) -> Self {
        Self::Sys { uid, gid, groups: Vec::new() }
    }

    fn encode(&self) -> opaque_auth<'static> {
        match self {
            Self::None => opaque_auth::default(),
            Self::Sys { uid, gid, groups } => opaque_auth::auth_unix(&auth_unix {
                stamp: 7,
                machinename: Opaque::borrowed(b"suite"),
                uid: *uid,
                gid: *gid,
                gids: groups.clone(),
            }),
        }
    }
}

/// A call message: header and arguments.
pub fn call(
    xid: u32,
    (program, version, procedure): (u32, u32, u32),
    credential: &Credential,
    arguments: &[u8],
) -> Vec<u8> {
    let body = call_body {
        rpcvers: 2,
        prog: program,
        vers: version,
        proc: procedure,
        cred: credential.encode(),
        verf: opaque_auth::default(),
    };
    let mut bytes = Vec::new();
    let message = rpc_msg { xid, body: msg_body::CALL(body) };
    message.pack(&mut bytes).expect("a vector takes all");
    bytes.extend_from_slice(arguments);
    bytes
}

/// A message as a record of one fragment (RFC 5531 §11).
pub fn record(message: &[u8]) -> Vec<u8> {
    let mut bytes = (message.len() as u32 | 1 << 31).to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    bytes
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// SUCCESS, and the encoded result.
    Success(Vec<u8>),
    /// No such program.
    ProgramUnavailable,
    /// The program has no such version, but these: lowest and highest.
    ProgramMismatch(u32, u32),
    /// No such procedure.
    ProcedureUnavailable,
    /// The arguments could not be decoded.
    GarbageArguments,
    /// SYSTEM_ERR.
    SystemError,
    /// RPC version 2 was not asked for: the lowest and highest supported.
    RpcMismatch(u32, u32),
    /// AUTH_ERROR with this auth_stat.
    AuthError(u32),
}

impl Answer {
    /// Takes a reply apart: its xid, and what it says.
    ///
    /// # Panics
    /// If it is no reply, or longer than it should be.
    pub fn parse(reply: &[u8]) -> (u32, Self) {
        let mut rest = reply;
        let (message, _) = rpc_msg::unpack(&mut rest).expect("a reply");
        let msg_body::REPLY(body) = message.body else { panic!("a call instead of a reply") };
        let answer = match body {
            reply_body::MSG_ACCEPTED(accepted) => {
                assert!(accepted.verf.body.is_empty(), "AUTH_NONE verifiers are empty");
                Self::accepted(&accepted.reply_data, rest)
            }
            reply_body::MSG_DENIED(denied) => Self::denied(&denied),
        };
        assert!(rest.is_empty() || matches!(answer, Self::Success(_)), "more than a reply");
        (message.xid, answer)
    }

    fn accepted(data: &accept_stat_data, rest: &[u8]) -> Self {
        match data {
            accept_stat_data::SUCCESS => Self::Success(rest.to_vec()),
            accept_stat_data::PROG_UNAVAIL => Self::ProgramUnavailable,
            accept_stat_data::PROG_MISMATCH { low, high } => Self::ProgramMismatch(*low, *high),
            accept_stat_data::PROC_UNAVAIL => Self::ProcedureUnavailable,
            accept_stat_data::GARBAGE_ARGS => Self::GarbageArguments,
            accept_stat_data::SYSTEM_ERR => Self::SystemError,
        }
    }

    fn denied(denied: &rejected_reply) -> Self {
        match denied {
            rejected_reply::RPC_MISMATCH { low, high } => Self::RpcMismatch(*low, *high),
            rejected_reply::AUTH_ERROR(reason) => Self::AuthError(*reason as u32),
        }
    }

    /// The encoded result.
    ///
    /// # Panics
    /// If the call was refused.
    pub fn result(self) -> Vec<u8> {
        match self {
            Self::Success(result) => result,
            other => panic!("the call was refused: {other:?}"),
        }
    }
}

/// auth_stat of a credential that cannot be decoded.
pub const AUTH_BADCRED: u32 = auth_stat::AUTH_BADCRED as u32;
/// auth_stat of a credential that does not suffice.
pub const AUTH_TOOWEAK: u32 = auth_stat::AUTH_TOOWEAK as u32;
