//! The plain service of three ports, one thread for each connection: what any service of the
//! host's kernel would be.
//!
//! | port | it |
//! |---|---|
//! | 7 | sends back what comes |
//! | 9 | discards what comes, and ends when its client does |
//! | 19 | sends without end |

use rustix::net::sockopt::set_tcp_congestion;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::thread;

/// Read and written at once.
const CHUNK_BYTES: usize = 256 << 10;

/// What a port does with a connection.
type Behaviour = fn(TcpStream) -> io::Result<()>;

/// The services, by port.
const SERVICES: [(u16, Behaviour); 3] = [(7, echo), (9, discard), (19, generate)];

/// Serves until it is killed. `congestion` is the algorithm of its senders.
///
/// # Errors
/// If it cannot listen.
pub fn run(address: IpAddr, congestion: &str) -> Result<(), String> {
    let listen = |(port, behaviour): (u16, Behaviour)| {
        let listener = TcpListener::bind((address, port))?;
        // Connections have what their listener has.
        set_tcp_congestion(&listener, congestion)?;
        Ok::<_, io::Error>((listener, behaviour))
    };
    let listeners = SERVICES.map(listen);
    println!("ready");
    let accept = |listener: io::Result<(TcpListener, Behaviour)>| {
        let (listener, behaviour) = listener.map_err(|why| format!("{address}: {why}"))?;
        Ok(thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                thread::spawn(move || behaviour(connection));
            }
        }))
    };
    let threads = listeners.into_iter().map(accept).collect::<Result<Vec<_>, String>>()?;
    threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread died".into()))
}

fn echo(mut connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            count => connection.write_all(&buffer[..count])?,
        }
    }
}

fn discard(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    while connection.read(&mut buffer)? > 0 {}
    Ok(())
}

fn generate(mut connection: TcpStream) -> io::Result<()> {
    let chunk = vec![0x5a; CHUNK_BYTES];
    loop {
        connection.write_all(&chunk)?;
    }
}
