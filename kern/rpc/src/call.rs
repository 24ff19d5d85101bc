//! One call, its header taken apart and its arguments still bytes.

use abi::Credentials;
use bytes::Bytes;
use core::net::SocketAddr;
use xdr::Reader;

/// Most bytes of arguments that a shared part keeps alive beside itself.
const KEPT_BESIDE_MAX: usize = 1024;

/// A call that passed every check of RFC 5531: the program, version and procedure exist and the
/// credential is one that the procedure accepts.
#[derive(Clone, Debug)]
pub struct Call {
    /// Transaction id, unique among the client's calls in progress.
    pub xid: u32,
    /// Program number.
    pub program: u32,
    /// Program version.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// AUTH_SYS credentials; `None` for AUTH_NONE.
    pub credentials: Option<Credentials>,
    /// The client's address.
    pub remote: SocketAddr,
    /// The address it was sent to.
    pub local: SocketAddr,
    /// Whether it came as a datagram.
    pub datagram: bool,
    /// The arguments.
    pub arguments: Bytes,
}

impl Call {
    /// Starts reading the arguments.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.arguments)
    }

    /// A part of the arguments that outlives them. It is almost all of them and not copied, or it
    /// is copied: clients may put behind the arguments whatever they like, and whoever keeps a part
    /// counts that.
    ///
    /// # Panics
    /// If it is no part of them.
    pub fn share(&self, part: &[u8]) -> Bytes {
        let shared = self.arguments.slice_ref(part);
        if self.arguments.len() - shared.len() > KEPT_BESIDE_MAX {
            return Bytes::copy_from_slice(&shared);
        }
        shared
    }
}
