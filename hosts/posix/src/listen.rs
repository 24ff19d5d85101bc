//! A service's own addresses: for each, a TCP listener and a UDP socket on the same port.

use crate::message::tell_local_address;
use crate::patience::patiently;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Bytes of datagrams that may wait to be received; the host may grant less.
const DATAGRAM_BACKLOG_BYTES: usize = 1 << 20;

/// Silence after which a client is asked whether it is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// Time between such questions. After as many as the host's default, the connection is closed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Attempts to find a port that is free for both protocols on every address.
const PORT_ATTEMPTS: usize = 32;

/// One address of a service.
pub(crate) struct Door {
    /// The address, with its real port.
    pub(crate) address: SocketAddr,
    /// Will take connections: see [`let_in`].
    pub(crate) listener: OwnedFd,
    /// Takes datagrams.
    pub(crate) datagrams: OwnedFd,
}

/// Waits a moment if addresses are taken, perhaps by a process that was killed a moment ago. For
/// the thread that starts services, not for a worker's; whether it helped, opening them will tell.
pub fn await_free(addresses: &[SocketAddr]) {
    let _ = patiently(|| open_all(addresses), |(_, error)| in_use(error));
}

/// From now on clients can connect. Not before a service answers: until then it may be that it never
/// will, and whoever connects believes that it does.
///
/// # Errors
/// If another process has begun to listen there meanwhile.
pub(crate) fn let_in(listener: &OwnedFd) -> io::Result<()> {
    socket2::SockRef::from(listener).listen(BACKLOG)
}

/// Takes the addresses, for which nobody is let in yet. Those with port 0 all get the same port,
/// which the host chooses.
pub(crate) fn open(addresses: &[SocketAddr]) -> Result<Vec<Door>, String> {
    let is_chosen = addresses.iter().all(|address| address.port() != 0);
    let opened = if is_chosen { open_all(addresses) } else { open_anywhere(addresses) };
    opened.map_err(|(address, error)| match in_use(&error) {
        true => format!("{address} is in use: choose another port with --listen"),
        false => format!("cannot listen on {address}: {error}"),
    })
}

/// The host chooses a port that is free for one of the addresses; it may be taken on another.
fn open_anywhere(addresses: &[SocketAddr]) -> Result<Vec<Door>, (SocketAddr, io::Error)> {
    for _ in 1..PORT_ATTEMPTS {
        match open_all(addresses) {
            Err((_, error)) if in_use(&error) => {}
            outcome => return outcome,
        }
    }
    open_all(addresses)
}

fn in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn open_all(addresses: &[SocketAddr]) -> Result<Vec<Door>, (SocketAddr, io::Error)> {
    let (mut doors, mut port) = (Vec::new(), 0);
    for &address in addresses {
        let mut wanted = address;
        if wanted.port() == 0 {
            wanted.set_port(port);
        }
        let door = open_one(wanted).map_err(|error| (address, error))?;
        if address.port() == 0 {
            port = door.address.port();
        }
        doors.push(door);
    }
    Ok(doors)
}

fn open_one(mut address: SocketAddr) -> io::Result<Door> {
    let listener = take_listener(address)?;
    if let Some(bound) = listener.local_addr()?.as_socket() {
        address.set_port(bound.port());
    }
    let datagrams = take_datagrams(address)?;
    Ok(Door { address, listener: listener.into(), datagrams: datagrams.into() })
}

fn take_listener(address: SocketAddr) -> io::Result<Socket> {
    let socket = socket(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    // Inherited by the connections.
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE);
    socket.set_tcp_keepalive(&with_interval(keepalive))?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(not(target_os = "openbsd"))]
fn with_interval(keepalive: TcpKeepalive) -> TcpKeepalive {
    keepalive.with_interval(KEEPALIVE_INTERVAL)
}

/// OpenBSD has one interval for the whole host.
#[cfg(target_os = "openbsd")]
fn with_interval(keepalive: TcpKeepalive) -> TcpKeepalive {
    let _ = KEEPALIVE_INTERVAL;
    keepalive
}

fn take_datagrams(address: SocketAddr) -> io::Result<Socket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    // A smaller buffer drops more under load, which clients repair.
    let _ = socket.set_recv_buffer_size(DATAGRAM_BACKLOG_BYTES);
    if address.ip().is_unspecified() {
        tell_local_address(socket.as_fd(), address.ip())?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A socket for exactly this address: `[::]` does not take IPv4 along, so that both wildcards
/// can be opened beside each other on every system.
fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn one_port_for_every_address_and_both_protocols() {
        let doors = open(&addresses(&["0.0.0.0:0", "[::]:0"])).unwrap();
        let port = doors[0].address.port();
        assert!(port != 0 && doors[1].address.port() == port);
        for door in &doors {
            let bound = socket2::SockRef::from(&door.datagrams).local_addr().unwrap();
            assert_eq!(bound.as_socket().unwrap().port(), port);
        }
    }

    #[test]
    fn a_port_in_use_is_named() {
        let doors = open(&addresses(&["127.0.0.1:0"])).unwrap();
        let error = open(&[doors[0].address]).err().unwrap();
        assert!(error.contains(&doors[0].address.to_string()), "{error}");
        assert!(error.contains("in use"), "{error}");
    }
}
