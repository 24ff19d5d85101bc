//! Floods of large records that are never finished: memory is bounded while they last, and goes
//! back to the host when they are over.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use suite::nfs::Client;
use suite::server::{Backend, Server};

/// Bytes of the record that each client begins.
const RECORD_BYTES: u32 = 1 << 20;

/// How much of it each sends.
const SENT_BYTES: usize = 300_000;

const CLIENTS: usize = 400;

/// How often it is looked whether memory has gone back, a quarter of a second apart.
const LOOKS_MAX: u32 = 60;

fn begin(server: &Server) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).ok()?;
    stream.set_nonblocking(false).ok()?;
    stream.write_all(&(RECORD_BYTES | 1 << 31).to_be_bytes()).ok()?;
    stream.write_all(&vec![0; SENT_BYTES]).ok()?;
    Some(stream)
}

#[test]
fn what_a_flood_took_goes_back() {
    for backend in Backend::ALL {
        let server = Server::memory("64M", backend);
        let (mut client, root) = Client::mount(server.address());
        let before = server.resident_kib();
        let flood: Vec<_> = (0..CLIENTS).map(|_| begin(&server)).collect();
        client.attributes(&root).expect("others are served meanwhile");
        let most = server.resident_kib();
        drop(flood);
        let mut after = most;
        for _ in 0..LOOKS_MAX {
            std::thread::sleep(Duration::from_millis(250));
            after = server.resident_kib();
            if after < before + (8 << 10) {
                break;
            }
        }
        let grown = (most.saturating_sub(before), after.saturating_sub(before));
        eprintln!("{backend:?}: {} KiB more in the flood, {} KiB after it", grown.0, grown.1);
        assert!(grown.0 < 256 << 10, "{} KiB of {CLIENTS} records", grown.0);
        assert!(grown.1 < 8 << 10, "{} KiB of {} have stayed", grown.1, grown.0);
    }
}
