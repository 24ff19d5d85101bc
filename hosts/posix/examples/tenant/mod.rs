//! What the examples share: a tenant that serves at once, stops at once, and does what its example
//! says; and the one worker that it is on.

use hyper::{LinkEvent, StreamEvent};
use posix::{
    Backend, OpenLink, Pool, PoolOptions, Progress, Report, ServiceId, ServiceSpec, Site, Tenant,
};
use service::{Description, Next, State};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};

/// Bytes of one message: a GETATTR call with AUTH_SYS is about as long.
pub const MESSAGE_BYTES: usize = 120;

/// What an example does with what happens to it.
pub trait Work: 'static {
    /// Something happened to a stream.
    fn stream_event(&mut self, event: StreamEvent<'_>);

    /// Something happened on the link, if it has one.
    fn link_event(&mut self, _: LinkEvent<'_>) {}

    /// What there is to do once all that happened has been told.
    fn turn(&mut self) -> Next;
}

struct Working<W> {
    work: W,
    state: State,
}

impl<W: Work> Tenant for Working<W> {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        self.work.stream_event(event);
    }

    fn link_event(&mut self, event: LinkEvent<'_>) {
        self.work.link_event(event);
    }

    fn turn(&mut self) -> Next {
        self.work.turn()
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn stop(&mut self) {}

    fn is_stopped(&self) -> bool {
        true
    }
}

/// A service that does this work.
pub fn spec<W: Work>(
    listen: Vec<SocketAddr>,
    link: Option<OpenLink>,
    work: impl FnOnce(&Site) -> W + Send + 'static,
) -> ServiceSpec {
    let description = Description {
        format: "none".into(),
        byte_order: None,
        size_bytes: 0,
        read_only: None,
        exports: Vec::new(),
    };
    let make: posix::MakeTenant = Box::new(|site| {
        let (work, state) = (work(site), State::Serving(description));
        Ok(Box::new(Working { work, state }))
    });
    ServiceSpec { link, ..ServiceSpec::new("example".into(), listen, make) }
}

/// One worker, and what it reports.
pub fn worker(backend: Backend) -> (Pool, Receiver<Report>) {
    let (sender, reports) = channel();
    let options = PoolOptions { workers: 1, backend, ..PoolOptions::new(sender) };
    (Pool::spawn(options).expect("the backend is there"), reports)
}

/// Adds a service, and waits until it serves, at these addresses.
pub fn serve(
    (pool, reports): &(Pool, Receiver<Report>),
    number: u64,
    spec: ServiceSpec,
) -> Vec<SocketAddr> {
    pool.add(ServiceId(number), spec).expect("the worker lives");
    match reports.recv().expect("the worker reports").progress {
        Progress::Serving { addresses, .. } => addresses,
        other => panic!("{other:?}"),
    }
}
