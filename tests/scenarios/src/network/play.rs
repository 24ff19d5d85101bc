//! A scenario is played, and what came of it is judged.

use super::plan::Plan;
use super::talk::{Act, Talk};
use super::world::{Conversation, World, port};
use abi::Instant;
use hyper::Clock;
use std::time::Duration;

/// How long conversations may take on a way on which nothing is lost, beside the time in which they
/// rest and their bytes need for themselves.
const GOOD_TIME: Duration = Duration::from_millis(100);

/// How long on another one: connections that nobody answers on are given up after minutes.
const BAD_TIME: Duration = Duration::from_secs(2000);

/// How long what is over is remembered, and then some.
const FORGOTTEN: Duration = Duration::from_secs(200);

/// What was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Conversations.
    pub conversations: u64,
    /// Bytes that arrived at those who were to hear them.
    pub heard_bytes: u64,
    /// Frames sent.
    pub frames: u64,
    /// How long it took, in virtual time.
    pub took: Duration,
    /// Connections that moved to another stack.
    pub moves: u64,
}

impl Played {
    /// Counts another.
    pub fn add(&mut self, other: &Self) {
        self.conversations += other.conversations;
        self.heard_bytes += other.heard_bytes;
        self.frames += other.frames;
        self.took += other.took;
        self.moves += other.moves;
    }
}

/// Plays the scenario of a seed.
///
/// # Errors
/// The rule that was broken.
pub fn play(seed: u64) -> Result<Played, String> {
    let plan = Plan::of_seed(seed);
    let mut world = World::new(&plan.way, &plan.luck);
    begin(&mut world, &plan.conversations);
    let start = world.clock.now();
    world.run(deadline(&plan, start), |world| are_over(world, plan.conversations.len()))?;
    finish(&mut world, &plan, start)
}

/// Begins all conversations at once.
pub fn begin(world: &mut World, conversations: &[Conversation]) {
    for (number, conversation) in conversations.iter().enumerate() {
        world.begin(number, conversation);
    }
}

/// Whether nobody has anything left to do or to hear.
pub fn are_over(world: &mut World, count: usize) -> bool {
    let is_quiet = world.stations.iter().all(|station| station.stack.connection_count() == 0);
    let is_done = |talk: Option<&Talk>| talk.is_none_or(|talk| talk.ledger.is_closed);
    is_quiet
        && (0..count).all(|number| {
            // Who is never called has nothing to do.
            let [first, second] = sides(world, number);
            is_done(first) && (is_done(second) || second.is_some_and(|side| !side.ledger.is_open))
        })
}

/// The sides of a conversation: whoever called first, if he is still known.
fn sides(world: &World, number: usize) -> [Option<&Talk>; 2] {
    let [first, second] = [0, 1].map(|station| world.stations[station].talk(port(number)));
    if world.stations[0].expected.contains_key(&port(number)) {
        [second, first]
    } else {
        [first, second]
    }
}

/// When all has to be over.
pub fn deadline(plan: &Plan, start: Instant) -> Instant {
    let acts =
        plan.conversations.iter().flat_map(|conversation| conversation.acts.iter().flatten());
    let rests: Duration = acts
        .map(|act| match act {
            Act::Rest(time) | Act::Deafen(time) => *time,
            _ => Duration::ZERO,
        })
        .sum();
    start + rests + if plan.is_hurried { GOOD_TIME + slow(plan) } else { BAD_TIME }
}

/// How long all bytes take that are said, and all that is waited for.
fn slow(plan: &Plan) -> Duration {
    let acts = || plan.conversations.iter().flat_map(|talk| talk.acts.iter().flatten());
    let bytes = |act: &Act| if let Act::Send(bytes) = act { *bytes } else { 0 };
    let total: u64 = acts().map(bytes).sum();
    let rates = plan.way.conditions.iter().filter_map(|way| way.bytes_per_second);
    let time = rates
        .min()
        .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(total as f64 / rate as f64 * 2.0));
    let delay: Duration = plan.way.conditions.iter().map(|way| way.delay).sum();
    time + delay * (acts().count() as u32 + 20)
}

/// Judges what came of all conversations, and waits until they are forgotten.
///
/// # Errors
/// The rule that was broken.
pub fn finish(world: &mut World, plan: &Plan, start: Instant) -> Result<Played, String> {
    let mut played = Played {
        conversations: plan.conversations.len() as u64,
        took: world.clock.now().since(start),
        ..Played::default()
    };
    for (number, conversation) in plan.conversations.iter().enumerate() {
        let [first, second] = [conversation.opener, 1 - conversation.opener]
            .map(|station| world.stations[station].talk(port(number)));
        let heard = judge(conversation, [first, second], plan.is_lossy);
        let said = |side: Option<&Talk>| side.map(Talk::waits_for);
        played.heard_bytes += heard.map_err(|why| {
            let [first, second] = [said(first), said(second)];
            let at = played.took;
            format!(
                "conversation {number}, {at:?}: {why}\n  opener: {first:?}\n  other: {second:?}"
            )
        })?;
    }
    let end = world.clock.now() + FORGOTTEN;
    world.run(end, |_| false)?;
    played.frames = world.carried_frames();
    nothing_is_left(world)?;
    Ok(played)
}

/// Judges one conversation. Returns how many bytes were heard.
fn judge(
    conversation: &Conversation,
    sides: [Option<&Talk>; 2],
    is_lossy: bool,
) -> Result<u64, String> {
    let [Some(first), Some(second)] = sides else { return Err("nobody's".to_owned()) };
    let is_aborted = conversation.acts.iter().any(|acts| acts.contains(&Act::Abort));
    let ledgers = [&first.ledger, &second.ledger];
    if !first.ledger.is_open && first.ledger.is_closed {
        // It was tried for two minutes.
        return if is_lossy { Ok(0) } else { Err("could not be opened".to_owned()) };
    }
    if let Some(side) = ledgers.iter().position(|ledger| !ledger.is_closed && ledger.is_open) {
        return Err(format!("side {side} is not over"));
    }
    for [own, other] in [ledgers, [ledgers[1], ledgers[0]]] {
        if own.heard > other.sent || own.confirmed > other.heard && !is_aborted {
            return Err("more than was said, or confirmed than heard".to_owned());
        }
        if !is_aborted && (own.heard != other.sent || other.confirmed != other.sent) {
            return Err("not all was heard".to_owned());
        }
    }
    let is_done = [first, second].iter().all(|side| side.is_done());
    if is_done || is_aborted {
        Ok(first.ledger.heard + second.ledger.heard)
    } else {
        Err("cut short".to_owned())
    }
}

/// Nothing is left of what was.
///
/// # Errors
/// What is.
pub fn nothing_is_left(world: &World) -> Result<(), String> {
    for station in &world.stations {
        let (held, count) = (station.stack.held(), station.stack.connection_count());
        let is_empty = held.frames == 0 && held.frames_waiting == 0 && held.received_bytes == 0;
        if count > 0 || !is_empty || held.reassemblies > 0 {
            return Err(format!("station {} holds {count} connections, {held:?}", station.number));
        }
    }
    Ok(())
}
