//! Connections move to another stack in the middle of what they do, and their peers notice nothing.

use super::plan::Plan;
use super::play::{Played, are_over, begin, deadline, finish};
use super::station::{Station, config};
use super::world::{World, port};
use hyper::{Clock, Link, StreamId};
use net::Stack;
use std::collections::BTreeMap;
use std::time::Duration;

/// Moves of one scenario, at most.
const MOVES_MAX: u64 = 20;

/// How much longer all may take: what an old stack had ready to leave is lost, and so are frames that
/// wait until the new one knows its neighbours.
const MOVING_TIME: Duration = Duration::from_secs(20);

/// Plays the scenario of a seed; now and then all connections of a station move to a new stack, which
/// takes the place of the old one. Frames on their way arrive there.
///
/// # Errors
/// The rule that was broken.
pub fn play_moving(seed: u64) -> Result<Played, String> {
    let plan = Plan::of_seed(seed);
    let mut world = World::new(&plan.way, &plan.luck);
    begin(&mut world, &plan.conversations);
    let (start, count) = (world.clock.now(), plan.conversations.len());
    let mut moves = 0;
    let often = plan.luck.between(2, 200);
    let end = deadline(&plan, start) + MOVING_TIME;
    let mut fault = None;
    world.run(end, |world| {
        let number = plan.luck.index(2);
        let is_time = plan.luck.one_in(often) && moves < MOVES_MAX;
        if is_time && can_move(world, number, count) {
            let secret = [plan.luck.number() as u8; 16];
            match moved(&mut world.stations[number], secret) {
                Ok(connections) => moves += connections,
                Err(why) => fault = Some(why),
            }
        }
        fault.is_some() || are_over(world, count)
    })?;
    let played = fault.map_or_else(|| finish(&mut world, &plan, start), Err)?;
    Ok(Played { moves, ..played })
}

/// Whether all that a station knows is in its open connections: what is being opened, and what is
/// over and remembered, stays behind.
fn can_move(world: &World, number: usize, count: usize) -> bool {
    (0..count).all(|conversation| {
        let ledgers = [number, 1 - number]
            .map(|station| world.stations[station].talk(port(conversation)))
            .map(|talk| talk.map(|talk| &talk.ledger));
        let [Some(own), Some(other)] = ledgers else { return false };
        own.is_open && !own.is_closed && other.is_open
    })
}

/// Replaces a station's stack. Returns how many connections moved.
fn moved(station: &mut Station, secret: [u8; 16]) -> Result<u64, String> {
    let now = station.clock.now();
    let link = station.card.properties();
    let [mut between, mut new] =
        [[0; 16], secret].map(|secret| Stack::new(config(station.number), &link, secret, now));
    let names: Vec<StreamId> = station.talks.keys().copied().collect();
    let (mut talks, mut ports) = (BTreeMap::new(), BTreeMap::new());
    for name in names {
        let fault = |what: &str| format!("station {}, {name:?}: {what}", station.number);
        let exported = station.stack.export(name, now).ok_or_else(|| fault("not exported"))?;
        let on_the_way = between.import(exported.clone()).ok_or_else(|| fault("not imported"))?;
        let again = between.export(on_the_way, now).ok_or_else(|| fault("not exported again"))?;
        if again != exported {
            return Err(fault("something got lost on the way"));
        }
        let arrived = new.import(again).ok_or_else(|| fault("not imported again"))?;
        talks.extend(station.talks.remove(&name).map(|talk| (arrived, talk)));
        ports.extend(station.ports.remove(&name).map(|port| (arrived, port)));
    }
    let left = station.stack.connection_count() + between.connection_count();
    if left > 0 {
        return Err(format!("station {}: {left} connections stay behind", station.number));
    }
    (station.talks, station.ports, station.stack) = (talks, ports, new);
    Ok(station.talks.len() as u64)
}
