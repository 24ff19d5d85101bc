//! A worker, tenants made of closures, and clients that give up in time.

use bytes::Bytes;
use hyper::{Clock, StreamEvent};
use posix::{
    Backend, Budgets, HostClock, MakeTenant, Pool, PoolOptions, Progress, Report, ServiceId,
    ServiceSpec, Site, Tenant,
};
use service::{Description, Host, Next, State};
use std::cell::Cell;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test with every backend there is here.
pub fn with_every_backend(test: impl Fn(&Home)) {
    let system = if cfg!(target_os = "linux") { Backend::Uring } else { Backend::Auto };
    for backend in [system, Backend::Poll] {
        let home = Home::new(backend);
        test(&home);
        home.pool.join().unwrap();
    }
}

/// A worker and its reports.
pub struct Home {
    pub pool: Pool,
    pub budgets: Budgets,
    reports: Receiver<Report>,
    services: Cell<u64>,
}

impl Home {
    pub fn new(backend: Backend) -> Self {
        Self::of(backend, 1)
    }

    /// Of so many workers.
    pub fn of(backend: Backend, workers: usize) -> Self {
        Self::with(|options| PoolOptions { workers, backend, ..options })
    }

    /// Of one worker, with other options.
    pub fn with(change: impl FnOnce(PoolOptions) -> PoolOptions) -> Self {
        let (sender, reports) = channel();
        let options = change(PoolOptions { workers: 1, ..PoolOptions::new(sender) });
        let budgets = options.budgets.clone();
        let pool = Pool::spawn(options).unwrap();
        Self { pool, budgets, reports, services: Cell::new(0) }
    }

    /// Adds a service on a loopback port and waits until it serves there.
    pub fn serve<T: Tenant + 'static>(
        &self,
        make: impl FnOnce(&Site) -> T + Send + 'static,
    ) -> SocketAddr {
        self.serve_at("127.0.0.1:0", make)
    }

    /// Adds a service at an address and waits until it serves.
    pub fn serve_at<T: Tenant + 'static>(
        &self,
        address: &str,
        make: impl FnOnce(&Site) -> T + Send + 'static,
    ) -> SocketAddr {
        let id = self.add(spec(address, make));
        match self.report() {
            Report { service, progress: Progress::Serving { addresses, .. } } => {
                assert_eq!(service, id);
                addresses[0]
            }
            other => panic!("expected to serve: {other:?}"),
        }
    }

    pub fn add(&self, spec: ServiceSpec) -> ServiceId {
        let id = ServiceId(self.services.replace(self.services.get() + 1));
        self.pool.add(id, spec).unwrap();
        id
    }

    pub fn report(&self) -> Report {
        self.reports.recv_timeout(PATIENCE).expect("the worker reports in time")
    }

    /// Whether nothing is reported for a moment.
    pub fn quiet(&self) -> bool {
        self.reports.recv_timeout(Duration::from_millis(50)).is_err()
    }

    /// The service added last.
    pub fn last(&self) -> ServiceId {
        ServiceId(self.services.get() - 1)
    }
}

pub fn spec<T: Tenant + 'static>(
    address: &str,
    make: impl FnOnce(&Site) -> T + Send + 'static,
) -> ServiceSpec {
    let make: MakeTenant = Box::new(move |site| Ok(Box::new(make(site))));
    ServiceSpec::new("test".into(), vec![address.parse().unwrap()], make)
}

type OnEvent = Box<dyn FnMut(&Host, StreamEvent<'_>)>;
type OnTurn = Box<dyn FnMut(&Host) -> Next>;

/// A tenant that does what its closures do.
pub struct Actor {
    host: Host,
    on_event: OnEvent,
    on_turn: OnTurn,
    state: State,
    stopped: bool,
}

impl Actor {
    pub fn new(site: &Site, on_event: impl FnMut(&Host, StreamEvent<'_>) + 'static) -> Self {
        let description = Description {
            format: "test".into(),
            byte_order: None,
            size_bytes: 0,
            read_only: None,
            exports: Vec::new(),
        };
        Self {
            host: site.host.clone(),
            on_event: Box::new(on_event),
            on_turn: Box::new(|_| Next::Idle),
            state: State::Serving(description),
            stopped: false,
        }
    }

    pub fn turning(mut self, on_turn: impl FnMut(&Host) -> Next + 'static) -> Self {
        self.on_turn = Box::new(on_turn);
        self
    }

    /// Sends back whatever comes.
    pub fn echo(site: &Site) -> Self {
        Self::new(site, echo)
    }
}

pub fn echo(host: &Host, event: StreamEvent<'_>) {
    match event {
        StreamEvent::Received { stream, bytes } => {
            host.streams.send(stream, vec![Bytes::copy_from_slice(bytes)]);
        }
        StreamEvent::Datagram { peer, bytes } => {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            let pieces = [first, second].map(Bytes::copy_from_slice);
            host.streams.send_datagram(peer, pieces.into());
        }
        _ => {}
    }
}

impl Tenant for Actor {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        (self.on_event)(&self.host, event);
    }

    fn turn(&mut self) -> Next {
        (self.on_turn)(&self.host)
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn is_stopped(&self) -> bool {
        self.stopped
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    client
}

/// Waits until something is so.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = HostClock.now() + PATIENCE;
    while !holds() {
        assert!(HostClock.now() < deadline, "still not: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Bytes that differ wherever they are put wrongly.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}
