//! What the host costs without a service above it: messages of 120 bytes, echoed.
//!
//! ```text
//! echo uring|poll CONNECTIONS DEPTH MESSAGES
//! ```
//!
//! prints the worker's processor time and turns per message. The load goes in rounds of DEPTH
//! messages on each connection, so that runs can be compared.

mod tenant;

use bytes::Bytes;
use hyper::StreamEvent;
use posix::{Backend, Site};
use rustix::time::{ClockId, clock_gettime};
use service::{Host, Next};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tenant::{MESSAGE_BYTES, Work};

#[derive(Default)]
struct Counts {
    turns: AtomicU64,
    processor_ns: AtomicU64,
}

struct Echo {
    host: Host,
    counts: Arc<Counts>,
}

impl Work for Echo {
    /// Answers each message by itself, as RPC does.
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        if let StreamEvent::Received { stream, bytes } = event {
            for message in bytes.chunks(MESSAGE_BYTES) {
                self.host.streams.send(stream, vec![Bytes::copy_from_slice(message)]);
            }
        }
    }

    fn turn(&mut self) -> Next {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let processor_ns = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
        self.counts.processor_ns.store(processor_ns, Relaxed);
        self.counts.turns.fetch_add(1, Relaxed);
        Next::Idle
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [backend, numbers @ ..] = &arguments[..] else { panic!("see the top of this file") };
    let backend = if backend == "uring" { Backend::Uring } else { Backend::Poll };
    let numbers: Vec<usize> = numbers.iter().map(|text| text.parse().expect("a number")).collect();
    let [connections, depth, messages] = numbers[..] else { panic!("see the top of this file") };
    let counts = Arc::new(Counts::default());
    let (worker, seen) = (tenant::worker(backend), counts.clone());
    let echo = |site: &Site| Echo { host: site.host.clone(), counts: seen };
    let anywhere = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let address = tenant::serve(&worker, 0, tenant::spec(anywhere, None, echo))[0];
    let before = counts.processor_ns.load(Relaxed);
    let connect = |_| TcpStream::connect(address).expect("the worker listens");
    let mut clients: Vec<_> = (0..connections).map(connect).collect();
    let rounds = messages / (connections * depth);
    (0..rounds).for_each(|_| load(&mut clients, depth));
    let spent_ns = counts.processor_ns.load(Relaxed) - before;
    let (spent, turns) = (spent_ns as f64 / 1e3, counts.turns.load(Relaxed) as f64);
    let done = (rounds * connections * depth) as f64;
    println!("{:.3} µs and {:.3} turns per message", spent / done, turns / done);
    worker.0.join().expect("the worker ends");
}

/// Sends a round, DEPTH messages on each connection, and waits for all of it to come back.
fn load(clients: &mut [TcpStream], depth: usize) {
    let (round, mut answer) = (vec![7; MESSAGE_BYTES * depth], vec![0; MESSAGE_BYTES * depth]);
    for client in &mut *clients {
        client.write_all(&round).expect("the worker takes it");
    }
    for client in clients {
        client.read_exact(&mut answer).expect("the worker answers");
    }
}
