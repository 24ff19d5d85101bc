//! Descriptors that whoever started the process left open for it.

use super::LinkError;
use std::fs::File;
use std::os::fd::{OwnedFd, RawFd};

/// A descriptor of our own for what descriptor `number` is open for, which stays as it is: it may
/// be named twice, and is closed by nobody.
pub(crate) fn descriptor(number: RawFd) -> Result<OwnedFd, LinkError> {
    let refused = |error| {
        LinkError::new(format!(
            "descriptor {number} cannot be used ({error}): let whoever starts this process leave it open"
        ))
    };
    // SAFETY: fcntl(2) takes any number, and refuses those that are no open descriptor.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        return Err(refused(std::io::Error::last_os_error()));
    }
    // SAFETY: the kernel just made this descriptor for us; nobody else knows it.
    let file: File = unsafe { std::os::fd::FromRawFd::from_raw_fd(copy) };
    Ok(file.into())
}
