//! Connections by the thousand, and one too many.

use crate::harness::{Actor, connect, eventually, spec, with_every_backend};
use posix::Progress;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Idle connections held open at a time.
const IDLE_CONNECTIONS: usize = 1000;

fn echoes(client: &mut TcpStream) -> bool {
    client.write_all(b"ping").is_ok() && client.read_exact(&mut [0; 4]).is_ok()
}

/// Resident memory of this process in bytes, where the system tells it in a file.
fn resident_bytes() -> Option<usize> {
    let statistics = std::fs::read_to_string("/proc/self/statm").ok()?;
    statistics.split(' ').nth(1)?.parse::<usize>().ok().map(|pages| pages * 4096)
}

#[test]
fn idle_connections_hold_no_buffers() {
    with_every_backend(|home| {
        let address = home.serve(Actor::echo);
        let mut first = connect(address);
        assert!(echoes(&mut first));
        let before = resident_bytes();
        let mut idle: Vec<_> = (0..IDLE_CONNECTIONS).map(|_| connect(address)).collect();
        assert!(idle.iter_mut().all(echoes));
        if let (Some(before), Some(after)) = (before, resident_bytes()) {
            // The receive buffers shared by all of them are touched for the first time too.
            let each = after.saturating_sub(before).saturating_sub(6 << 20) / IDLE_CONNECTIONS;
            assert!(each <= 2048, "{each} bytes for each idle connection");
        }
        assert!(echoes(&mut first));
    });
}

#[test]
fn a_connection_too_many_is_closed_and_room_is_used_again() {
    with_every_backend(|home| {
        let mut limited = spec("127.0.0.1:0", Actor::echo);
        limited.connections_max = 3;
        home.add(limited);
        let Progress::Serving { addresses, .. } = home.report().progress else {
            panic!("it serves");
        };
        let address: SocketAddr = addresses[0];
        let mut clients: Vec<_> = (0..3).map(|_| connect(address)).collect();
        assert!(clients.iter_mut().all(echoes));
        assert!(!echoes(&mut connect(address)), "no room for a fourth");
        clients.pop();
        eventually("room again", || echoes(&mut connect(address)));
    });
}
