//! What services say of themselves, in the words of the control socket.

use abi::Instant;
use control::model::{
    Client, Counters, Disk, Histogram, Limits, Load, Memory, Procedure, SlowCall, Source, State,
};
use fleet::{LimitsPlan, NetworkPlan, ServicePlan, SourcePlan, address};
use hyper::Clock;
use jiff::{SignedDuration, Timestamp};
use posix::HostClock;
use service::{Latency, Statistics};

use crate::run::runs::Known;

/// When a moment of the monotonic clock was, or will be.
pub fn time(moment: Instant) -> Timestamp {
    let (now, wall) = (HostClock.now(), HostClock.wall());
    let wall = Timestamp::new(wall.seconds, wall.nanoseconds.cast_signed()).unwrap_or_default();
    let away = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::ZERO);
    let there = match moment > now {
        true => wall.checked_add(away(moment.since(now))),
        false => wall.checked_sub(away(now.since(moment))),
    };
    there.unwrap_or(wall)
}

/// How far a service is.
pub fn state(state: &fleet::State) -> State {
    match state {
        fleet::State::Waiting => State::Waiting,
        fleet::State::Starting => State::Starting,
        fleet::State::Resting => State::Resting,
        fleet::State::Serving => State::Serving,
        fleet::State::Paused => State::Paused,
        fleet::State::Stopping => State::Stopping,
        fleet::State::Stopped => State::Stopped,
        fleet::State::Failed { .. } => State::Failed,
    }
}

/// What it did.
pub fn counters(of: &Statistics) -> Counters {
    let disk = of.disk.unwrap_or_default();
    Counters {
        calls: of.rpc.calls,
        errors: of.rpc.faults,
        received_bytes: of.rpc.received_bytes,
        sent_bytes: of.rpc.sent_bytes,
        calls_in_flight: of.calls_at_work as u64,
        calls_waiting: of.calls_waiting as u64,
        connections: of.connections as u64,
        cache_hits: of.cache.hits,
        cache_misses: of.cache.misses,
        disk: Disk {
            reads: disk.reads,
            read_bytes: disk.read_bytes,
            writes: disk.writes,
            written_bytes: disk.written_bytes,
            flushes: disk.flushes,
        },
        commits: of.commits.unwrap_or(0),
    }
}

/// What is left of the counts of a service that has ended.
pub fn ended(counters: Counters) -> Counters {
    Counters { calls_in_flight: 0, calls_waiting: 0, connections: 0, ..counters }
}

/// What all of its calls took.
pub fn microseconds(of: &Statistics) -> u64 {
    of.procedures.iter().map(|procedure| procedure.latency.total_microseconds).sum()
}

/// What it holds.
pub fn memory(of: &service::Memory) -> Memory {
    Memory {
        cache_bytes: of.cache,
        dirty_bytes: of.dirty,
        received_bytes: of.received,
        calls_bytes: of.requests,
        replies_bytes: of.replies,
        kept_replies_bytes: of.remembered,
        other_bytes: 0,
    }
}

/// How long calls took; empty buckets at the end are left out.
pub fn histogram(latency: &Latency) -> Histogram {
    let used = latency.calls.iter().rposition(|&calls| calls > 0).map_or(0, |last| last + 1);
    let buckets = latency.calls[..used].to_vec();
    Histogram { buckets, total_microseconds: latency.total_microseconds }
}

/// What was called.
pub fn procedures(of: &Statistics) -> impl Iterator<Item = Procedure> {
    of.procedures.iter().map(|procedure| Procedure {
        program: procedure.count.program.to_owned(),
        version: procedure.count.version,
        name: procedure.count.procedure.to_owned(),
        calls: procedure.count.calls,
        errors: procedure.count.faults,
        latency: histogram(&procedure.latency),
    })
}

/// The calls of a service that took longest.
pub fn slowest<'s>(name: &'s str, of: &'s Statistics) -> impl Iterator<Item = SlowCall> + 's {
    of.slowest.iter().map(move |call| SlowCall {
        service: name.to_owned(),
        procedure: format!("{}v{} {}", call.program, call.version, call.procedure),
        client: call.client.to_string(),
        microseconds: call.microseconds,
        at: time(call.ended_at),
    })
}

/// Who uses it.
pub fn client(of: service::Client) -> Client {
    Client {
        address: of.address.to_string(),
        connections: of.connections as u64,
        mounts: of.mounted,
        calls: of.calls,
        bytes: of.bytes,
        last_call: of.last_call.map(time),
    }
}

/// What it may take.
fn limits(of: &LimitsPlan) -> Limits {
    Limits {
        cache_bytes: of.cache_bytes,
        dirty_bytes: of.dirty_bytes,
        memory_bytes: of.memory_bytes,
        connections_max: of.connections_max as u64,
        calls_max: of.calls_max as u64,
        operations_per_second: of.operations_per_second,
        bytes_per_second: of.bytes_per_second,
        save_age_seconds: of.save_age.as_secs(),
        rest_after_seconds: of.rest_after.map(|age| age.as_secs()),
    }
}

fn source(of: &SourcePlan) -> Source {
    match of {
        SourcePlan::Image(image) => {
            let path = image.path.display().to_string();
            Source::Image { path, read_only: image.read_only }
        }
        SourcePlan::Memory { size_bytes } => Source::Memory { size_bytes: *size_bytes },
    }
}

/// Where it is reached: as it was told, or else as it is planned.
fn addresses(known: &Known) -> Vec<String> {
    match &known.plan.network {
        NetworkPlan::Listen(planned) => {
            let told = &known.run.addresses;
            let shown = if told.is_empty() { planned } else { told };
            shown.iter().map(ToString::to_string).collect()
        }
        NetworkPlan::Link(link) => link.addresses.iter().map(address::shown).collect(),
    }
}

fn link(plan: &ServicePlan) -> (Option<String>, Option<String>) {
    match &plan.network {
        NetworkPlan::Listen(_) => (None, None),
        NetworkPlan::Link(link) => {
            let trace = link.pcap.as_ref().map(|path| path.display().to_string());
            (Some(link.spec.to_string()), trace)
        }
    }
}

/// All that is told of a service; `seen` is what its worker said.
pub fn service(known: &Known, seen: Option<&super::census::Seen>) -> control::model::Service {
    let (plan, statistics) = (&known.plan, seen.map(|seen| &seen.status.statistics));
    let (reason, retry_at) = match &known.state {
        fleet::State::Failed { reason, retry_at, .. } => (Some(reason.clone()), retry_at.map(time)),
        _ => (None, None),
    };
    let (link, trace) = link(plan);
    control::model::Service {
        name: plan.name.clone(),
        uuid: plan.uuid.to_string(),
        state: state(&known.state),
        since: time(known.since),
        reason,
        retry_at,
        attempts: known.attempts,
        source: source(&plan.source),
        format: known.run.description.as_ref().map(|it| it.format.clone()),
        space: None,
        exports: plan.exports.iter().map(|export| export.text.clone()).collect(),
        addresses: addresses(known),
        link,
        worker: seen.map(|seen| seen.status.worker as u32),
        isolation: match plan.isolation {
            fleet::Isolation::Thread => "thread".to_owned(),
            fleet::Isolation::Process => "process".to_owned(),
        },
        labels: (*plan.labels).clone(),
        limits: limits(&plan.limits),
        weight: plan.weight,
        trace,
        counters: statistics.map(counters).unwrap_or_default(),
        load: seen.map_or_else(Load::default, |seen| seen.load),
        memory: statistics.map(|of| memory(&of.memory)).unwrap_or_default(),
    }
}
