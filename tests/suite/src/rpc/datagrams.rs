//! Calls by datagram.

use super::{Answer, Credential, call};
use crate::server::PATIENCE;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// The longest that UDP carries.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A socket that speaks with one server.
#[derive(Debug)]
pub struct Datagrams {
    socket: UdpSocket,
    xid: u32,
}

impl Datagrams {
    /// Speaks with the server at this address. Waiting for it gives up after [`PATIENCE`].
    ///
    /// # Panics
    /// If there is no way to that address.
    pub fn open(server: SocketAddr) -> Self {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => [0; 4].into(),
            SocketAddr::V6(_) => [0_u16; 8].into(),
        };
        let socket = UdpSocket::bind((any, 0)).expect("a socket");
        socket.connect(server).expect("a way to the server");
        socket.set_read_timeout(Some(PATIENCE)).expect("sockets have time-outs");
        Self { socket, xid: 0 }
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// If they do not leave.
    pub fn send(&self, bytes: &[u8]) {
        self.socket.send(bytes).expect("a datagram leaves");
    }

    /// Calls as the superuser: a program, its version and a procedure.
    ///
    /// # Panics
    /// If there is no answer, or one to another call.
    pub fn ask(&mut self, target: (u32, u32, u32), arguments: &[u8]) -> Answer {
        self.xid += 1;
        self.send(&call(self.xid, target, &Credential::ROOT, arguments));
        let mut reply = vec![0; DATAGRAM_BYTES_MAX];
        let length = self.socket.recv(&mut reply).expect("an answer");
        let (answered, answer) = Answer::parse(&reply[..length]);
        assert_eq!(answered, self.xid, "the answer to this call");
        answer
    }
}
