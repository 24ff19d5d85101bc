//! One service and everything below it, turned until nothing more happens.

use crate::{LogBook, Luck, PowerDisk, VirtualClock, Wire};
use hyper::{Account, Clock, StreamEvent, StreamId};
use service::{Config, Host, Next, Service};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// A service in a world of its own.
pub struct World {
    /// There always is one, but in the middle of a move.
    service: Option<Service>,
    host: Host,
    clock: VirtualClock,
    log: Rc<LogBook>,
    wire: Rc<Wire>,
    disk: Option<Rc<PowerDisk>>,
    next_stream: u64,
}

impl World {
    /// A service that is about to open what `config` names. `disk` is the disk in it, if there
    /// is one, and tells time by `clock`.
    pub fn new(
        config: Config,
        clock: VirtualClock,
        luck: Luck,
        disk: Option<Rc<PowerDisk>>,
    ) -> Self {
        Self::sharing(config, clock, luck, disk, Account::default())
    }

    /// The same for one of several services that share memory for changed data.
    pub fn sharing(
        config: Config,
        clock: VirtualClock,
        luck: Luck,
        disk: Option<Rc<PowerDisk>>,
        dirty: Account,
    ) -> Self {
        let (log, wire) = (Rc::<LogBook>::default(), Rc::<Wire>::default());
        let host = Host {
            clock: Rc::new(clock.clone()),
            random: Rc::new(luck),
            log: log.clone(),
            streams: wire.clone(),
            dirty,
            received: Account::default(),
            fragments: Account::default(),
        };
        let service = Some(Service::new(host.clone(), config));
        Self { service, host, clock, log, wire, disk, next_stream: 0 }
    }

    /// The service.
    pub fn service(&self) -> &Service {
        self.service.as_ref().expect("moves end where they begin")
    }

    /// The service, to be stopped.
    pub fn service_mut(&mut self) -> &mut Service {
        self.service.as_mut().expect("moves end where they begin")
    }

    /// Packs the service and unpacks it again, `config` being what it was made with, if that can be.
    /// Every connection has another name then; says that of the one that was called `stream`, which
    /// is the only one.
    pub fn move_service(&mut self, config: Config, stream: StreamId) -> Option<StreamId> {
        let parcel = self.service.take_if(|service| service.can_be_packed())?.pack();
        let new = StreamId(self.next_stream);
        self.next_stream += 1;
        self.wire.rename(stream, new);
        let streams = BTreeMap::from([(stream, new)]);
        self.service = Some(Service::unpack(self.host.clone(), config, parcel, &streams));
        Some(new)
    }

    /// The time.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// What was logged.
    pub fn log(&self) -> &LogBook {
        &self.log
    }

    /// Opens a connection, as a client from a privileged port.
    pub fn connect(&mut self) -> StreamId {
        let stream = StreamId(self.next_stream);
        self.next_stream += 1;
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let event = StreamEvent::Opened { stream, remote: address(700), local: address(2049) };
        self.service_mut().stream_event(event);
        stream
    }

    /// Sends bytes to the service.
    pub fn send(&mut self, stream: StreamId, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.service_mut().stream_event(StreamEvent::Received { stream, bytes });
        }
    }

    /// Takes what the service has sent.
    pub fn take(&mut self, stream: StreamId) -> Vec<u8> {
        self.wire.take(stream)
    }

    /// Turns the service once; if it has nothing to do, time passes until it has. Says whether
    /// anything will ever happen again by itself.
    pub fn step(&mut self) -> bool {
        let next = self.service_mut().turn();
        if self.carry() {
            return true;
        }
        let due = self.disk.as_ref().and_then(|disk| disk.next_due());
        let wished = match next {
            Next::Again => return true,
            Next::At(moment) => Some(moment),
            Next::Idle => None,
        };
        let Some(moment) = wished.into_iter().chain(due).min() else { return false };
        self.clock.reach(moment);
        true
    }

    /// Steps until `done`, or until nothing will happen any more. Says whether it is done.
    pub fn run_until(&mut self, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        while !done(self) {
            if !self.step() {
                return done(self);
            }
        }
        true
    }

    /// How long the world has existed.
    pub fn age(&self) -> std::time::Duration {
        self.clock.now().since(abi::Instant(0))
    }

    /// The network's part of a turn. Says whether it had one.
    fn carry(&mut self) -> bool {
        let (sent, closing) = (self.wire.take_sent(), self.wire.take_closing());
        let has_part = !sent.is_empty() || !closing.is_empty();
        for (stream, count_bytes) in sent {
            self.service_mut().stream_event(StreamEvent::Sent { stream, count_bytes });
        }
        for stream in closing {
            self.service_mut().stream_event(StreamEvent::Closed { stream });
        }
        has_part
    }
}
