//! What is done to services and to the process, by luck.

use super::{SERVICES, text};
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};
use suite::fleet::{Fleet, LETS_IN};
use suite::process;
use suite::server::Server;

/// Something done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Stop,
    Start,
    Pause,
    Resume,
    Reload,
    Kill,
}

const DEEDS: [Deed; 6] =
    [Deed::Stop, Deed::Start, Deed::Pause, Deed::Resume, Deed::Reload, Deed::Kill];

/// See the module's text.
pub struct Disorder<'a> {
    fleet: &'a Fleet,
    /// None only while it is started again.
    server: Option<Server>,
    luck: fastrand::Rng,
    is_other: bool,
    done: [u32; DEEDS.len()],
}

impl<'a> Disorder<'a> {
    /// Of a fleet that runs.
    pub fn new(fleet: &'a Fleet, server: Server, seed: u64) -> Self {
        let luck = fastrand::Rng::with_seed(seed);
        Self { fleet, server: Some(server), luck, is_other: false, done: [0; DEEDS.len()] }
    }

    /// The process that runs at present.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// The same, at the end.
    pub fn end(self) -> Server {
        self.server.expect("it runs")
    }

    /// How often what was done.
    pub fn told(&self) -> String {
        let each = DEEDS.iter().zip(self.done).map(|(deed, count)| format!("{deed:?} {count}"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// Everything, until then.
    pub fn with_deaths(&mut self, end: Instant) {
        self.go_on(end, DEEDS.len());
    }

    /// Everything but that the process is killed, until then.
    pub fn without_deaths(&mut self, end: Instant) {
        self.go_on(end, DEEDS.len() - 1);
    }

    fn go_on(&mut self, end: Instant, kinds: usize) {
        loop {
            let kind = self.luck.usize(..kinds);
            self.done[kind] += 1;
            self.act(DEEDS[kind]);
            sleep(Duration::from_millis(self.luck.u64(1..200)));
            if Instant::now() > end {
                break;
            }
        }
        self.put_in_order();
    }

    fn act(&mut self, deed: Deed) {
        let name = format!("many{}", self.luck.u16(..SERVICES));
        match deed {
            Deed::Stop => self.tell("stop", &name),
            Deed::Start => self.tell("start", &name),
            Deed::Pause => self.tell("pause", &name),
            Deed::Resume => self.tell("resume", &name),
            Deed::Reload => self.reload(!self.is_other),
            Deed::Kill => self.kill(),
        }
    }

    /// A command that may be refused, as nobody knows how the service is.
    fn tell(&self, word: &str, name: &str) {
        let Output { status, .. } = &self.fleet.try_ask(&[word, name]);
        assert!(matches!(status.code(), Some(0 | 1)), "{word} {name}: {status}");
    }

    fn reload(&mut self, is_other: bool) {
        self.fleet.write(&text(is_other));
        self.is_other = is_other;
        self.fleet.ask(&["reload"]);
    }

    fn kill(&mut self) {
        self.server.take().expect("it runs").kill();
        self.server = Some(self.fleet.start());
    }

    /// Everybody lets clients in again.
    fn put_in_order(&mut self) {
        self.reload(false);
        for number in 0..SERVICES {
            let name = format!("many{number}");
            let settled = [LETS_IN, &["paused", "stopped", "failed"]].concat();
            let status = self.fleet.await_state(&name, &settled);
            match status["state"].as_str() {
                Some("paused") => self.tell("resume", &name),
                Some("stopped") => self.tell("start", &name),
                Some("failed") => panic!("{status}"),
                _ => {}
            }
            self.fleet.await_state(&name, LETS_IN);
        }
        let asked = self.fleet.try_ask(&["status"]);
        assert!(asked.status.success(), "{}", process::describe(&asked));
    }
}
