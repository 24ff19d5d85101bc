//! A worker that dies. Alone in its process, because it is killed through the process's log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use hyper::StreamEvent;
use posix::{Backend, Pool, PoolOptions, Progress, Report, ServiceId, ServiceSpec, Site, Tenant};
use service::{Description, Host, Next, State};
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Services of each test.
const SERVICES: u64 = 12;

/// A log that breaks once over a line with the word "deadly": what it breaks is no tenant's.
struct Breaking;

/// Whether it has broken since this was last said.
static HAS_BROKEN: AtomicBool = AtomicBool::new(false);

struct IsDeadly(bool);

impl Visit for IsDeadly {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        self.0 |= format!("{value:?}").contains("deadly");
    }
}

impl Subscriber for Breaking {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut deadly = IsDeadly(false);
        event.record(&mut deadly);
        assert!(!deadly.0 || HAS_BROKEN.swap(true, SeqCst), "as planned: the log broke");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Sends back what comes, and fails when it is told to.
struct Echo(Host, State);

impl Tenant for Echo {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        if let StreamEvent::Received { stream, bytes } = event {
            if bytes == b"fail" {
                self.1 = State::Failed("deadly".into());
            }
            self.0.streams.send(stream, vec![bytes::Bytes::copy_from_slice(bytes)]);
        }
    }

    fn turn(&mut self) -> Next {
        Next::Idle
    }

    fn state(&self) -> &State {
        &self.1
    }

    fn stop(&mut self) {}

    fn is_stopped(&self) -> bool {
        true
    }
}

fn echo(site: &Site) -> Result<Box<dyn Tenant>, String> {
    let description = Description {
        format: "test".into(),
        byte_order: None,
        size_bytes: 0,
        read_only: None,
        exports: Vec::new(),
    };
    Ok(Box::new(Echo(site.host.clone(), State::Serving(description))))
}

fn add(pool: &Pool, reports: &Receiver<Report>, id: u64) -> SocketAddr {
    let address = "127.0.0.1:0".parse().unwrap();
    let spec = ServiceSpec::new("test".into(), vec![address], Box::new(echo));
    pool.add(ServiceId(id), spec).unwrap();
    match reports.recv_timeout(PATIENCE).unwrap().progress {
        Progress::Serving { addresses, .. } => addresses[0],
        other => panic!("{other:?}"),
    }
}

fn ask(address: SocketAddr, question: &[u8; 4]) -> std::io::Result<()> {
    let mut client = TcpStream::connect(address)?;
    client.set_read_timeout(Some(PATIENCE))?;
    client.write_all(question)?;
    client.read_exact(&mut [0; 4])
}

#[test]
fn a_dead_workers_services_fail_and_another_takes_its_place() {
    tracing::subscriber::set_global_default(Breaking).unwrap();
    for backend in [Backend::Auto, Backend::Poll] {
        HAS_BROKEN.store(false, SeqCst);
        one_dies(backend);
    }
}

fn one_dies(backend: Backend) {
    let (sender, reports) = channel();
    let options = PoolOptions { workers: 2, backend, ..PoolOptions::new(sender) };
    let pool = Pool::spawn(options).unwrap();
    let addresses: Vec<_> = (0..SERVICES).map(|id| add(&pool, &reports, id)).collect();
    let before: Vec<_> = pool.workers().iter().map(|worker| worker.services).collect();
    let _ = ask(addresses[0], b"fail");
    let mut failed = Vec::new();
    while failed.len() < before[0] {
        let Report { service, progress } = reports.recv_timeout(PATIENCE).unwrap();
        let Progress::Failed(reason) = progress else { panic!("{progress:?}") };
        assert!(reason.contains("its worker died: it broke: as planned"), "{reason}");
        failed.push(service.0);
    }
    failed.sort_unstable();
    for id in 0..SERVICES {
        let gone = failed.binary_search(&id).is_ok();
        let answer = ask(addresses[id as usize], b"ping");
        assert_eq!(answer.is_err(), gone, "service {id}");
    }
    assert!(failed.contains(&0) && failed.len() < SERVICES as usize);
    for id in failed {
        ask(add(&pool, &reports, id), b"ping").expect("its successor answers");
    }
    pool.join().unwrap();
}
