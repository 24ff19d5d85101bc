//! What is played with a seed: a way, and conversations over it.

use super::talk::Act;
use super::world::{Conversation, Way};
use hyper::{LinkOffload, LinkProperties};
use sim::{Conditions, Delivery, Luck, PerMillion, Queue};
use std::time::Duration;

/// Conversations of one scenario, at most.
const CONVERSATIONS_MAX: u64 = 4;

/// What an Ethernet header adds to the largest packet that is cut, in bytes.
const LARGEST_FRAME_BYTES: u32 = 65_549;

/// A scenario.
pub struct Plan {
    /// The way between the stations.
    pub way: Way,
    /// Whether anything is lost or damaged on it.
    pub is_lossy: bool,
    /// Whether all has to be over as soon as it can.
    pub is_hurried: bool,
    /// What is said.
    pub conversations: Vec<Conversation>,
    /// What else is left to chance.
    pub luck: Luck,
}

impl Plan {
    /// The scenario of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let luck = Luck::new(seed);
        let way = way(&luck);
        let is_lossy = way.conditions.iter().any(is_lossy);
        let count = luck.between(1, CONVERSATIONS_MAX);
        let conversations: Vec<_> = (0..count).map(|_| conversation(&luck, is_lossy)).collect();
        let mut acts = conversations.iter().flat_map(|talk| talk.acts.iter().flatten());
        let is_hurried = !is_lossy && acts.all(|act| *act != Act::Abort);
        Self { way, is_lossy, is_hurried, conversations, luck }
    }
}

/// Whether frames can get lost.
fn is_lossy(conditions: &Conditions) -> bool {
    let Conditions { lost, bursts, corrupted, truncated, bytes_per_second, queue, .. } = conditions;
    let drops = bytes_per_second.is_some() && *queue == Queue::Drops;
    drops || [lost, bursts, corrupted, truncated].iter().any(|chance| chance.0 > 0)
}

fn way(luck: &Luck) -> Way {
    let mtu_bytes = match luck.below(6) {
        0 => 1280,
        1 => 9000,
        2 => 65_521,
        3 => luck.between(1280, 9000) as u32,
        _ => 1500,
    };
    let is_local = luck.one_in(8);
    let [near, far] = [(); 2].map(|()| end(luck, mtu_bytes, is_local));
    let conditions = match luck.below(3) {
        0 => Conditions { delay: delay(luck), ..Conditions::default() },
        1 => limited(luck),
        _ => bad(luck),
    };
    // Often only one direction is bad.
    let back = match luck.below(3) {
        0 => Conditions { delay: conditions.delay, ..Conditions::default() },
        _ => conditions,
    };
    let conditions = if luck.one_in(2) { [conditions, back] } else { [back, conditions] };
    Way { links: [near.0, far.0], deliveries: [near.1, far.1], conditions }
}

pub(super) fn end(luck: &Luck, mtu_bytes: u32, is_local: bool) -> (LinkProperties, Delivery) {
    let is_able = is_local || luck.one_in(2);
    let offload = LinkOffload {
        checksums: is_able,
        segments_v4: is_able && !luck.one_in(4),
        segments_v6: is_able && !luck.one_in(4),
        segments_bytes_max: if is_able { LARGEST_FRAME_BYTES } else { 0 },
    };
    let delivery = match luck.below(3) {
        _ if is_local => Delivery::Local,
        0 => Delivery::Plain,
        1 => Delivery::Verified,
        _ => Delivery::Gathered,
    };
    (LinkProperties { mac: None, mtu_bytes, offload }, delivery)
}

pub(super) fn delay(luck: &Luck) -> Duration {
    Duration::from_micros(*luck.pick(&[10, 100, 100, 1000, 10_000, 50_000]))
}

/// A way that is as fast as it is, and no faster.
fn limited(luck: &Luck) -> Conditions {
    let bytes_per_second = *luck.pick(&[1_000_000, 12_500_000, 125_000_000]);
    let delay = delay(luck);
    let on_way = bytes_per_second * delay.as_micros() as u64 / 500_000;
    Conditions {
        delay,
        bytes_per_second: Some(bytes_per_second),
        queue_bytes: 150_000 + on_way * luck.between(0, 2),
        queue: if luck.one_in(2) { Queue::Drops } else { Queue::Refuses },
        marks: luck.one_in(2),
        gathered: Duration::from_micros(luck.below(2) * 50),
        ..Conditions::default()
    }
}

/// A way on which everything can happen.
fn bad(luck: &Luck) -> Conditions {
    let delay = delay(luck);
    let chance = |most| PerMillion(if luck.one_in(2) { luck.below(most) } else { 0 });
    Conditions {
        delay,
        overtaken: chance(200_000),
        overtaken_by: delay.mul_f64(luck.between(1, 30) as f64 / 10.0),
        lost: chance(50_000),
        bursts: chance(5_000),
        burst: Duration::from_millis(luck.between(1, 300)),
        duplicated: chance(50_000),
        corrupted: chance(20_000),
        truncated: chance(5_000),
        gathered: Duration::from_micros(luck.below(2) * 50),
        ..Conditions::default()
    }
}

/// A number of bytes: small ones, those around the sizes of segments, large ones.
fn size(luck: &Luck) -> u64 {
    match luck.below(8) {
        0 => luck.below(3),
        1 => luck.below(200),
        2 => 1400 + luck.below(120),
        3 => 8900 + luck.below(100),
        4 => luck.below(70_000),
        _ => luck.below(1 << luck.between(8, 20)),
    }
}

fn pause(luck: &Luck) -> Duration {
    Duration::from_micros(luck.below(10_u64.pow(luck.between(2, 6) as u32)))
}

fn conversation(luck: &Luck, is_lossy: bool) -> Conversation {
    let acts = match luck.below(8) {
        0 | 1 => bulk(luck),
        2 | 3 => calls(luck, if is_lossy { 60 } else { 300 }),
        4 => one_after_the_other(luck),
        5 => opener_hears(luck),
        6 => aborted(luck),
        _ => quiet(luck),
    };
    Conversation { opener: luck.index(2), is_v6: luck.one_in(2), acts }
}

/// Both send at the same time, in pieces, and sometimes do not listen.
fn bulk(luck: &Luck) -> [Vec<Act>; 2] {
    [(); 2].map(|()| {
        let mut acts = Vec::new();
        for _ in 0..luck.below(5) {
            acts.push(Act::Send(size(luck)));
            match luck.below(6) {
                0 => acts.push(Act::Rest(pause(luck))),
                1 => acts.push(Act::Deafen(pause(luck))),
                2 => acts.push(Act::Confirm),
                _ => {}
            }
        }
        acts.extend([Act::Finish, Act::HearEnd, Act::Close]);
        acts
    })
}

/// Calls and replies, sometimes several at a time, their heads by themselves.
fn calls(luck: &Luck, most: u64) -> [Vec<Act>; 2] {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    let [mut asked, mut told] = [0; 2];
    let is_small = luck.one_in(2);
    let size = || if is_small { luck.between(1, 200) } else { size(luck) + 1 };
    for _ in 0..luck.between(1, if is_small { most } else { most / 10 }) {
        let (head, text, reply) = (luck.between(1, 100), size(), size());
        client.extend([Act::Send(head), Act::Send(text)]);
        asked += head + text;
        told += reply;
        server.extend([Act::Hear(asked), Act::Send(reply)]);
        if !luck.one_in(4) {
            client.push(Act::Hear(told));
        }
        if luck.one_in(20) {
            client.push(Act::Rest(pause(luck)));
        }
    }
    client.extend([Act::Hear(told), Act::Close]);
    server.extend([Act::HearEnd, Act::Close]);
    [client, server]
}

/// One says all and its end; then the other.
fn one_after_the_other(luck: &Luck) -> [Vec<Act>; 2] {
    let first = vec![Act::Send(size(luck)), Act::Finish, Act::HearEnd, Act::Close];
    let mut second = vec![Act::HearEnd, Act::Send(size(luck)), Act::Close];
    if luck.one_in(3) {
        second.insert(0, Act::Deafen(pause(luck)));
    }
    [first, second]
}

/// Whoever was called says something, and ends at once.
fn opener_hears(luck: &Luck) -> [Vec<Act>; 2] {
    [vec![Act::HearEnd, Act::Close], vec![Act::Send(size(luck)), Act::Close]]
}

/// One of them ends it in the middle.
fn aborted(luck: &Luck) -> [Vec<Act>; 2] {
    let [first, mut second] = bulk(luck);
    second.truncate(luck.index(second.len() + 1));
    second.extend([Act::Rest(pause(luck)), Act::Abort]);
    if luck.one_in(2) { [first, second] } else { [second, first] }
}

/// Little is said, with long silences.
fn quiet(luck: &Luck) -> [Vec<Act>; 2] {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    for count in 1..=luck.between(1, 4) {
        client.extend([Act::Send(100), Act::Hear(count * 100)]);
        client.push(Act::Rest(Duration::from_secs(luck.below(200))));
        server.extend([Act::Hear(count * 100), Act::Send(100)]);
    }
    client.push(Act::Close);
    server.extend([Act::HearEnd, Act::Close]);
    [client, server]
}
