//! Unix stream sockets to virtual machines: listening for them, or connecting to them.

use super::LinkError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Peers that wait to be let in.
const BACKLOG: i32 = 8;

/// Patience with a peer that is not there: from the first pause to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long the kernel may take to end what a killed process had begun.
const DYING_MAX: Duration = Duration::from_secs(1);

/// A socket's name in the file system, which goes when nobody listens any more.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, with the folder it stood in.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens at `path`. A name that a killed process left behind is taken over.
pub(crate) fn listen_at(path: &Path) -> Result<(OwnedFd, SocketFile), LinkError> {
    let refused = |error, advice: &str| {
        LinkError::new(format!("{}: cannot listen there ({error}): {advice}", path.display()))
    };
    let address = address(path)?;
    let socket =
        stream_socket().map_err(|error| refused(error, "raise the limit of open files"))?;
    let bound = match bind(&socket, &address) {
        Err(Errno::ADDRINUSE) if is_left_behind(path) => {
            let _ = std::fs::remove_file(path);
            bind(&socket, &address)
        }
        other => other,
    };
    bound.map_err(|error| {
        let advice = if error == Errno::ADDRINUSE {
            "another process does, or a file is there: end it, or choose another name"
        } else {
            "choose a folder that is there and may be written"
        };
        refused(error, advice)
    })?;
    let file = SocketFile(path.to_owned());
    listen(&socket, BACKLOG).map_err(|error| refused(error, "see unix(7)"))?;
    Ok((socket, file))
}

/// Connects, without waiting.
pub(crate) fn connect_to(path: &Path) -> Result<OwnedFd, String> {
    connected_to(path).map_err(|error| error.to_string())
}

fn connected_to(path: &Path) -> Result<OwnedFd, Errno> {
    let address = SocketAddrUnix::new(path)?;
    let socket = stream_socket()?;
    // Both drivers want to wait themselves; connecting at a path is done at once or refused.
    rustix::io::ioctl_fionbio(&socket, true)?;
    connect(&socket, &address)?;
    rustix::io::ioctl_fionbio(&socket, false)?;
    Ok(socket)
}

/// Checks that a path can be a socket's name at all.
pub(crate) fn address(path: &Path) -> Result<SocketAddrUnix, LinkError> {
    SocketAddrUnix::new(path).map_err(|error| {
        LinkError::new(format!(
            "{}: no name of a socket ({error}): use one of at most 107 bytes",
            path.display()
        ))
    })
}

fn stream_socket() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

/// Whether a socket has this name, and nobody listens, or soon nobody does: the kernel holds the
/// socket of a process that was killed until it has ended that one's requests.
fn is_left_behind(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket());
    let is_refused = |outcome: &Result<OwnedFd, Errno>| matches!(outcome, Err(error) if *error == Errno::CONNREFUSED);
    let first = connected_to(path);
    let is_let_go_of = || first.as_ref().is_ok_and(hangs_up) && is_refused(&connected_to(path));
    is_socket && (is_refused(&first) || is_let_go_of())
}

/// Whether the other end goes away within a moment.
fn hangs_up(socket: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(socket, PollFlags::empty())];
    let timeout = Timespec { tv_sec: DYING_MAX.as_secs() as i64, tv_nsec: 0 };
    poll(&mut polled, Some(&timeout)).is_ok_and(|count| count > 0)
}

/// How long to wait before trying again.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Patience {
    /// The next pause; each is twice as long as the one before, up to a bound.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSE_MAX);
        pause
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(PAUSE_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_name_left_behind_is_taken_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (socket, file) = listen_at(&path).unwrap();
        assert!(connect_to(&path).is_ok());
        let error = listen_at(&path).unwrap_err().to_string();
        assert!(error.contains("another process does"), "{error}");
        drop((socket, file));
        assert!(!path.exists(), "the name goes with the listener");
        std::fs::write(&path, "precious").unwrap();
        assert!(listen_at(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        assert!(listen_at(&folder.path().join("no/link")).is_err());
        assert!(listen_at(Path::new(&"x".repeat(200))).unwrap_err().to_string().contains("107"));
    }

    #[test]
    fn patience_grows_and_has_an_end() {
        let mut patience = Patience::default();
        let total: Duration = (0..7).map(|_| patience.pause()).sum();
        assert_eq!((total, patience.pause()), (Duration::from_millis(11_300), PAUSE_MAX));
    }
}
