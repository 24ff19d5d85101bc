//! NFSv3 and MOUNTv3 (RFC 1813): the parts that a load generator needs.

use crate::rpc::Client;
use crate::xdr::{Dec, Put, Res};
use std::io;

pub const NFS_PROGRAM: u32 = 100003;
pub const MOUNT_PROGRAM: u32 = 100005;
pub const V3: u32 = 3;

pub mod proc3 {
    pub const NULL: u32 = 0;
    pub const GETATTR: u32 = 1;
    pub const SETATTR: u32 = 2;
    pub const LOOKUP: u32 = 3;
    pub const ACCESS: u32 = 4;
    pub const READ: u32 = 6;
    pub const WRITE: u32 = 7;
    pub const CREATE: u32 = 8;
    pub const MKDIR: u32 = 9;
    pub const REMOVE: u32 = 12;
    pub const RMDIR: u32 = 13;
    pub const READDIRPLUS: u32 = 17;
    pub const FSINFO: u32 = 19;
    pub const COMMIT: u32 = 21;
    pub const COUNT: usize = 22;
}

pub const PROC_NAMES: [&str; proc3::COUNT] = [
    "NULL",
    "GETATTR",
    "SETATTR",
    "LOOKUP",
    "ACCESS",
    "READLINK",
    "READ",
    "WRITE",
    "CREATE",
    "MKDIR",
    "SYMLINK",
    "MKNOD",
    "REMOVE",
    "RMDIR",
    "RENAME",
    "LINK",
    "READDIR",
    "READDIRPLUS",
    "FSSTAT",
    "FSINFO",
    "PATHCONF",
    "COMMIT",
];

pub const OK: u32 = 0;
pub const NOENT: u32 = 2;
pub const EXIST: u32 = 17;

pub fn status_name(s: u32) -> String {
    let known = match s {
        0 => "OK",
        1 => "PERM",
        2 => "NOENT",
        5 => "IO",
        6 => "NXIO",
        13 => "ACCES",
        17 => "EXIST",
        18 => "XDEV",
        19 => "NODEV",
        20 => "NOTDIR",
        21 => "ISDIR",
        22 => "INVAL",
        27 => "FBIG",
        28 => "NOSPC",
        30 => "ROFS",
        31 => "MLINK",
        63 => "NAMETOOLONG",
        66 => "NOTEMPTY",
        69 => "DQUOT",
        70 => "STALE",
        71 => "REMOTE",
        10001 => "BADHANDLE",
        10002 => "NOT_SYNC",
        10003 => "BAD_COOKIE",
        10004 => "NOTSUPP",
        10005 => "TOOSMALL",
        10006 => "SERVERFAULT",
        10007 => "BADTYPE",
        10008 => "JUKEBOX",
        _ => return format!("status{s}"),
    };
    known.to_string()
}

/// WRITE's `stable_how`.
pub const UNSTABLE: u32 = 0;
pub const FILE_SYNC: u32 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fh {
    len: u8,
    data: [u8; 64],
}

impl Fh {
    pub fn new(b: &[u8]) -> Option<Fh> {
        if b.is_empty() || b.len() > 64 {
            return None;
        }
        let mut data = [0; 64];
        data[..b.len()].copy_from_slice(b);
        Some(Fh { len: b.len() as u8, data })
    }
    pub fn bytes(&self) -> &[u8] {
        &self.data[..self.len as usize]
    }
}

impl std::fmt::Debug for Fh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bytes().iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What a client may set on a file. Times are set to the server's clock.
#[derive(Clone, Copy, Default)]
pub struct Sattr {
    pub mode: Option<u32>,
    pub size: Option<u64>,
    pub mtime: Option<u32>,
}

impl Sattr {
    pub fn put(&self, out: &mut Vec<u8>) {
        match self.mode {
            Some(m) => {
                out.put_bool(true);
                out.put_u32(m);
            }
            None => out.put_bool(false),
        }
        out.put_bool(false); // uid
        out.put_bool(false); // gid
        match self.size {
            Some(s) => {
                out.put_bool(true);
                out.put_u64(s);
            }
            None => out.put_bool(false),
        }
        out.put_u32(0); // atime: unchanged
        match self.mtime {
            Some(t) => {
                out.put_u32(2); // to the client's time
                out.put_u32(t);
                out.put_u32(0);
            }
            None => out.put_u32(0),
        }
    }
}

pub fn put_dirop(out: &mut Vec<u8>, dir: &Fh, name: &[u8]) {
    out.put_opaque(dir.bytes());
    out.put_opaque(name);
}

pub fn put_read(out: &mut Vec<u8>, fh: &Fh, off: u64, len: u32) {
    out.put_opaque(fh.bytes());
    out.put_u64(off);
    out.put_u32(len);
}

/// Everything of WRITE up to the data's length word.
pub fn put_write_head(out: &mut Vec<u8>, fh: &Fh, off: u64, len: u32, stable: u32) {
    out.put_opaque(fh.bytes());
    out.put_u64(off);
    out.put_u32(len);
    out.put_u32(stable);
    out.put_u32(len);
}

pub fn put_commit(out: &mut Vec<u8>, fh: &Fh) {
    out.put_opaque(fh.bytes());
    out.put_u64(0);
    out.put_u32(0);
}

pub fn put_create(out: &mut Vec<u8>, dir: &Fh, name: &[u8], mode: u32) {
    put_dirop(out, dir, name);
    out.put_u32(0); // UNCHECKED
    Sattr { mode: Some(mode), ..Sattr::default() }.put(out);
}

pub fn put_mkdir(out: &mut Vec<u8>, dir: &Fh, name: &[u8]) {
    put_dirop(out, dir, name);
    Sattr { mode: Some(0o755), ..Sattr::default() }.put(out);
}

pub fn put_setattr(out: &mut Vec<u8>, fh: &Fh, s: Sattr) {
    out.put_opaque(fh.bytes());
    s.put(out);
    out.put_bool(false); // no guard
}

pub fn put_readdirplus(
    out: &mut Vec<u8>,
    dir: &Fh,
    cookie: u64,
    verf: [u8; 8],
    dircount: u32,
    maxcount: u32,
) {
    out.put_opaque(dir.bytes());
    out.put_u64(cookie);
    out.extend_from_slice(&verf);
    out.put_u32(dircount);
    out.put_u32(maxcount);
}

pub fn skip_post_op_attr(d: &mut Dec<'_>) -> Res<()> {
    if d.bool()? {
        d.bytes(84)?;
    }
    Ok(())
}

/// `post_op_attr`, of which the size is returned.
pub fn post_op_size(d: &mut Dec<'_>) -> Res<Option<u64>> {
    if !d.bool()? {
        return Ok(None);
    }
    d.bytes(20)?; // type, mode, nlink, uid, gid
    let size = d.u64()?;
    d.bytes(56)?;
    Ok(Some(size))
}

pub fn skip_wcc(d: &mut Dec<'_>) -> Res<()> {
    if d.bool()? {
        d.bytes(24)?;
    }
    skip_post_op_attr(d)
}

pub fn get_fh(d: &mut Dec<'_>) -> Res<Fh> {
    Fh::new(d.opaque()?).ok_or(crate::xdr::Malformed)
}

pub fn post_op_fh(d: &mut Dec<'_>) -> Res<Option<Fh>> {
    if d.bool()? { get_fh(d).map(Some) } else { Ok(None) }
}

/// One READDIRPLUS reply.
pub struct DirPage {
    pub verf: [u8; 8],
    pub entries: u64,
    pub cookie: u64,
    pub eof: bool,
}

pub fn dir_page(d: &mut Dec<'_>) -> Res<DirPage> {
    skip_post_op_attr(d)?;
    let mut verf = [0; 8];
    verf.copy_from_slice(d.bytes(8)?);
    let (mut entries, mut cookie) = (0, 0);
    while d.bool()? {
        d.u64()?; // fileid
        d.opaque()?; // name
        cookie = d.u64()?;
        skip_post_op_attr(d)?;
        post_op_fh(d)?;
        entries += 1;
    }
    Ok(DirPage { verf, entries, cookie, eof: d.bool()? })
}

fn bad(what: String) -> io::Error {
    io::Error::other(what)
}

fn xdr<T>(r: Res<T>) -> io::Result<T> {
    r.map_err(|_| bad("malformed reply".into()))
}

fn status(d: &mut Dec<'_>, what: &str) -> io::Result<()> {
    match xdr(d.u32())? {
        OK => Ok(()),
        s => Err(bad(format!("{what}: NFS3ERR_{}", status_name(s)))),
    }
}

/// MOUNTPROC3_MNT: the root file handle of an export.
pub fn mount(c: &mut Client, path: &str) -> io::Result<Fh> {
    c.call(
        1,
        |out| out.put_opaque(path.as_bytes()),
        |d| {
            let s = xdr(d.u32())?;
            if s != 0 {
                return Err(bad(format!("MNT {path}: status {s}")));
            }
            xdr(get_fh(d))
        },
    )
}

pub struct FsInfo {
    pub rtmax: u32,
    pub wtmax: u32,
}

pub fn fsinfo(c: &mut Client, root: &Fh) -> io::Result<FsInfo> {
    c.call(
        proc3::FSINFO,
        |out| out.put_opaque(root.bytes()),
        |d| {
            status(d, "FSINFO")?;
            xdr(skip_post_op_attr(d))?;
            let rtmax = xdr(d.u32())?;
            xdr(d.bytes(8))?; // rtpref, rtmult
            let wtmax = xdr(d.u32())?;
            Ok(FsInfo { rtmax, wtmax })
        },
    )
}

/// LOOKUP: handle and size, or None where there is no such name.
pub fn lookup(c: &mut Client, dir: &Fh, name: &str) -> io::Result<Option<(Fh, u64)>> {
    c.call(
        proc3::LOOKUP,
        |out| put_dirop(out, dir, name.as_bytes()),
        |d| {
            let s = xdr(d.u32())?;
            if s == NOENT {
                return Ok(None);
            }
            if s != OK {
                return Err(bad(format!("LOOKUP {name}: NFS3ERR_{}", status_name(s))));
            }
            let fh = xdr(get_fh(d))?;
            let size = xdr(post_op_size(d))?.unwrap_or(0);
            Ok(Some((fh, size)))
        },
    )
}

fn new_fh(d: &mut Dec<'_>, what: &str) -> io::Result<Option<Fh>> {
    let s = xdr(d.u32())?;
    if s == EXIST {
        return Ok(None);
    }
    if s != OK {
        return Err(bad(format!("{what}: NFS3ERR_{}", status_name(s))));
    }
    xdr(post_op_fh(d))
}

/// MKDIR, or the directory that is already there.
pub fn ensure_dir(c: &mut Client, dir: &Fh, name: &str) -> io::Result<Fh> {
    if let Some((fh, _)) = lookup(c, dir, name)? {
        return Ok(fh);
    }
    let made = c.call(
        proc3::MKDIR,
        |out| put_mkdir(out, dir, name.as_bytes()),
        |d| new_fh(d, &format!("MKDIR {name}")),
    )?;
    match made {
        Some(fh) => Ok(fh),
        None => lookup(c, dir, name)?
            .map(|(fh, _)| fh)
            .ok_or_else(|| bad(format!("MKDIR {name} left nothing"))),
    }
}

/// CREATE, or the file that is already there, with its size.
pub fn ensure_file(c: &mut Client, dir: &Fh, name: &str) -> io::Result<(Fh, u64)> {
    if let Some(found) = lookup(c, dir, name)? {
        return Ok(found);
    }
    let made = c.call(
        proc3::CREATE,
        |out| put_create(out, dir, name.as_bytes(), 0o644),
        |d| new_fh(d, &format!("CREATE {name}")),
    )?;
    match made {
        Some(fh) => Ok((fh, 0)),
        None => lookup(c, dir, name)?.ok_or_else(|| bad(format!("CREATE {name} left nothing"))),
    }
}

/// Writes `size` bytes of the pattern in order, then commits. One call at a
/// time: some servers refuse a write past the end of the file.
pub fn write_pattern(c: &mut Client, fh: &Fh, seed: u64, size: u64, chunk: u32) -> io::Result<()> {
    let n = size.div_ceil(chunk as u64) as usize;
    let len = |i: usize| (size - i as u64 * chunk as u64).min(chunk as u64) as u32;
    let mut unstable = false;
    c.many(
        n,
        1,
        |i, out| {
            let off = i as u64 * chunk as u64;
            put_write_head(out, fh, off, len(i), UNSTABLE);
            crate::pattern::fill(out, seed, off, len(i) as usize);
            proc3::WRITE
        },
        |i, d| {
            status(d, "WRITE")?;
            xdr(skip_wcc(d))?;
            let got = xdr(d.u32())?;
            unstable |= xdr(d.u32())? == UNSTABLE;
            if got == len(i) {
                Ok(())
            } else {
                Err(bad(format!("WRITE of {} bytes took {got}", len(i))))
            }
        },
    )?;
    if !unstable {
        return Ok(());
    }
    c.call(proc3::COMMIT, |out| put_commit(out, fh), |d| status(d, "COMMIT"))
}

/// Creates `n` empty files named by `name`, `window` calls at a time.
pub fn create_many(
    c: &mut Client,
    dir: &Fh,
    n: usize,
    name: impl Fn(usize) -> String,
) -> io::Result<()> {
    c.many(
        n,
        16,
        |i, out| {
            put_create(out, dir, name(i).as_bytes(), 0o644);
            proc3::CREATE
        },
        |i, d| match xdr(d.u32())? {
            OK | EXIST => Ok(()),
            s => Err(bad(format!("CREATE {}: NFS3ERR_{}", name(i), status_name(s)))),
        },
    )
}

pub fn lookup_many(
    c: &mut Client,
    dir: &Fh,
    n: usize,
    name: impl Fn(usize) -> String,
) -> io::Result<Vec<Fh>> {
    let mut fhs = vec![None; n];
    c.many(
        n,
        16,
        |i, out| {
            put_dirop(out, dir, name(i).as_bytes());
            proc3::LOOKUP
        },
        |i, d| {
            status(d, &format!("LOOKUP {}", name(i)))?;
            fhs[i] = Some(xdr(get_fh(d))?);
            Ok(())
        },
    )?;
    Ok(fhs.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dir_page_is_read_to_its_end() {
        let mut b = Vec::new();
        b.put_bool(false); // no attributes
        b.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        for (i, name) in ["a", "longer name"].iter().enumerate() {
            b.put_bool(true);
            b.put_u64(100 + i as u64);
            b.put_opaque(name.as_bytes());
            b.put_u64(7 + i as u64);
            b.put_bool(true);
            b.extend_from_slice(&[0; 84]);
            b.put_bool(true);
            b.put_opaque(&[9; 28]);
        }
        b.put_bool(false);
        b.put_bool(true);
        let p = dir_page(&mut Dec::new(&b)).unwrap();
        assert_eq!((p.entries, p.cookie, p.eof, p.verf[7]), (2, 8, true, 8));
    }

    #[test]
    fn sattr_sizes() {
        let mut b = Vec::new();
        Sattr::default().put(&mut b);
        assert_eq!(b.len(), 24);
        b.clear();
        Sattr { mode: Some(1), size: Some(2), mtime: Some(3) }.put(&mut b);
        assert_eq!(b.len(), 24 + 4 + 8 + 8);
    }
}
