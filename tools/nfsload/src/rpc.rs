//! ONC RPC version 2 (RFC 5531) over TCP: call headers, replies, record
//! marking, and a blocking client for the untimed set-up phase.

use crate::xdr::{Dec, Malformed, Put};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub const LAST_FRAGMENT: u32 = 0x8000_0000;

/// The credential sent with each call, already encoded with its flavor.
#[derive(Clone)]
pub struct Cred(Vec<u8>);

impl Cred {
    pub fn sys(uid: u32, gid: u32) -> Cred {
        let mut body = Vec::new();
        body.put_u32(0); // stamp
        body.put_opaque(b"nfsload");
        body.put_u32(uid);
        body.put_u32(gid);
        body.put_u32(0); // no supplementary groups
        let mut b = Vec::new();
        b.put_u32(1); // AUTH_SYS
        b.put_opaque(&body);
        Cred(b)
    }
}

/// Writes the record mark (filled in by `end_call`) and the call header.
/// Returns where the record starts.
pub fn begin_call(
    out: &mut Vec<u8>,
    xid: u32,
    prog: u32,
    vers: u32,
    proc_: u32,
    cred: &Cred,
) -> usize {
    let at = out.len();
    out.put_u32(0); // record mark
    out.put_u32(xid);
    out.put_u32(0); // CALL
    out.put_u32(2); // RPC version
    out.put_u32(prog);
    out.put_u32(vers);
    out.put_u32(proc_);
    out.extend_from_slice(&cred.0);
    out.put_u32(0); // verifier: AUTH_NONE
    out.put_u32(0);
    at
}

pub fn end_call(out: &mut [u8], at: usize) {
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&(len | LAST_FRAGMENT).to_be_bytes());
}

/// Why a reply carried no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcError {
    Denied,
    /// `accept_stat` other than SUCCESS.
    Refused(u32),
    Malformed,
}

impl From<Malformed> for RpcError {
    fn from(_: Malformed) -> Self {
        RpcError::Malformed
    }
}

/// Splits a reply message into its xid and a decoder at the result.
pub fn parse_reply(msg: &[u8]) -> Result<(u32, Result<Dec<'_>, RpcError>), Malformed> {
    let mut d = Dec::new(msg);
    let xid = d.u32()?;
    if d.u32()? != 1 {
        return Err(Malformed);
    }
    Ok((xid, parse_body(d)))
}

fn parse_body(mut d: Dec<'_>) -> Result<Dec<'_>, RpcError> {
    if d.u32()? != 0 {
        return Err(RpcError::Denied);
    }
    d.u32()?; // verifier flavor
    d.opaque()?;
    match d.u32()? {
        0 => Ok(d),
        stat => Err(RpcError::Refused(stat)),
    }
}

/// A blocking client: one connection, calls sent in windows.
pub struct Client {
    sock: TcpStream,
    prog: u32,
    vers: u32,
    cred: Cred,
    xid: u32,
}

fn other(what: String) -> io::Error {
    io::Error::other(what)
}

impl Client {
    pub fn connect(addr: SocketAddr, prog: u32, vers: u32, cred: Cred) -> io::Result<Client> {
        Client::connect_within(addr, prog, vers, cred, Duration::from_secs(5))
    }

    pub fn connect_within(
        addr: SocketAddr,
        prog: u32,
        vers: u32,
        cred: Cred,
        t: Duration,
    ) -> io::Result<Client> {
        let sock = TcpStream::connect_timeout(&addr, t)?;
        sock.set_nodelay(true)?;
        sock.set_read_timeout(Some(Duration::from_secs(60)))?;
        sock.set_write_timeout(Some(Duration::from_secs(60)))?;
        Ok(Client { sock, prog, vers, cred, xid: 0x6e66_0000 })
    }

    pub fn set_timeout(&self, t: Duration) -> io::Result<()> {
        self.sock.set_read_timeout(Some(t))
    }

    fn read_record(&mut self) -> io::Result<Vec<u8>> {
        let mut msg = Vec::new();
        loop {
            let mut mark = [0u8; 4];
            self.sock.read_exact(&mut mark)?;
            let mark = u32::from_be_bytes(mark);
            let len = (mark & !LAST_FRAGMENT) as usize;
            if msg.len() + len > 64 << 20 {
                return Err(other(format!("reply record of {len} bytes")));
            }
            let at = msg.len();
            msg.resize(at + len, 0);
            self.sock.read_exact(&mut msg[at..])?;
            if mark & LAST_FRAGMENT != 0 {
                return Ok(msg);
            }
        }
    }

    /// Sends calls `0..n` with at most `window` outstanding. `args` encodes
    /// call i and returns its procedure; `done` gets the result of call i.
    pub fn many(
        &mut self,
        n: usize,
        window: usize,
        mut args: impl FnMut(usize, &mut Vec<u8>) -> u32,
        mut done: impl FnMut(usize, &mut Dec<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut pending: HashMap<u32, usize> = HashMap::new();
        let (mut sent, mut out) = (0, Vec::new());
        while sent < n || !pending.is_empty() {
            out.clear();
            while sent < n && pending.len() < window {
                self.xid = self.xid.wrapping_add(1);
                let mut body = Vec::new();
                let proc_ = args(sent, &mut body);
                let at = begin_call(&mut out, self.xid, self.prog, self.vers, proc_, &self.cred);
                out.extend_from_slice(&body);
                end_call(&mut out[at..], 0);
                pending.insert(self.xid, sent);
                sent += 1;
            }
            if !out.is_empty() {
                self.sock.write_all(&out)?;
            }
            let msg = self.read_record()?;
            let (xid, body) = parse_reply(&msg).map_err(|_| other("malformed reply".into()))?;
            let Some(i) = pending.remove(&xid) else {
                continue; // a duplicate of an earlier reply
            };
            let mut d = body.map_err(|e| other(format!("RPC error {e:?}")))?;
            done(i, &mut d)?;
        }
        Ok(())
    }

    pub fn call<T>(
        &mut self,
        proc_: u32,
        args: impl Fn(&mut Vec<u8>),
        mut f: impl FnMut(&mut Dec<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut got = None;
        self.many(
            1,
            1,
            |_, out| {
                args(out);
                proc_
            },
            |_, d| {
                got = Some(f(d)?);
                Ok(())
            },
        )?;
        got.ok_or_else(|| other("no reply".into()))
    }
}
