//! The instance and its turn.

use crate::carrier::{self, Carrier};
use crate::farewell::{Commits, Farewell};
use crate::filesystems::{self, Found};
use crate::opening::{self, Opened};
use crate::station::Fate;
use crate::upkeep::Upkeep;
use crate::{Config, Host, Limits, Next, Source, State};
use abi::Instant;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use block::Device;
use core::cell::{Cell, RefCell};
use core::net::IpAddr;
use core::pin::Pin;
use core::time::Duration;
use hyper::{Level, LinkEvent, StreamEvent};
use task::{Executor, Timers};

/// Tasks beside those of calls: opening, or else saving and closing.
const OWN_TASKS: usize = 2;

/// Calls a turn that a service keeps memory for though it has long been idle.
const SPARE_CALLS: usize = 4;

/// How long the memory of a busy time is kept for the next.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// What opening came to, once it has ended.
type Outcome = Rc<Cell<Option<Result<Opened, String>>>>;

/// The search for something to serve.
type Search = Pin<Box<dyn Future<Output = Result<Found, String>>>>;

/// One isolated server. Everything it knows hangs here; nothing lives in a static.
pub struct Service {
    host: Host,
    name: Rc<str>,
    polls_per_turn: usize,
    save_age: Duration,
    state: State,
    stopping: bool,
    tasks: Executor,
    timers: Rc<Timers>,
    rpc: rpc::Server,
    carrier: Carrier,
    /// Replies of calls that have ended during this turn.
    replies: Rc<RefCell<Vec<rpc::Reply>>>,
    disk: Option<Rc<Device>>,
    opening: Outcome,
    nfs: Option<Rc<nfs::Server>>,
    upkeep: Option<Upkeep>,
    commits: Option<Commits>,
    /// The time of this turn.
    now: Instant,
    /// When the memory of a busy time is given back, if there is any.
    trim_at: Option<Instant>,
}

impl Service {
    /// A service on `host`. Opening, which mounts what it serves, is its first task: it answers
    /// once that is done.
    pub fn new(host: Host, config: Config) -> Self {
        let Config { name, source, exports, limits, network } = config;
        let mut secret = [0; 16];
        host.random.fill(&mut secret);
        let now = host.clock.now();
        let mut service = Self {
            name: name.as_str().into(),
            polls_per_turn: limits.polls_per_turn,
            save_age: limits.save_age,
            state: State::Mounting,
            stopping: false,
            tasks: Executor::new(limits.rpc.calls_max + OWN_TASKS),
            timers: Rc::new(Timers::new(now)),
            rpc: rpc::Server::new(limits.rpc.clone(), secret),
            carrier: Carrier::new(network, &host, now),
            replies: Rc::default(),
            disk: None,
            opening: Rc::default(),
            nfs: None,
            upkeep: None,
            commits: None,
            now,
            trim_at: None,
            host,
        };
        let found = service.search(source, &name, &limits);
        let outcome = service.opening.clone();
        service.spawn(async move { outcome.set(Some(opening::open(found, exports).await)) });
        service
    }

    /// Tells what happened on the host's network. Nothing is run before the next turn.
    pub fn stream_event(&mut self, event: StreamEvent<'_>) {
        carrier::tell(&mut self.rpc, event);
    }

    /// Tells what happened on the service's own link. No call is run before the next turn.
    pub fn link_event(&mut self, event: LinkEvent<'_>) {
        self.carrier.link_event(event, &*self.host.clock, &mut self.rpc);
    }

    /// Does a bounded amount of work: collects what the disk completed, runs calls, sends
    /// replies. Says when it wishes to be called again.
    pub fn turn(&mut self) -> Next {
        self.tell_time();
        self.carrier.advance(self.now, &mut self.rpc);
        if let Some(disk) = &self.disk {
            disk.collect();
        }
        self.start_calls();
        let polls = self.tasks.run(self.polls_per_turn);
        self.finish_opening();
        self.take_replies();
        self.keep_up();
        self.send();
        self.tell_addresses();
        self.tell_crowding();
        self.trim(polls);
        self.next()
    }

    /// How far the service has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes no more calls from now on, and leaves the file system in order once those at work are
    /// done; see [`Service::is_stopped`]. A file system that cannot be left in order makes the
    /// state [`State::Failed`].
    pub fn stop(&mut self) {
        self.stopping = true;
        self.rpc.close();
        self.carrier.shut();
    }

    /// Whether everything begun before [`Service::stop`] is finished, its replies have left, the
    /// file system is closed, and connections of its own stack are over. A client that does not
    /// take its replies, or never says goodbye, can hold this up: a host waits only so long for
    /// clients, and cuts them off then.
    pub fn is_stopped(&self) -> bool {
        self.has_finished() && self.carrier.is_over()
    }

    /// Whether only goodbyes are left to say.
    fn has_finished(&self) -> bool {
        let is_closed = match &self.upkeep {
            Some(upkeep) => upkeep.is_closed(),
            None => self.state != State::Mounting,
        };
        self.stopping && self.rpc.is_idle() && is_closed
    }

    /// What RPC has counted.
    pub fn counters(&self) -> &rpc::Counters {
        self.rpc.counters()
    }

    /// How often each procedure was called.
    pub fn procedures(&self) -> &[rpc::ProcedureCount] {
        self.rpc.procedures()
    }

    /// Connections open now.
    pub fn connection_count(&self) -> usize {
        self.rpc.connection_count()
    }

    fn search(&mut self, source: Source, name: &str, limits: &Limits) -> Search {
        match source {
            Source::Memory { size_bytes, id } => {
                let found = filesystems::memory(&self.host, size_bytes, id);
                Box::pin(async { Ok(found) })
            }
            Source::Image { disk, options } => {
                let device = Device::new(disk);
                self.disk = Some(device.clone());
                Box::pin(filesystems::image(device, options, name, &self.host, limits))
            }
        }
    }

    /// Once opening has ended: takes calls, or never will.
    fn finish_opening(&mut self) {
        let Some(outcome) = self.opening.take() else { return };
        self.state = match outcome {
            Err(reason) => State::Failed(reason),
            Ok(opened) => {
                if !self.stopping {
                    self.rpc.open(nfs::programs(&opened.server), self.carrier.ports());
                    self.carrier.open();
                }
                self.nfs = Some(opened.server);
                self.commits = opened.commits;
                let log = self.host.log.clone();
                self.upkeep = Some(Upkeep::new(opened.file_system, log, self.name.clone()));
                self.tell_time();
                State::Serving(opened.description)
            }
        };
    }

    fn tell_time(&mut self) {
        let wall = self.host.clock.wall();
        self.now = self.host.clock.now();
        self.timers.advance(self.now);
        self.rpc.set_time(self.now, wall);
        if let Some(nfs) = &self.nfs {
            nfs.set_time(wall);
        }
    }

    /// One task a call, for as many as the limits allow.
    fn start_calls(&mut self) {
        while let Some(job) = self.rpc.next_call() {
            let replies = self.replies.clone();
            self.spawn(async move {
                let answered = job.run().await;
                replies.borrow_mut().push(job.reply(answered));
            });
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.tasks.spawn(task).expect("there is a slot for every call that RPC takes");
    }

    /// Sees to what is unsaved; and to the end, once no call is at work.
    fn keep_up(&mut self) {
        let Some(upkeep) = &self.upkeep else { return };
        let calls_at_work = self.tasks.task_count() - upkeep.task_count();
        if self.stopping && calls_at_work == 0 && !self.rpc.has_calls() && upkeep.can_close() {
            self.spawn(upkeep.close());
        } else if upkeep.needs_saving() {
            self.spawn(upkeep.save(self.timers.sleep(self.save_age)));
        }
        let Some(closed) = upkeep.take_outcome() else { return };
        self.take_leave();
        if let Err(errno) = closed {
            let reason = format!("the file system cannot be left in order: {errno}; check it");
            self.state = State::Failed(reason);
        }
    }

    /// Says what was done, once the file system is closed.
    fn take_leave(&self) {
        let counters = self.rpc.counters();
        let farewell = Farewell {
            calls: counters.calls,
            procedures: self.rpc.procedures(),
            connections: counters.connections,
            traffic: self.disk.as_ref().map(|disk| disk.traffic()),
            commits: self.commits.as_ref().map(|commits| commits()),
        };
        let line = format_args!("{}: {farewell}", self.name);
        self.host.log.log(Level::Information, "service", line);
    }

    fn take_replies(&mut self) {
        for reply in self.replies.borrow_mut().drain(..) {
            self.rpc.reply(reply);
        }
    }

    /// Hands over what RPC wants done; at the end, says goodbye to clients, too.
    fn send(&mut self) {
        self.carrier.carry(&mut self.rpc, self.now);
        if self.has_finished() {
            self.carrier.close(self.now, &mut self.rpc);
        }
        self.carrier.transmit(self.now);
    }

    /// Says in the log by which addresses it can be reached, by which no more, and which somebody
    /// else has. Neighbours alone know those of the link itself.
    fn tell_addresses(&mut self) {
        let State::Serving(description) = &self.state else { return };
        let export = description.exports.first().map_or("/", String::as_str);
        let (name, log) = (&self.name, &self.host.log);
        self.carrier.tell_addresses(|address, fate| {
            let (level, line) = match (fate, address) {
                (Fate::Contested, _) => (
                    Level::Warning,
                    format!(
                        "somebody else has its address {address}: end that, or give it another"
                    ),
                ),
                (_, IpAddr::V6(own)) if own.is_unicast_link_local() => return,
                (Fate::Lost, _) => {
                    (Level::Information, format!("{address} is no longer its address"))
                }
                (Fate::Gained, _) => {
                    let place = mounted_from(address, export);
                    let line = format!("{address} is its address: mount -t nfs {place} /mnt");
                    (Level::Information, line)
                }
            };
            log.log(level, "service", format_args!("{name}: {line}"));
        });
    }

    /// Says in the log that there are more connections than it can have.
    fn tell_crowding(&mut self) {
        let Some((count, from)) = self.carrier.news_of_crowding(self.now) else { return };
        let (name, log) = (&self.name, &self.host.log);
        let line = format_args!(
            "{name}: it has all the connections it can have, and closed {count} to let others in, \
             the last one of {from}: find out why that opens so many, or keep it out"
        );
        log.log(Level::Warning, "service", line);
    }

    /// A service that was busy and is no more gives its memory back, after a while: bursts that
    /// follow each other find it in place.
    fn trim(&mut self, polls: usize) {
        if polls > SPARE_CALLS {
            self.trim_at = Some(self.now + TRIM_AFTER);
        } else if self.trim_at.is_some_and(|at| at <= self.now) {
            self.trim_at = None;
            self.tasks.trim(SPARE_CALLS);
            self.replies.borrow_mut().shrink_to(SPARE_CALLS);
            self.rpc.trim(SPARE_CALLS);
        }
    }

    fn next(&self) -> Next {
        if self.tasks.is_ready() || self.rpc.has_calls() {
            return Next::Again;
        }
        let own = [self.rpc.deadline(), self.carrier.deadline(), self.trim_at, self.timers.next()];
        own.into_iter().flatten().min().map_or(Next::Idle, Next::At)
    }
}

/// What mount(8) is told, as a shell reads it.
fn mounted_from(address: IpAddr, export: &str) -> String {
    match address {
        IpAddr::V4(own) => format!("{own}:{export}"),
        IpAddr::V6(own) => format!("'[{own}]:{export}'"),
    }
}
