//! A pool that does what luck says, judged at every step.

use super::*;
use crate::limits::LimitsPlan;
use crate::plan::{Isolation, NetworkPlan, SourcePlan};
use proptest::prelude::*;
use service::Opening;
use std::collections::BTreeMap;

const SERVICES: usize = 6;
const STARTS_MAX: usize = 2;

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// A file in which some services are, whose ports have moved on, and of a revision.
    Apply {
        present: u8,
        started: u8,
        shift: usize,
        revision: u64,
    },
    Want(usize, u8),
    /// The pool takes so many commands.
    Take(usize),
    /// One of the runs says something.
    Say(usize, u8),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let apply = (any::<u8>(), any::<u8>(), 0..SERVICES, 0..3_u64).prop_map(
        |(present, started, shift, revision)| Step::Apply { present, started, shift, revision },
    );
    let step = prop_oneof![
        1 => apply,
        3 => (0..SERVICES, 0..5_u8).prop_map(|(service, verb)| Step::Want(service, verb)),
        5 => (1..6_usize).prop_map(Step::Take),
        6 => (0..SERVICES, 0..6_u8).prop_map(|(run, news)| Step::Say(run, news)),
        2 => (0..90_000_u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..80)
}

fn name(service: usize) -> String {
    format!("s{service}")
}

fn plan(service: usize, started: u8, shift: usize, revision: u64) -> Arc<ServicePlan> {
    let port = 1000 + ((service + shift) % SERVICES) as u16;
    Arc::new(ServicePlan {
        name: name(service),
        uuid: uuid::Uuid::from_u128(service as u128),
        source: SourcePlan::Memory { size_bytes: 1 << 20 },
        exports: Arc::new([]),
        network: NetworkPlan::Listen(vec![([127, 0, 0, 1], port).into()]),
        limits: LimitsPlan { memory_bytes: Some(revision), ..LimitsPlan::default() },
        weight: 1,
        labels: Arc::default(),
        isolation: Isolation::Thread,
        opening: Opening::AtOnce,
        start: started >> service & 1 != 0,
    })
}

/// A run in the pool.
struct Live {
    plan: Arc<ServicePlan>,
    is_up: bool,
    is_paused: bool,
    is_stopping: bool,
}

/// The pool, and what everybody wants.
struct World {
    supervisor: Supervisor,
    now: Instant,
    live: BTreeMap<ServiceId, Live>,
    wanted: BTreeMap<String, Wanted>,
    last_run: Option<ServiceId>,
    is_ending: bool,
}

impl World {
    fn new() -> Self {
        let (live, wanted, last_run, is_ending) = <_>::default();
        let supervisor = Supervisor::new(7, 1);
        Self { supervisor, now: Instant(0), live, wanted, last_run, is_ending }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Apply { present, started, shift, revision } => {
                self.apply(present, started, shift, revision);
            }
            Step::Want(service, verb) => self.want(&name(service), verb),
            Step::Take(count) => (0..count).for_each(|_| {
                self.take();
            }),
            Step::Say(run, news) => self.say(run, news),
            Step::Pass(milliseconds) => {
                self.now = self.now + Duration::from_millis(milliseconds);
                self.supervisor.advance(self.now);
            }
        }
        self.check();
    }

    fn apply(&mut self, present: u8, started: u8, shift: usize, revision: u64) {
        let services = (0..SERVICES).filter(|service| present >> service & 1 != 0);
        let services = services.map(|service| plan(service, started, shift, revision));
        let mut plan = Plan { services: services.collect(), ..Plan::default() };
        plan.process.starts_max = STARTS_MAX;
        let by_name: BTreeMap<_, _> =
            plan.services.iter().map(|plan| (plan.name.clone(), plan.start)).collect();
        for Change { name, what } in self.supervisor.apply(plan).unwrap() {
            match (what, by_name.get(&name)) {
                (What::Add, Some(true)) => self.wanted.insert(name, Wanted::Running),
                (What::Add, _) => self.wanted.insert(name, Wanted::Stopped),
                (What::Remove, _) => self.wanted.remove(&name),
                _ => None,
            };
        }
    }

    fn want(&mut self, name: &str, verb: u8) {
        let (is_done, wanted) = match verb {
            0 => (self.supervisor.start(name), Wanted::Running),
            1 => (self.supervisor.stop(name), Wanted::Stopped),
            2 => (self.supervisor.pause(name), Wanted::Paused),
            3 => (self.supervisor.resume(name), Wanted::Running),
            _ => {
                self.supervisor.restart(name);
                return;
            }
        };
        assert!(verb == 3 || is_done == self.wanted.contains_key(name));
        if is_done {
            self.wanted.insert(name.to_owned(), wanted);
        }
    }

    /// Does one command. Says whether there was one.
    fn take(&mut self) -> bool {
        let Some(command) = self.supervisor.next_command() else {
            assert!(self.supervisor.is_settled() == (self.supervisor.overview().starting == 0));
            return false;
        };
        assert!(!self.supervisor.is_settled() || !matches!(command, Command::Start(..)));
        match command {
            Command::Start(id, plan) => self.begin(id, plan),
            Command::Stop(id) => self.change(id, |live| live.is_stopping = true),
            Command::Pause(id) => self.change(id, |live| live.is_paused = true),
            Command::Resume(id) => self.change(id, |live| live.is_paused = false),
            Command::SetLimits(id, plan) => self.change(id, |live| live.plan = plan),
            Command::SetExports(..) => {}
        }
        true
    }

    fn begin(&mut self, id: ServiceId, plan: Arc<ServicePlan>) {
        assert!(!self.is_ending, "a start after the end");
        assert!(self.last_run.is_none_or(|last| last < id), "a run's number is used again");
        self.last_run = Some(id);
        for live in self.live.values() {
            assert!(live.plan.name != plan.name, "two runs of {}", plan.name);
            assert!(live.plan.network != plan.network, "two runs at one address");
        }
        let (is_up, is_paused, is_stopping) = <_>::default();
        self.live.insert(id, Live { plan, is_up, is_paused, is_stopping });
        let starting = self.live.values().filter(|live| !live.is_up && !live.is_stopping);
        // Those whose stop is under way to the pool do not count any more.
        let told = |live: &&Live| {
            self.supervisor
                .status(&live.plan.name)
                .is_some_and(|status| status.state == State::Starting)
        };
        assert!(starting.filter(told).count() <= STARTS_MAX, "too many starts at a time");
    }

    /// A command may come too late.
    fn change(&mut self, id: ServiceId, change: impl FnOnce(&mut Live)) {
        if let Some(live) = self.live.get_mut(&id) {
            change(live);
        }
    }

    fn say(&mut self, run: usize, news: u8) {
        let Some(id) = self.live.keys().nth(run).copied() else { return };
        let news = match news {
            0 => News::Resting,
            1 | 2 => News::Serving,
            3 => News::Paused,
            4 => News::Stopped,
            _ => News::Failed("bad luck".to_owned()),
        };
        self.tell(id, news);
    }

    fn tell(&mut self, id: ServiceId, news: News) {
        let name = self.live[&id].plan.name.clone();
        match news {
            News::Stopped | News::Failed(_) => drop(self.live.remove(&id)),
            _ => self.change(id, |live| live.is_up = true),
        }
        let was_stopping =
            self.supervisor.status(&name).is_some_and(|status| status.state == State::Stopping);
        self.supervisor.report(id, news.clone(), self.now);
        let Some(status) = self.supervisor.status(&name) else { return };
        match (news, was_stopping) {
            (News::Resting, false) => assert_eq!(status.state, State::Resting),
            (News::Serving, false) => assert_eq!(status.state, State::Serving),
            (News::Paused, false) => assert_eq!(status.state, State::Paused),
            (News::Failed(_) | News::Stopped, false) => {
                assert!(matches!(status.state, State::Failed { .. }), "a failure is lost");
            }
            _ => {}
        }
        // Again, and of a run that nobody knows: nothing happens.
        if !self.live.contains_key(&id) {
            let before = self.supervisor.overview();
            self.supervisor.report(id, News::Serving, self.now);
            assert_eq!(self.supervisor.overview(), before);
        }
    }

    fn check(&self) {
        let overview = self.supervisor.overview();
        assert!(overview.running() >= self.live.len(), "a run is forgotten");
        let counted = self.supervisor.statuses().filter(|status| status.state == State::Starting);
        assert!(counted.count() <= STARTS_MAX);
        assert_eq!(self.supervisor.starting, overview.starting);
    }

    /// From now on everything goes well.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let mut has_happened = false;
            while self.take() {
                has_happened = true;
            }
            let news: Vec<(ServiceId, News)> =
                self.live.iter().filter_map(Live::good_news).collect();
            for (id, news) in news {
                self.tell(id, news);
                has_happened = true;
            }
            if let Some(at) = self.supervisor.deadline() {
                self.now = self.now.max(at);
                self.supervisor.advance(self.now);
                has_happened = true;
            }
            if !has_happened {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// Everything is as it is wanted.
    fn check_rest(&self) {
        for (name, wanted) in &self.wanted {
            let live = self.live.values().find(|live| live.plan.name == *name);
            let is_right = match wanted {
                Wanted::Running => live.is_some_and(|live| !live.is_paused),
                Wanted::Paused => live.is_some_and(|live| live.is_paused),
                Wanted::Stopped | Wanted::Gone => live.is_none(),
            };
            assert!(is_right, "{name} is to be {wanted:?}");
            let planned = self.supervisor.status(name).map(|status| status.plan.clone());
            let is_current = |live: &Live| {
                planned.as_ref().is_some_and(|planned| {
                    (&planned.network, &planned.limits) == (&live.plan.network, &live.plan.limits)
                })
            };
            assert!(live.is_none_or(is_current), "{name} runs by an old plan");
        }
        let names = self.live.values().map(|live| &live.plan.name);
        assert!(names.into_iter().all(|name| self.wanted.contains_key(name)), "a removed one runs");
        assert_eq!(self.supervisor.statuses().count(), self.wanted.len());
    }
}

impl Live {
    fn good_news((id, live): (&ServiceId, &Self)) -> Option<(ServiceId, News)> {
        let news = match (live.is_stopping, live.is_up) {
            (true, _) => News::Stopped,
            (false, false) => News::Serving,
            (false, true) => return None,
        };
        Some((*id, news))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_all_is_as_wanted_in_the_end(steps in steps()) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        world.settle();
        world.check_rest();
        prop_assert!(world.supervisor.is_settled());
        world.supervisor.end();
        world.is_ending = true;
        world.settle();
        prop_assert!(world.live.is_empty() && world.supervisor.is_over());
    }

    #[test]
    fn the_end_may_come_at_any_moment(steps in steps()) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        world.supervisor.end();
        world.is_ending = true;
        world.settle();
        prop_assert!(world.live.is_empty() && world.supervisor.is_over());
        prop_assert!(!world.supervisor.start("s0") && !world.supervisor.restart("s0"));
    }
}

/// A service that starts and fails, and the times between.
#[test]
fn failures_are_tried_again_ever_later_and_forgotten_after_a_while() {
    let mut world = World::new();
    world.apply(1, 1, 0, 0);
    let mut waits = Vec::new();
    for _ in 0..12 {
        assert!(world.take());
        let id = *world.live.keys().next().unwrap();
        world.tell(id, News::Failed("no such image".to_owned()));
        let at = world.supervisor.deadline().unwrap();
        waits.push(at.since(world.now).as_secs());
        assert!(!world.take(), "it is not tried at once");
        world.now = at;
        world.supervisor.advance(at);
    }
    assert!(waits[0] <= 1 && waits[5] >= 25 && waits[11] >= 240 && waits[11] <= 300, "{waits:?}");
    assert!(world.take());
    let id = *world.live.keys().next().unwrap();
    world.tell(id, News::Serving);
    world.now = world.now + STABLE_AFTER;
    world.tell(id, News::Failed("a panic".to_owned()));
    let State::Failed { reason, attempts, .. } = world.supervisor.status("s0").unwrap().state
    else {
        panic!("it failed");
    };
    assert_eq!((&*reason, attempts), ("a panic", 1));
    world.supervisor.start("s0");
    assert!(world.take(), "somebody asked for it now");
}

#[test]
fn who_needs_what_another_holds_waits_for_its_end() {
    let mut world = World::new();
    world.apply(0b11, 0b11, 0, 0);
    world.settle();
    // Both get the address of the other.
    world.apply(0b11, 0b11, 1, 0);
    world.apply(0b01, 0b11, SERVICES - 1, 0);
    world.settle();
    world.check_rest();
}

/// Work for each service does not grow with their number: counted in commands, judged by a ratio.
#[test]
fn ten_thousand_start_and_end() {
    let mut supervisor = Supervisor::new(1, 1);
    let service = |index: usize| {
        let mut plan = ServicePlan::clone(&plan(0, 1, 0, 0));
        plan.name = format!("s{index}");
        plan.network = NetworkPlan::Listen(vec![([127, 0, 0, 1], 1000 + index as u16).into()]);
        Arc::new(plan)
    };
    let services = (0..10_000).map(service).collect();
    supervisor.apply(Plan { services, ..Plan::default() }).unwrap();
    let mut commands = 0;
    while let Some(command) = supervisor.next_command() {
        commands += 1;
        let Command::Start(id, _) = command else { panic!("nothing but starts") };
        supervisor.report(id, News::Resting, Instant(0));
    }
    assert_eq!((commands, supervisor.overview().resting), (10_000, 10_000));
    supervisor.end();
    while let Some(command) = supervisor.next_command() {
        let Command::Stop(id) = command else { panic!("nothing but stops") };
        supervisor.report(id, News::Stopped, Instant(0));
    }
    assert!(supervisor.is_over());
}
