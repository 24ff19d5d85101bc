//! The control socket: a file that nobody but its owner can ever open.
//!
//! It is made in a folder that only its owner may enter, and gets its name once it has its
//! permissions. While that happens the folder that it goes to is locked, so that of two processes one
//! sees the other. What a process left behind that is gone is replaced; one that lives is not.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

/// Only the owner may connect.
const MODE: u32 = 0o600;
/// How often it is looked whether the folder is free, and how long between.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A socket that listens; its file is removed with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: Option<OwnFile>,
}

/// A file that is ours as long as it is the same.
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Socket {
    /// Listens at a path. The folder it is in is made if only that is missing.
    ///
    /// # Errors
    /// If the path has something else, or a process that lives, or the file cannot be made.
    pub fn bind(path: &Path) -> Result<Self> {
        bind(path).map_err(|error| {
            let text = format!("the control socket {}: {error}", path.display());
            Error::new(error.kind(), text)
        })
    }

    /// One that somebody else made, and removes.
    pub fn given(listener: UnixListener) -> Self {
        Self { listener, file: None }
    }

    /// Where its file is, unless it is somebody else's.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| &*file.path)
    }

    /// The listener, to be used beside this.
    ///
    /// # Errors
    /// If there are no descriptors left.
    pub(crate) fn listener(&self) -> Result<UnixListener> {
        let listener = self.listener.try_clone()?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|found| self.is(&found));
        if is_ours {
            // Who replaces it in this moment removes it himself first.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl OwnFile {
    fn is(&self, found: &Metadata) -> bool {
        (found.dev(), found.ino()) == (self.device, self.inode)
    }
}

fn bind(path: &Path) -> Result<Socket> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folder(folder)?;
    let _lock = lock(folder)?;
    make_room(path)?;
    let private = tempfile::Builder::new()
        .prefix(".v")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)?;
    let first_path = private.path().join("s");
    let listener = UnixListener::bind(&first_path)?;
    fs::set_permissions(&first_path, Permissions::from_mode(MODE))?;
    let made = fs::symlink_metadata(&first_path)?;
    fs::rename(&first_path, path)?;
    let file = OwnFile { path: path.to_owned(), device: made.dev(), inode: made.ino() };
    Ok(Socket { listener, file: Some(file) })
}

fn make_folder(folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o755).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Only one process at a time looks whether there is room.
fn lock(folder: &Path) -> Result<File> {
    let folder = File::open(folder)?;
    for _ in 0..LOCK_ATTEMPTS {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => thread::sleep(LOCK_PAUSE),
            result => return result.map(|()| folder).map_err(Into::into),
        }
    }
    Err(Error::new(ErrorKind::WouldBlock, "another process has locked its folder for too long"))
}

/// Removes what a process left that is gone.
fn make_room(path: &Path) -> Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if !found.file_type().is_socket() {
        return Err(Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match try_out(path) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path),
        Err(Errno::NOENT) => Ok(()),
        Ok(()) | Err(Errno::AGAIN) => {
            let text = "another process listens there: end it, or name another path";
            Err(Error::new(ErrorKind::AddrInUse, text))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether anybody is there, without waiting for him.
fn try_out(path: &Path) -> rustix::io::Result<()> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).expect("a folder").count()
    }

    #[test]
    fn only_the_owner_may_connect_and_nothing_is_left() {
        let folder = folder();
        let path = folder.path().join("run/control.sock");
        let socket = Socket::bind(&path).expect("a socket");
        let mode = fs::symlink_metadata(&path).expect("its file").permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        UnixStream::connect(&path).expect("somebody listens");
        assert_eq!(names(&folder.path().join("run")), 1);
        drop(socket);
        assert_eq!(names(&folder.path().join("run")), 0);
    }

    #[test]
    fn who_lives_is_left_alone_and_who_is_gone_is_replaced() {
        let folder = folder();
        let path = folder.path().join("control.sock");
        let first = UnixListener::bind(&path).expect("a socket");
        let error = Socket::bind(&path).expect_err("somebody listens");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("control.sock"), "{error}");
        drop(first);
        let second = Socket::bind(&path).expect("nobody listens");
        UnixStream::connect(&path).expect("somebody listens");
        drop(second);
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn other_files_are_not_touched() {
        let folder = folder();
        let path = folder.path().join("control.sock");
        fs::write(&path, "precious").expect("a file");
        let error = Socket::bind(&path).expect_err("a file is in the way");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("the file"), b"precious");
    }

    #[test]
    fn a_file_that_was_replaced_is_somebody_elses() {
        let folder = folder();
        let path = folder.path().join("control.sock");
        let socket = Socket::bind(&path).expect("a socket");
        fs::remove_file(&path).expect("ours");
        fs::write(&path, "theirs").expect("a file");
        drop(socket);
        assert_eq!(names(folder.path()), 1);
    }

    #[test]
    fn a_full_queue_is_somebody_who_lives() {
        let folder = folder();
        let path = folder.path().join("control.sock");
        let address = SocketAddrUnix::new(&path).expect("a path");
        let stream = || {
            let flags = SocketFlags::NONBLOCK;
            socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a socket")
        };
        let listener = stream();
        rustix::net::bind(&listener, &address).expect("a free path");
        rustix::net::listen(&listener, 0).expect("a listener");
        let waiting: Vec<_> = (0..8)
            .map(|_| stream())
            .take_while(|stream| connect(stream, &address).is_ok())
            .collect();
        assert!(waiting.len() < 8, "the queue is full");
        let error = Socket::bind(&path).expect_err("somebody lives");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
