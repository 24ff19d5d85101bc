//! One TCP connection that carries records.

use crate::rpc::record;
use crate::server::PATIENCE;
use rustix::net::{self, AddressFamily, SocketType};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};

/// Longest record taken for sane.
const RECORD_BYTES_MAX: usize = 8 << 20;

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Connects. Reads and writes give up after [`PATIENCE`].
    ///
    /// # Panics
    /// If nobody answers.
    pub fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the server accepts connections"))
    }

    /// As [`Connection::open`], where there may be nobody.
    ///
    /// # Errors
    /// If nobody answers.
    pub fn try_open(address: SocketAddr) -> Result<Self> {
        TcpStream::connect(address).map(Self::over)
    }

    /// Connects from an address, and a port or (zero) any, of this machine.
    ///
    /// # Panics
    /// If nobody answers, or if the address and port are not to be had.
    pub fn open_from(source: SocketAddr, address: SocketAddr) -> Self {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = net::socket(family, SocketType::STREAM, None).expect("a socket");
        net::bind(&socket, &source).expect("an address of this machine");
        net::connect(&socket, &address).expect("the server accepts connections");
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("TCP has TCP_NODELAY");
        stream.set_read_timeout(Some(PATIENCE)).expect("sockets have time-outs");
        stream.set_write_timeout(Some(PATIENCE)).expect("sockets have time-outs");
        Self { stream }
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// If the server has closed the connection.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a message as a record of one fragment.
    ///
    /// # Panics
    /// If the server has closed the connection.
    pub fn send(&mut self, message: &[u8]) {
        self.send_raw(&record(message)).expect("the server takes a record");
    }

    /// The next record, of as many fragments as it comes in.
    ///
    /// # Panics
    /// If the server closes the connection instead, or says nothing.
    pub fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("the server answers with a record")
    }

    /// The next record; `None` if the server closes the connection instead.
    ///
    /// # Panics
    /// If it says nothing.
    pub fn try_receive(&mut self) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut header = [0; 4];
            self.fill(&mut header)?;
            let header = u32::from_be_bytes(header);
            let (length, from) = ((header & !(1 << 31)) as usize, message.len());
            assert!(from + length <= RECORD_BYTES_MAX, "a record of {length} bytes");
            message.resize(from + length, 0);
            self.fill(&mut message[from..])?;
            if header >> 31 == 1 {
                return Some(message);
            }
        }
    }

    /// Fills a buffer; `None` if the connection ends before.
    fn fill(&mut self, buffer: &mut [u8]) -> Option<()> {
        let read = self.stream.read_exact(buffer);
        read.inspect_err(|error| assert!(is_end(error.kind()), "no answer: {error}")).ok()
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
