//! How long things take where nothing is in their way: no longer than the way itself.

use super::play::Played;
use super::talk::Act;
use super::world::{Conversation, Way, World, port};
use hyper::{Clock, LinkOffload, LinkProperties};
use sim::{Carried, Conditions, Delivery, Luck};
use std::time::Duration;

/// Half of a round trip.
const DELAY: Duration = Duration::from_micros(500);

/// What is sent first, until both know how fast they may be.
const WARM_UP_BYTES: u64 = 1 << 20;

/// Sizes that are called with in a row, and the largest.
const STRETCH: u64 = 50;
const SIZE_MAX: u64 = 70_000;

/// How calls and replies look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Both are as long as they are.
    Echo,
    /// The call is, the reply is a byte.
    Write,
    /// The reply is, the call is a byte.
    Read,
    /// As `Echo`, but a head of 28 bytes leaves by itself, a moment earlier.
    Pieces,
}

/// All shapes.
pub const SHAPES: [Shape; 4] = [Shape::Echo, Shape::Write, Shape::Read, Shape::Pieces];

/// A way without fault, between cards of some ability.
pub fn good_way(mtu_bytes: u32, is_able: bool, conditions: Conditions) -> Way {
    let offload = LinkOffload {
        checksums: is_able,
        segments_v4: is_able,
        segments_v6: is_able,
        segments_bytes_max: if is_able { 65_549 } else { 0 },
    };
    let link = LinkProperties { mac: None, mtu_bytes, offload };
    let delivery = if is_able { Delivery::Gathered } else { Delivery::Plain };
    Way { links: [link; 2], deliveries: [delivery; 2], conditions: [conditions; 2] }
}

/// Calls of each of these sizes, one after the other; each must take one round trip.
///
/// # Errors
/// The first that took longer, and how long.
pub fn calls(shape: Shape, sizes: &[u64], way: &Way, is_v6: bool) -> Result<(), String> {
    let mut world = World::new(way, &Luck::new(1));
    let conversation = Conversation { opener: 0, is_v6, acts: calls_of(shape, sizes) };
    world.begin(0, &conversation);
    let end = world.clock.now() + Duration::from_secs(600);
    let is_over = world.run(end, |world| world.stations[0].stack.connection_count() == 0)?;
    let client = world.stations[0].talk(port(0)).filter(|_| is_over).ok_or("it does not end")?;
    let most = DELAY * 2 + Duration::from_micros(if shape == Shape::Pieces { 10 } else { 0 });
    if client.times.len() != sizes.len() + 1 {
        return Err(format!("{} of {} calls were timed", client.times.len(), sizes.len() + 1));
    }
    // The first is the warming up.
    let slow = client.times[1..].iter().zip(sizes).find(|(took, _)| **took > most);
    match slow {
        None => Ok(()),
        Some((took, size)) => Err(format!("{shape:?} of {size} bytes took {took:?}, v6: {is_v6}")),
    }
}

/// Calls of a stretch of sizes, over some way: seeds in a row have all sizes, each over many ways.
///
/// # Errors
/// The first that took longer, and how long.
pub fn play_calls(seed: u64) -> Result<Played, String> {
    let luck = Luck::new(seed);
    let start = seed * STRETCH % SIZE_MAX;
    let sizes: Vec<_> = (start + 1..=start + STRETCH).collect();
    let mtu_bytes = *luck.pick(&[1280, 1500, 1500, 9000, 65_521]);
    let way = good_way(mtu_bytes, luck.one_in(2), near_by());
    calls(*luck.pick(&SHAPES), &sizes, &way, luck.one_in(2))?;
    Ok(Played { conversations: 1, heard_bytes: sizes.iter().sum(), ..Played::default() })
}

/// The way on which a round trip takes as long as [`calls`] wants it to.
pub fn near_by() -> Conditions {
    Conditions { delay: DELAY, ..Conditions::default() }
}

fn calls_of(shape: Shape, sizes: &[u64]) -> [Vec<Act>; 2] {
    let mut client = vec![Act::Send(WARM_UP_BYTES), Act::Hear(WARM_UP_BYTES)];
    let mut server = vec![Act::Hear(WARM_UP_BYTES), Act::Send(WARM_UP_BYTES)];
    let [mut asked, mut told] = [WARM_UP_BYTES; 2];
    for &size in sizes {
        let (call, reply) = match shape {
            Shape::Echo => (size, size),
            Shape::Write => (size, 1),
            Shape::Read => (1, size),
            Shape::Pieces => {
                client.extend([Act::Send(28), Act::Rest(Duration::from_micros(5))]);
                asked += 28;
                (size, size)
            }
        };
        (asked, told) = (asked + call, told + reply);
        client.extend([Act::Send(call), Act::Hear(told)]);
        server.extend([Act::Hear(asked), Act::Send(reply)]);
    }
    client.push(Act::Close);
    server.extend([Act::HearEnd, Act::Close]);
    [client, server]
}

/// What became of something large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bulk {
    /// How many times as long it took as its bytes need by themselves.
    pub times: f64,
    /// What became of its frames.
    pub carried: Carried,
}

/// Sends so much over a way with a rate.
///
/// # Errors
/// If it does not end.
pub fn bulk(bytes: u64, conditions: Conditions) -> Result<Bulk, String> {
    let mut world = World::new(&good_way(1500, false, conditions), &Luck::new(1));
    let acts = [
        vec![Act::Send(bytes), Act::Finish, Act::HearEnd, Act::Close],
        vec![Act::HearEnd, Act::Close],
    ];
    world.begin(0, &Conversation { opener: 0, is_v6: false, acts });
    let start = world.clock.now();
    let is_over = world.run(start + Duration::from_secs(600), |world| {
        world.stations[0].stack.connection_count() == 0
    })?;
    let took = world.clock.now().since(start).as_secs_f64();
    let rate = conditions.bytes_per_second.unwrap_or(u64::MAX);
    let [carried, _] = world.carried();
    let times = took / (bytes as f64 / rate as f64);
    if is_over { Ok(Bulk { times, carried }) } else { Err("it does not end".to_owned()) }
}
