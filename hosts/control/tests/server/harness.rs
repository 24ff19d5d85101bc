//! A server over services that do not exist, in a folder of its own.

use control::made_up::MadeUp;
use control::{Client, Doors, Operator, Patience, Server, Socket};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a test waits for what must come.
pub const AT_MOST: Duration = Duration::from_secs(60);

/// What is too long for who must come at once.
pub const SHORT: Duration = Duration::from_millis(500);

pub struct Place {
    pub path: PathBuf,
    pub reading: SocketAddr,
    server: Option<Server>,
    _folder: TempDir,
}

impl Place {
    /// With as many services.
    pub fn new(services: u64) -> Self {
        Self::with(Arc::new(MadeUp::new(services)), Patience::default())
    }

    /// Who does not wait long for those who come.
    pub fn impatient(operator: Arc<dyn Operator>) -> Self {
        let patience = Patience { head: SHORT, exchange: 6 * SHORT, ..Patience::default() };
        Self::with(operator, patience)
    }

    pub fn with(operator: Arc<dyn Operator>, patience: Patience) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control.sock");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let reading = listener.local_addr().expect("its address");
        let control = Some(Socket::bind(&path).expect("a socket"));
        let doors = Doors { control, reading: Some(listener) };
        let server = Server::spawn(doors, operator, patience).expect("a server");
        Self { path, reading, server: Some(server), _folder: folder }
    }

    pub fn end(&mut self) {
        self.server = None;
    }

    pub fn client(&self) -> Client {
        Client::new(&self.path).expect("a client")
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).expect("somebody listens");
        stream.set_read_timeout(Some(AT_MOST)).expect("a socket");
        stream.set_write_timeout(Some(AT_MOST)).expect("a socket");
        stream
    }

    /// What is answered to these bytes, as far as it comes.
    pub fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // Who is cut off may see it while he still speaks.
        let _ = stream.write_all(bytes);
        heard(stream)
    }

    /// The same, where is only read.
    pub fn say_by_tcp(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.reading).expect("somebody listens");
        stream.set_read_timeout(Some(AT_MOST)).expect("a socket");
        let _ = stream.write_all(bytes);
        heard(stream)
    }
}

/// Everything until the other side ends it.
pub fn heard(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert!(error.kind() != std::io::ErrorKind::WouldBlock, "nothing ends this: {bytes:?}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first line's status.
pub fn status(answer: &str) -> u16 {
    let word = answer.split(' ').nth(1).unwrap_or_default();
    word.parse().unwrap_or_else(|_| panic!("no status: {answer:?}"))
}

/// A request without a body.
pub fn asking(method: &str, target: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: vnfsd\r\n\r\n").into_bytes()
}
