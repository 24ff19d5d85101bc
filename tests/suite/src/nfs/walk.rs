//! Walking a served tree, file by file.

use super::{Client, status};
use crate::entry::{Entry, Kind, Listing};
use nfs3_types::nfs3::{
    NFS_PROGRAM, READDIR3args, READDIR3res, READDIRPLUS3args, READDIRPLUS3res, READLINK3args,
    READLINK3res, cookieverf3, entryplus3, fattr3, ftype3, nfs_fh3, nfsstat3, nfstime3,
};

/// How much of a directory or a file is asked for at a time.
#[derive(Clone, Copy, Debug)]
pub struct Pieces {
    /// READDIRPLUS: size of the reply.
    pub directory_bytes: u32,
    /// READ: size of the data.
    pub data_bytes: u32,
}

impl Pieces {
    /// As a client with large buffers asks.
    pub const LARGE: Self = Self { directory_bytes: 64 << 10, data_bytes: 1 << 20 };
    /// As a client with small ones does.
    pub const SMALL: Self = Self { directory_bytes: 1024, data_bytes: 1500 };
}

impl Client {
    /// Everything below `root`, contents included.
    ///
    /// # Panics
    /// If anything cannot be read.
    pub fn walk(&mut self, root: &nfs_fh3, pieces: Pieces) -> Listing {
        let mut listing = Listing::new();
        let mut ahead = vec![(Vec::new(), root.clone())];
        while let Some((path, file)) = ahead.pop() {
            let attributes = self.attributes(&file).expect("attributes");
            if attributes.type_ == ftype3::NF3DIR {
                ahead.extend(self.children(&path, &file, pieces));
            }
            let entry = self.entry(&file, &attributes, pieces);
            listing.insert(path, entry.expect("an entry"));
        }
        listing
    }

    fn children(&mut self, path: &[u8], file: &nfs_fh3, pieces: Pieces) -> Vec<(Vec<u8>, nfs_fh3)> {
        let entries = self.read_directory_plus(file, pieces.directory_bytes);
        let entries = entries.expect("a directory").into_iter();
        let real = entries.filter(|entry| !matches!(entry.name.as_ref(), b"." | b".."));
        real.map(|entry| (join(path, entry.name.as_ref()), entry.name_handle.unwrap())).collect()
    }

    /// A file in full.
    ///
    /// # Errors
    /// As the server says.
    pub fn entry(
        &mut self,
        file: &nfs_fh3,
        attributes: &fattr3,
        pieces: Pieces,
    ) -> Result<Entry, nfsstat3> {
        let fattr3 { mode, nlink, uid, gid, mtime, .. } = *attributes;
        let kind = self.kind(file, attributes, pieces)?;
        Ok(Entry { kind, mode, links: nlink, uid, gid, modified: moment(mtime) })
    }

    fn kind(
        &mut self,
        file: &nfs_fh3,
        attributes: &fattr3,
        pieces: Pieces,
    ) -> Result<Kind, nfsstat3> {
        let device = (attributes.rdev.specdata1, attributes.rdev.specdata2);
        Ok(match attributes.type_ {
            ftype3::NF3REG => {
                let contents = self.read_all(file, pieces.data_bytes)?;
                assert_eq!(contents.len() as u64, attributes.size, "size as GETATTR says");
                Kind::regular(&contents)
            }
            ftype3::NF3DIR => Kind::Directory,
            ftype3::NF3LNK => Kind::SymbolicLink(self.read_link(file)?),
            ftype3::NF3FIFO => Kind::Fifo,
            ftype3::NF3SOCK => Kind::Socket,
            ftype3::NF3BLK => Kind::BlockDevice(device.0, device.1),
            ftype3::NF3CHR => Kind::CharacterDevice(device.0, device.1),
        })
    }

    /// READLINK.
    ///
    /// # Errors
    /// As the server says.
    pub fn read_link(&mut self, file: &nfs_fh3) -> Result<Vec<u8>, nfsstat3> {
        let arguments = READLINK3args { symlink: file.clone() };
        let result: READLINK3res<'static> = self.call(NFS_PROGRAM::NFSPROC3_READLINK, &arguments);
        status(result).map(|link| link.data.0.to_vec())
    }

    /// A directory from end to end by READDIRPLUS.
    ///
    /// # Errors
    /// As the server says.
    pub fn read_directory_plus(
        &mut self,
        directory: &nfs_fh3,
        reply_bytes: u32,
    ) -> Result<Vec<entryplus3<'static>>, nfsstat3> {
        let mut entries: Vec<entryplus3<'static>> = Vec::new();
        let mut cookieverf = cookieverf3::default();
        loop {
            let arguments = READDIRPLUS3args {
                dir: directory.clone(),
                cookie: entries.last().map_or(0, |entry| entry.cookie),
                cookieverf,
                dircount: reply_bytes,
                maxcount: reply_bytes,
            };
            let result: READDIRPLUS3res<'static> =
                self.call(NFS_PROGRAM::NFSPROC3_READDIRPLUS, &arguments);
            let page = status(result)?;
            assert!(page.reply.eof || !page.reply.entries.is_empty(), "progress before the end");
            cookieverf = page.cookieverf;
            entries.extend(page.reply.entries.into_inner());
            if page.reply.eof {
                return Ok(entries);
            }
        }
    }

    /// Names, inode numbers and cookies by READDIR, starting behind the cookie `after` with the
    /// verifier that came with it; `None` behind the last means that the end was reached.
    ///
    /// # Errors
    /// As the server says.
    pub fn read_directory_page(
        &mut self,
        directory: &nfs_fh3,
        (after, cookieverf): (u64, cookieverf3),
        reply_bytes: u32,
    ) -> Result<Page, nfsstat3> {
        let arguments =
            READDIR3args { dir: directory.clone(), cookie: after, cookieverf, count: reply_bytes };
        let result: READDIR3res<'static> = self.call(NFS_PROGRAM::NFSPROC3_READDIR, &arguments);
        let page = status(result)?;
        let entries = page.reply.entries.into_inner().into_iter();
        let names = entries.map(|entry| (entry.name.0.to_vec(), entry.fileid, entry.cookie));
        Ok(Page { names: names.collect(), verifier: page.cookieverf, end: page.reply.eof })
    }

    /// A directory from end to end by READDIR: names and inode numbers.
    ///
    /// # Errors
    /// As the server says.
    pub fn read_directory(
        &mut self,
        directory: &nfs_fh3,
        reply_bytes: u32,
    ) -> Result<Vec<(Vec<u8>, u64)>, nfsstat3> {
        let (mut names, mut from) = (Vec::new(), (0, cookieverf3::default()));
        loop {
            let page = self.read_directory_page(directory, from, reply_bytes)?;
            from = (page.names.last().map_or(from.0, |last| last.2), page.verifier);
            assert!(page.end || !page.names.is_empty(), "progress before the end");
            names.extend(page.names.into_iter().map(|(name, inode, _)| (name, inode)));
            if page.end {
                return Ok(names);
            }
        }
    }
}

/// One reply of READDIR.
#[derive(Clone, Debug)]
pub struct Page {
    /// Name, inode number and cookie.
    pub names: Vec<(Vec<u8>, u64, u64)>,
    /// Goes with the cookies.
    pub verifier: cookieverf3,
    /// Whether these are the last.
    pub end: bool,
}

/// A path one name longer.
pub fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return name.to_vec();
    }
    [path, b"/", name].concat()
}

/// A time of NFS as seconds and nanoseconds.
pub fn moment(time: nfstime3) -> (i64, u32) {
    (time.seconds.into(), time.nseconds)
}
