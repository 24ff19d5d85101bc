//! One tenant's place on a worker, and the careful way to call into it.

use crate::clock::HostClock;
use crate::driver::SocketKey;
use crate::fairness::Share;
use crate::network::HALF_CLOSED_MAX;
use crate::report::{Progress, ServiceId};
use crate::tenant::{Configure, Site, Tenant};
use abi::Instant;
use hyper::{Clock, StreamId};
use service::{Description, Next, Service, State};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// How far a tenant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Starting,
    Serving,
    Stopping,
}

/// What was told of a tenant last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Resting,
    Serving,
    Paused,
}

/// One tenant.
pub(crate) struct Slot {
    pub(crate) id: ServiceId,
    pub(crate) name: String,
    /// None once it has ended and only sockets or disk operations are left.
    pub(crate) tenant: Option<Box<dyn Tenant>>,
    pub(crate) stage: Stage,
    pub(crate) told: Told,
    pub(crate) site: Site,
    /// What it is made of elsewhere, if it can be moved.
    pub(crate) remake: Option<Configure>,
    /// It is about to move to another worker.
    pub(crate) is_moving: Rc<Cell<bool>>,
    pub(crate) doors: Vec<SocketKey>,
    /// The index of its link.
    pub(crate) link: Option<usize>,
    /// What it owes to others of the time that it used.
    pub(crate) share: Share,
    /// Time that it used so far, in nanoseconds.
    pub(crate) used_ns: u64,
    /// The same when somebody looked last who is busy.
    pub(crate) used_before_ns: u64,
    /// What its clients may mount is about to change.
    pub(crate) is_exporting: bool,
    /// It is passed over for now, and nothing is received for it.
    pub(crate) is_held: bool,
    /// In the list of those to be turned.
    pub(crate) runnable: bool,
    /// When it wishes to be turned, and for when a timer is set: not later than that.
    pub(crate) wanted: Option<Instant>,
    pub(crate) armed: Option<Instant>,
    /// When patience with its stopping ends.
    pub(crate) deadline: Option<Instant>,
    /// Disk operations that had completed when that patience began.
    completed_before: u64,
    /// Open streams whose clients have said their last.
    pub(crate) half_closed: BTreeSet<StreamId>,
    /// Why it has to go, if its link is gone.
    pub(crate) lost: Option<String>,
    /// What to report when its last socket is gone and its last disk operation has ended.
    pub(crate) outcome: Option<Progress>,
}

/// What a turn brought to light.
pub(crate) enum News {
    None,
    /// What clients may mount has changed, or why it has not.
    ExportsSet(Result<(), String>),
    /// It is something else than was told last.
    Became(Told, Option<Description>),
    Failed(String),
    Stopped,
}

impl Slot {
    pub(crate) fn new(
        id: ServiceId,
        name: String,
        tenant: Option<Box<dyn Tenant>>,
        site: Site,
        share: Share,
    ) -> Self {
        Self {
            id,
            name,
            tenant,
            stage: Stage::Starting,
            told: Told::Nothing,
            site,
            remake: None,
            is_moving: Rc::default(),
            doors: Vec::new(),
            link: None,
            share,
            used_ns: 0,
            used_before_ns: 0,
            is_exporting: false,
            is_held: false,
            runnable: false,
            wanted: None,
            armed: None,
            deadline: None,
            completed_before: 0,
            half_closed: BTreeSet::new(),
            lost: None,
            outcome: None,
        }
    }

    /// Sets the moment when patience with its stopping ends.
    pub(crate) fn be_patient_until(&mut self, deadline: Instant) {
        self.completed_before = self.site.account.completed.get();
        self.deadline = Some(deadline);
    }

    /// What there is to report of a tenant that has ended.
    pub(crate) fn ending(&mut self) -> Progress {
        let lost = || self.lost.take().map(Progress::Failed);
        self.outcome.take().or_else(lost).unwrap_or(Progress::Stopped)
    }

    /// Whether it has got on with its disks since patience began, or waits for one.
    pub(crate) fn works_on_disks(&self) -> bool {
        self.awaits_disks() || self.site.account.completed.get() != self.completed_before
    }

    /// Whether a disk operation of its is under way.
    pub(crate) fn awaits_disks(&self) -> bool {
        self.site.account.under_way.get() > 0
    }
}

/// What came of exports that were to change, once there is something to tell.
pub(crate) fn exports_set(tenant: &mut dyn Tenant) -> News {
    tenant.service().and_then(Service::exports_set).map_or(News::None, News::ExportsSet)
}

/// What there is to tell of a tenant after its turn.
pub(crate) fn news(stage: Stage, told: Told, tenant: &dyn Tenant) -> News {
    match (stage, tenant.state()) {
        (_, State::Failed(reason)) => News::Failed(reason.clone()),
        (Stage::Stopping, _) if tenant.is_stopped() => News::Stopped,
        (Stage::Stopping, _) | (_, State::Mounting) => News::None,
        (_, State::Serving(_)) if matches!(told, Told::Serving | Told::Paused) => News::None,
        (_, State::Resting) if matches!(told, Told::Resting | Told::Paused) => News::None,
        (_, State::Serving(what)) => News::Became(Told::Serving, Some(what.clone())),
        (_, State::Resting) => News::Became(Told::Resting, None),
    }
}

/// Whether a tenant that says this will do nothing of its own soon.
pub(crate) fn is_quiet(next: Next) -> bool {
    match next {
        Next::Again => false,
        Next::At(moment) => moment > HostClock.now() + HALF_CLOSED_MAX,
        Next::Idle => true,
    }
}

/// Calls into a tenant, whose panic is its own end and nobody else's.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    // What the call leaves behind half-changed is the tenant's own, which is dropped then.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| {
            // Dropping what nobody knows might break in its turn.
            std::mem::forget(panic);
            "for a reason of no words".to_owned()
        })
    })
}

/// Lets go of what is a tenant's, whose destructors may be as broken as the rest of it.
pub(crate) fn drop_guarded<T>(own: T) {
    if let Err(panic) = guarded(|| drop(own)) {
        tracing::error!("what was ended broke once more: {panic}");
    }
}

/// The sentence for the administrator.
pub(crate) fn broken(panic: &str) -> String {
    format!("it broke, which is a defect to report: {panic}")
}
