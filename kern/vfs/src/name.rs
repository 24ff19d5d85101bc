//! One component of a path.

use abi::{Errno, Result};

/// A name that may stand in a directory: not empty, without `/` and NUL. `.` and `..` are names
/// too, which only a lookup accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// `..`, which leads to the directory above.
    pub(crate) const PARENT: Self = Self(b"..");

    /// Checks `bytes`; how long a name may be is for the file system to say.
    ///
    /// # Errors
    /// `Invalid` if it holds `/` or NUL, `NoEntry` if it is empty.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Errno::NoEntry);
        }
        let plain = bytes.iter().all(|&byte| byte != b'/' && byte != 0);
        plain.then_some(Self(bytes)).ok_or(Errno::Invalid)
    }

    /// The name.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether it is `.` or `..`, which cannot be made or removed.
    pub fn is_dots(self) -> bool {
        matches!(self.0, b"." | b"..")
    }
}
