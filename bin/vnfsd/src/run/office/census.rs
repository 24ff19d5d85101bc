//! How services are, as their workers say: asked when somebody wants to know, and not more often than
//! it changes for people.

use abi::Instant;
use control::model::{Counters, Load};
use hyper::Clock;
use posix::{Answer, HostClock, Inquiry, Pool, ServiceId, ServiceStatus};
use std::collections::HashMap;
use std::sync::mpsc::channel;
use std::thread::sleep;
use std::time::Duration;

use super::words;

/// What is younger is not asked again.
const FRESH: Duration = Duration::from_secs(1);

/// What is older says nothing of the present load.
const STALE: Duration = Duration::from_secs(60);

/// How long the first load is looked at.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// How long workers may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One service.
pub struct Seen {
    /// What its worker said.
    pub status: ServiceStatus,
    /// What it does at present.
    pub load: Load,
}

/// All of them.
#[derive(Default)]
pub struct Census {
    taken_at: Option<Instant>,
    services: HashMap<ServiceId, Seen>,
    /// What was done by services that have ended.
    past: Counters,
}

impl Census {
    /// One service, if its worker knew it.
    pub fn get(&self, id: Option<ServiceId>) -> Option<&Seen> {
        self.services.get(&id?)
    }

    /// All that are known.
    pub fn all(&self) -> impl Iterator<Item = &Seen> {
        self.services.values()
    }

    /// What was done since the process began, as far as anybody looked.
    pub fn counters(&self) -> Counters {
        let mut sum = self.past;
        self.all().for_each(|seen| sum += words::counters(&seen.status.statistics));
        sum
    }

    /// Asks again, if the last answer is not fresh. Load is what changed between two answers.
    pub fn refresh(&mut self, pool: &Pool) {
        let age = self.taken_at.map(|at| HostClock.now().since(at));
        if age.is_some_and(|age| age < FRESH) {
            return;
        }
        if age.is_none_or(|age| age > STALE) {
            self.take(pool);
            sleep(FIRST_LOOK);
        }
        self.take(pool);
    }

    fn take(&mut self, pool: &Pool) {
        let (reply, answers) = channel();
        // Who is gone has no services.
        let _ = pool.inspect(Inquiry::Everybody, &reply);
        drop(reply);
        let mut before = std::mem::take(&mut self.services);
        let end = HostClock.now() + PATIENCE;
        while let Ok(answer) = answers.recv_timeout(end.since(HostClock.now())) {
            let Answer::Services(services) = answer else { continue };
            for status in services {
                let load = before.remove(&status.service).map(|seen| load(&seen.status, &status));
                let seen = Seen { load: load.unwrap_or_default(), status };
                self.services.insert(seen.status.service, seen);
            }
        }
        for seen in before.into_values() {
            self.past += words::ended(words::counters(&seen.status.statistics));
        }
        self.taken_at = Some(HostClock.now());
    }
}

/// What a service did from one answer to the next.
fn load(before: &ServiceStatus, after: &ServiceStatus) -> Load {
    let (old, new) = (&before.statistics, &after.statistics);
    let seconds = new.now.since(old.now).as_secs_f64();
    if seconds <= 0.0 {
        return Load::default();
    }
    let grown = |old: u64, new: u64| new.saturating_sub(old) as f64;
    let calls = grown(old.rpc.calls, new.rpc.calls);
    let taken = grown(words::microseconds(old), words::microseconds(new));
    Load {
        calls_per_second: calls / seconds,
        received_bytes_per_second: grown(old.rpc.received_bytes, new.rpc.received_bytes) / seconds,
        sent_bytes_per_second: grown(old.rpc.sent_bytes, new.rpc.sent_bytes) / seconds,
        call_microseconds: if calls > 0.0 { taken / calls } else { 0.0 },
        busy: grown(before.used_ns, after.used_ns) / 1e9 / seconds,
    }
}
