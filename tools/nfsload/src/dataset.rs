//! The files that the workloads use, made through the server under test
//! when they are not there yet:
//!
//! ```text
//! <export>/nfsload/many/f00000 ... one directory of empty files
//! <export>/nfsload/big            pattern, for the read workloads
//! <export>/nfsload/w<i>           one file per connection, for overwriting
//! <export>/nfsload/x<i>           the same, for writing anew
//! <export>/nfsload/churn, untar   work areas
//! ```

use crate::nfs3::{self, Fh};
use crate::pattern::{self, Verify};
use crate::rpc::{Client, Cred};
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

/// Where a server is and how to account for it.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    pub host: String,
    pub nfs_port: u16,
    pub mount_port: u16,
    pub export: String,
    pub pid: Option<u32>,
    pub uid: u32,
    /// Never make anything: the dataset is already there.
    pub read_only: bool,
}

impl Target {
    pub fn addr(&self, port: u16) -> io::Result<SocketAddr> {
        (self.host.as_str(), port)
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such host"))
    }
    pub fn cred(&self) -> Cred {
        Cred::sys(self.uid, self.uid)
    }
    pub fn client(&self) -> io::Result<Client> {
        Client::connect(self.addr(self.nfs_port)?, nfs3::NFS_PROGRAM, nfs3::V3, self.cred())
    }
    pub fn root(&self) -> io::Result<Fh> {
        let mut m = Client::connect(
            self.addr(self.mount_port)?,
            nfs3::MOUNT_PROGRAM,
            nfs3::V3,
            self.cred(),
        )?;
        nfs3::mount(&mut m, &self.export)
    }
}

/// How large the dataset is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub entries: usize,
    pub big_bytes: u64,
    pub write_bytes: u64,
    pub verify: Verify,
}

pub const BIG_SEED: u64 = 1;

pub fn write_seed(conn: usize) -> u64 {
    100 + conn as u64
}

pub fn entry_name(i: usize) -> String {
    format!("f{i:05}")
}

/// Handles of everything, and the server's transfer limits.
#[derive(Clone)]
pub struct Dataset {
    pub shape: Shape,
    pub rtmax: u32,
    pub wtmax: u32,
    pub many: Fh,
    pub many_fhs: Arc<Vec<Fh>>,
    pub big: Fh,
    pub write_fhs: Vec<Fh>,
    pub fresh_fhs: Vec<Fh>,
    pub churn: Fh,
    pub untar: Fh,
}

/// At most this many handles are looked up for the getattr workload.
const FHS: usize = 1000;

fn missing(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{what} is missing and the target is read-only"),
    )
}

pub fn prepare(t: &Target, shape: Shape, conns: usize) -> io::Result<Dataset> {
    let root = t.root()?;
    let mut c = t.client()?;
    let info = nfs3::fsinfo(&mut c, &root)?;
    let chunk = info.wtmax.clamp(4096, 1 << 20) & !4095;
    let dir = |c: &mut Client, at: &Fh, name: &str| -> io::Result<Fh> {
        if t.read_only {
            return nfs3::lookup(c, at, name)?.map(|f| f.0).ok_or_else(|| missing(name));
        }
        nfs3::ensure_dir(c, at, name)
    };

    let base = dir(&mut c, &root, "nfsload")?;
    let many = dir(&mut c, &base, "many")?;
    let last = entry_name(shape.entries - 1);
    if nfs3::lookup(&mut c, &many, &last)?.is_none() {
        if t.read_only {
            return Err(missing(&last));
        }
        // The last name is made last: it says that the others are there.
        nfs3::create_many(&mut c, &many, shape.entries - 1, entry_name)?;
        nfs3::create_many(&mut c, &many, 1, |_| last.clone())?;
    }
    let many_fhs = Arc::new(nfs3::lookup_many(&mut c, &many, shape.entries.min(FHS), entry_name)?);

    let (big, size) = if t.read_only {
        nfs3::lookup(&mut c, &base, "big")?.ok_or_else(|| missing("big"))?
    } else {
        nfs3::ensure_file(&mut c, &base, "big")?
    };
    if size < shape.big_bytes {
        if t.read_only {
            return Err(missing("the data of big"));
        }
        nfs3::write_pattern(&mut c, &big, BIG_SEED, shape.big_bytes, chunk)?;
    }

    let (mut write_fhs, mut fresh_fhs, mut churn, mut untar) = (Vec::new(), Vec::new(), base, base);
    if !t.read_only {
        for i in 0..conns {
            let (fh, size) = nfs3::ensure_file(&mut c, &base, &format!("w{i}"))?;
            if size < shape.write_bytes {
                nfs3::write_pattern(&mut c, &fh, write_seed(i), shape.write_bytes, chunk)?;
            }
            write_fhs.push(fh);
            fresh_fhs.push(nfs3::ensure_file(&mut c, &base, &format!("x{i}"))?.0);
        }
        churn = nfs3::ensure_dir(&mut c, &base, "churn")?;
        untar = nfs3::ensure_dir(&mut c, &base, "untar")?;
    }
    Ok(Dataset {
        shape,
        rtmax: info.rtmax,
        wtmax: info.wtmax,
        many,
        many_fhs,
        big,
        write_fhs,
        fresh_fhs,
        churn,
        untar,
    })
}

/// Makes what the workloads that only read need, in a local directory: for servers that share a
/// directory, and for images made from one.
pub fn make_locally(directory: &Path, shape: Shape) -> io::Result<()> {
    let base = directory.join("nfsload");
    let many = base.join("many");
    fs::create_dir_all(&many)?;
    for entry in 0..shape.entries {
        File::create(many.join(entry_name(entry)))?;
    }
    let mut big = File::create(base.join("big"))?;
    let mut chunk = Vec::new();
    for offset in (0..shape.big_bytes).step_by(1 << 20) {
        chunk.clear();
        pattern::fill(&mut chunk, BIG_SEED, offset, 1 << 20);
        big.write_all(&chunk)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_files_hold_the_pattern() {
        let folder = std::env::temp_dir().join(format!("nfsload-{}", std::process::id()));
        let shape = Shape { entries: 3, big_bytes: 2 << 20, write_bytes: 0, verify: Verify::Full };
        make_locally(&folder, shape).expect("files");
        let big = fs::read(folder.join("nfsload/big")).expect("the big file");
        let last = folder.join("nfsload/many/f00002").exists();
        fs::remove_dir_all(&folder).expect("an end");
        assert!(last && big.len() == 2 << 20 && pattern::check(&big, BIG_SEED, 0, Verify::Full));
    }
}
