//! The instance and its turn.

mod changes;
mod log;
mod parcel;
mod reports;

pub use parcel::Parcel;

use crate::capped::Capped;
use crate::carrier::{self, Carrier};
use crate::exporting::Exporting;
use crate::gate::Gate;
use crate::measures::Measures;
use crate::rates::Rates;
use crate::rest::Rest;
use crate::slowest::Slow;
use crate::volume::{News, Volume};
use crate::{Config, Description, Host, Limits, Next, Opening, Rate, State};
use abi::Instant;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::time::Duration;
use hyper::{Account, LinkEvent, StreamEvent};
use task::{Executor, Timers};

/// Tasks beside those of calls: opening, or else saving and closing; and a change of exports.
const OWN_TASKS: usize = 3;

/// Calls that can always be allowed to be at work, whatever was allowed when the service was made.
const CALLS_MAX_LEAST: usize = 1024;

/// Polls after which a turn looks whether it has been long enough.
const POLLS_AT_ONCE: usize = 32;

/// How long a turn goes on with calls: so finely is a worker divided among services.
const TURN_MAX: Duration = Duration::from_millis(1);

/// Calls a turn that a service keeps memory for though it has long been idle.
const SPARE_CALLS: usize = 4;

/// How long the memory of a busy time is kept for the next.
const TRIM_AFTER: Duration = Duration::from_secs(1);

/// Replies, and when their calls began.
type Replies = Rc<RefCell<Vec<(rpc::Reply, Instant)>>>;

/// One isolated server. Everything it knows hangs here; nothing lives in a static.
pub struct Service {
    host: Host,
    name: Rc<str>,
    /// What it may take, divided among its parts.
    limits: Limits,
    state: State,
    /// When it came to that state.
    since: Instant,
    stopping: bool,
    paused: bool,
    tasks: Executor,
    timers: Rc<Timers>,
    rpc: rpc::Server,
    carrier: Carrier,
    received: Rc<Capped>,
    rates: Rates,
    /// Whether clients were let in.
    lets_in: bool,
    /// Replies of calls that have ended during this turn.
    replies: Replies,
    measures: Measures,
    nfs: Rc<nfs::Server>,
    volume: Volume,
    /// Where calls wait for it.
    gate: Rc<Gate>,
    rest: Rest,
    exporting: Exporting,
    /// Whether it was said what the service did.
    has_left: bool,
    /// The time of this turn.
    now: Instant,
    /// When the memory of a busy time is given back, if there is any.
    trim_at: Option<Instant>,
}

impl Service {
    /// A service on `host`. What it serves is opened by the first turn and answers once that is done,
    /// or else, with [`Opening::WhenUsed`], at the first call.
    pub fn new(mut host: Host, config: Config) -> Self {
        let Config { name, source, opening, exports, limits, network } = config;
        let name: Rc<str> = name.as_str().into();
        let mut secret = [0; 16];
        host.random.fill(&mut secret);
        let now = host.clock.now();
        let (exports, refused) = match nfs::Exports::new(exports) {
            Ok(exports) => (exports, None),
            Err(error) => (nfs::Exports::default(), Some(State::Failed(error.to_string()))),
        };
        let nfs = Rc::new(nfs::Server::new(exports));
        let received = Capped::new(host.received.clone(), limits.received_bytes_max());
        host.received = Account::new(received.clone());
        let calls_max = limits.rpc.calls_max.max(CALLS_MAX_LEAST);
        let limits = limits.divided();
        let mut service = Self {
            state: State::Resting,
            stopping: false,
            paused: false,
            tasks: Executor::new(calls_max + OWN_TASKS),
            timers: Rc::new(Timers::new(now)),
            rpc: rpc::Server::new(limits.rpc.clone(), secret),
            carrier: Carrier::new(network, &host, now),
            received,
            rates: Rates::new(limits.rate),
            lets_in: false,
            replies: Replies::default(),
            measures: Measures::default(),
            since: now,
            rest: Rest::new(limits.rest_after, now),
            volume: Volume::new(source, host.clone(), name.clone(), limits.clone(), nfs.clone()),
            limits,
            exporting: Exporting::default(),
            gate: Rc::default(),
            has_left: false,
            nfs,
            now,
            trim_at: None,
            name,
            host,
        };
        match (refused, opening) {
            (Some(failed), _) => service.state = failed,
            (None, Opening::AtOnce) => service.open(),
            (None, Opening::WhenUsed) => service.let_in(),
        }
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
        self.volume.collect();
        self.start_calls();
        self.start_exporting();
        self.follow_volume();
        let polls = self.run_tasks();
        self.follow_volume();
        self.follow_exporting();
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
        self.paused = false;
        // Nobody waits for the end of what has arrived longer than it takes.
        self.rates = Rates::new(Rate::default());
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
        self.stopping && self.rpc.is_idle() && self.volume.is_closed()
    }

    fn come_to(&mut self, state: State) {
        (self.state, self.since) = (state, self.now);
    }

    /// Opens what is served.
    fn open(&mut self) {
        self.come_to(State::Mounting);
        self.volume.open();
    }

    /// Takes calls, and lets clients in, once.
    fn let_in(&mut self) {
        if !self.lets_in && !self.stopping {
            self.lets_in = true;
            self.rpc.open(nfs::programs(&self.nfs), self.carrier.ports());
            self.carrier.open();
        }
    }

    /// Gets on with opening and closing what is served.
    fn follow_volume(&mut self) {
        loop {
            // Somebody may have come while it was being closed.
            if self.gate.is_wanted() && self.state == State::Resting {
                self.open();
            }
            let Some(news) = self.volume.news() else { return };
            match news {
                News::Found(mounting) => self.spawn(mounting),
                News::Opened(description) => self.serve(description),
                News::Closed(Ok(())) => self.come_to(State::Resting),
                News::Closed(Err(errno)) => {
                    let reason =
                        format!("the file system cannot be left in order: {errno}; check it");
                    self.come_to(State::Failed(reason));
                }
                News::Failed(reason) => self.come_to(State::Failed(reason)),
            }
        }
    }

    /// Answers calls for files from now on.
    fn serve(&mut self, description: Description) {
        self.let_in();
        self.gate.open();
        self.rest.used(self.now);
        self.come_to(State::Serving(description));
    }

    fn tell_time(&mut self) {
        let wall = self.host.clock.wall();
        self.now = self.host.clock.now();
        self.timers.advance(self.now);
        self.rpc.set_time(self.now, wall);
        self.nfs.set_time(wall);
    }

    /// One task a call, for as many as the limits allow.
    fn start_calls(&mut self) {
        while self.may_start()
            && let Some(job) = self.rpc.next_call()
        {
            self.rates.begun(job.call().arguments.len(), self.now);
            let (replies, begun_at) = (self.replies.clone(), self.now);
            let visit = (!job.asks_nothing()).then(|| self.gate.announce());
            self.spawn(async move {
                if let Some(visit) = &visit {
                    visit.enter().await;
                }
                let answered = job.run().await;
                replies.borrow_mut().push((job.reply(answered), begun_at));
            });
        }
    }

    /// Whether a call may be begun, as far as that is not for RPC to say.
    fn may_start(&self) -> bool {
        !self.paused && self.rates.allow(self.now)
    }

    /// Runs what is ready, for as long as a turn may take. Says how many polls that were.
    fn run_tasks(&mut self) -> usize {
        let mut polls = 0;
        loop {
            let at_once = POLLS_AT_ONCE.min(self.limits.polls_per_turn - polls);
            polls += self.tasks.run(at_once);
            let is_over = !self.tasks.is_ready()
                || polls >= self.limits.polls_per_turn
                || self.host.clock.now().since(self.now) >= TURN_MAX;
            if is_over {
                return polls;
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.tasks.spawn(task).expect("there is a slot for every call that RPC takes");
    }

    /// Sees to what is unsaved, and closes what nobody uses; at the end, once no call is at work.
    fn keep_up(&mut self) {
        if self.gate.take_used() {
            self.rest.used(self.now);
        }
        if let Some(upkeep) = self.volume.upkeep() {
            if upkeep.can_close() && (self.is_to_end() || self.is_to_rest(upkeep.is_unsaved())) {
                self.gate.shut();
                self.spawn(upkeep.close());
            } else if upkeep.needs_saving() {
                self.spawn(upkeep.save(self.timers.sleep(self.limits.save_age)));
            }
        }
        if self.stopping && self.volume.is_closed() && !self.gate.is_wanted() {
            self.take_leave();
        }
    }

    /// Whether what is served is to be closed for good.
    fn is_to_end(&self) -> bool {
        self.stopping && !self.gate.is_wanted() && !self.rpc.has_calls()
    }

    /// Whether it is to be closed until somebody uses it.
    fn is_to_rest(&self, is_unsaved: bool) -> bool {
        let is_in_use = self.gate.is_wanted() || !self.volume.can_rest();
        !is_in_use && self.rest.is_due(is_unsaved, self.now)
    }

    /// Gives replies to RPC, and notes how long their calls took.
    fn take_replies(&mut self) {
        if self.replies.borrow().is_empty() {
            return;
        }
        let ended_at = self.host.clock.now();
        for (reply, begun_at) in self.replies.borrow_mut().drain(..) {
            let took = ended_at.since(begun_at);
            let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let (row, client) = (reply.row(), reply.remote());
            self.measures.add(Slow { row, client, microseconds, ended_at });
            self.rates.answered(reply.length_bytes(), self.now);
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
        let has_calls = !self.paused && self.rpc.has_calls();
        let may_go_on = has_calls && self.rates.allow(self.now);
        if self.tasks.is_ready() || may_go_on || self.exporting.has_next() {
            return Next::Again;
        }
        let own = [
            self.rpc.deadline(),
            self.carrier.deadline(),
            self.trim_at,
            self.timers.next(),
            self.rest_deadline(),
            has_calls.then(|| self.rates.next()),
        ];
        own.into_iter().flatten().min().map_or(Next::Idle, Next::At)
    }

    /// When what is served is to be closed, if nobody uses it. What keeps it open until later ends in
    /// a turn anyway.
    fn rest_deadline(&self) -> Option<Instant> {
        let upkeep = self.volume.upkeep().filter(|_| self.volume.can_rest())?;
        let is_busy = self.gate.is_wanted() || upkeep.task_count() > 0 || upkeep.is_unsaved();
        self.rest.deadline().filter(|_| !is_busy)
    }
}
