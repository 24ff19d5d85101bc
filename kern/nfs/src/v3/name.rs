//! Names as version 3 judges them (RFC 1813 §3.3, general comments on filenames): one that is
//! empty or holds a character that no name can hold is NFS3ERR_ACCES, in every procedure.

use super::types::Where;
use abi::{Errno, Result};
use vfs::Name;

impl<'a> Where<'a> {
    pub(super) fn checked_name(&self) -> Result<Name<'a>> {
        Name::new(self.name.0).map_err(|_| Errno::AccessDenied)
    }

    /// The same for RMDIR, which says of `..` that it exists (RFC 1813 §3.3.13).
    pub(super) fn removable_directory(&self) -> Result<Name<'a>> {
        match self.name.0 {
            b".." => Err(Errno::Exists),
            _ => self.checked_name(),
        }
    }
}
