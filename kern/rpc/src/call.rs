//! One call, its header taken apart and its arguments still bytes.

use abi::Credentials;
use bytes::Bytes;
use core::net::SocketAddr;
use xdr::Reader;

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

    /// A part of the arguments that outlives them, not copied.
    ///
    /// # Panics
    /// If it is no part of them.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.arguments.slice_ref(part)
    }
}
