//! Calls of the size of a GETATTR to a service that echoes, while any number of other connections
//! is open.

use crate::processor;
use crate::report::{Measured, Window};
use rustix::net::sockopt::set_socket_linger;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A call, and its answer.
const MESSAGE_BYTES: usize = 120;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which connections the calls of a round go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// All to the first.
    First,
    /// Each to another one, round and round.
    All,
}

/// What a load is like.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections that are open.
    pub connections: usize,
    /// Calls outstanding.
    pub depth: usize,
    /// Which connections work.
    pub turns: Turns,
    /// For how long.
    pub time: Duration,
}

/// What connections cost that do nothing, and calls while they are there.
#[derive(Debug)]
pub struct Answered {
    /// Calls.
    pub measured: Measured,
    /// What the server's memory grew by when they were opened, in bytes each.
    pub connection_bytes: f64,
}

/// Opens the connections, and makes calls.
///
/// # Errors
/// If a connection or an answer fails.
pub fn run(server: SocketAddr, load: Load, process: &str) -> io::Result<Answered> {
    let before_kib = processor::private_kib(process);
    let open = |_| open(server);
    let mut connections = (0..load.connections).map(open).collect::<io::Result<Vec<_>>>()?;
    let after_kib = processor::private_kib(process);
    let grown_bytes = after_kib.saturating_sub(before_kib) as f64 * 1024.0;
    let (mut next, mut calls) = (0, 0);
    let window = Window::begin(process);
    while window.elapsed() < load.time {
        match load.turns {
            Turns::First => round(&mut connections[..1], load.depth)?,
            Turns::All => next = each(&mut connections, next, load.depth)?,
        }
        calls += load.depth as u64;
    }
    let measured = window.end(calls);
    Ok(Answered { measured, connection_bytes: grown_bytes / load.connections as f64 })
}

/// A connection that has been answered on. It ends with a reset, so that ten thousand leave no
/// ports behind that must wait.
fn open(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    set_socket_linger(&stream, Some(Duration::ZERO))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut streams = [stream];
    round(&mut streams, 1)?;
    let [stream] = streams;
    Ok(stream)
}

/// As many calls as `depth` on each connection at once, and their answers.
fn round(connections: &mut [TcpStream], depth: usize) -> io::Result<()> {
    let mut messages = vec![7; MESSAGE_BYTES * depth];
    for connection in &mut *connections {
        connection.write_all(&messages)?;
    }
    for connection in connections {
        connection.read_exact(&mut messages)?;
    }
    Ok(())
}

/// One call on each of the next `depth` connections. Returns which is next then.
fn each(connections: &mut [TcpStream], next: usize, depth: usize) -> io::Result<usize> {
    let end = (next + depth).min(connections.len());
    round(&mut connections[next..end], 1)?;
    Ok(if end == connections.len() { 0 } else { end })
}
