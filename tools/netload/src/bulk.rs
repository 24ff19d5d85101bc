//! Bytes without end, one way or the other, for some seconds.

use crate::report::{Measured, Window};
use rustix::ioctl::{Getter, ioctl};
use rustix::net::sockopt::{Timeout, set_socket_timeout, set_tcp_congestion};
use rustix::net::{AddressFamily, SocketType, socket};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 256 << 10;
/// How long a stream may stand still before that is an error.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a sender that waits for room looks at the time.
const LOOK: Duration = Duration::from_millis(50);

/// Receives from a service that sends without end. Time runs from the first byte.
///
/// # Errors
/// If it breaks or stands still.
pub fn pull(server: SocketAddr, time: Duration, process: &str) -> io::Result<Measured> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut total = stream.read(&mut buffer)? as u64;
    let window = Window::begin(process);
    while window.elapsed() < time {
        match stream.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => total += count as u64,
        }
    }
    Ok(window.end(total))
}

/// Sends without end to a service that discards. What counts is what the service acknowledged;
/// time runs from the first byte.
///
/// # Errors
/// If it breaks or stands still.
pub fn push(
    server: SocketAddr,
    time: Duration,
    process: &str,
    congestion: &str,
) -> io::Result<Measured> {
    let mut stream = connect(server, congestion)?;
    stream.set_write_timeout(Some(LOOK))?;
    let chunk = vec![0xa5; CHUNK_BYTES];
    let window = Window::begin(process);
    let (mut given, mut moved) = (0, Instant::now());
    while window.elapsed() < time {
        match stream.write(&chunk) {
            Ok(count) => (given, moved) = (given + count as u64, Instant::now()),
            Err(why) if why.kind() == ErrorKind::WouldBlock && moved.elapsed() < PATIENCE => {}
            Err(why) => return Err(why),
        }
    }
    let unacknowledged = unacknowledged_bytes(&stream)?;
    Ok(window.end(given.saturating_sub(unacknowledged)))
}

/// A connection whose sender has had this algorithm from the start: one that is told later keeps
/// something of what it had, BBR's pacing.
fn connect(server: SocketAddr, congestion: &str) -> io::Result<TcpStream> {
    let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket(family, SocketType::STREAM, None)?;
    set_tcp_congestion(&socket, congestion)?;
    // For connecting, too.
    set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    rustix::net::connect(&socket, &server)?;
    Ok(socket.into())
}

/// What was given to a stream and not acknowledged by its peer.
fn unacknowledged_bytes(stream: &TcpStream) -> io::Result<u64> {
    const SIOCOUTQ: u32 = 0x5411;
    // SAFETY: SIOCOUTQ writes one int, which is what the getter has room for.
    let bytes = unsafe { ioctl(stream, Getter::<SIOCOUTQ, i32>::new()) }?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
