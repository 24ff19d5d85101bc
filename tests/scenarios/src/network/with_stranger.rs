//! Conversations with a stack by another hand.

use super::plan::{delay, end};
use super::play::Played;
use super::station::{Station, address};
use super::stranger::Stranger;
use super::talk::{Act, Talk};
use super::world::port;
use abi::Instant;
use hyper::{Clock, LinkProperties};
use sim::{Cable, Conditions, Delivery, Luck, PerMillion, VirtualClock};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// The largest MTU that smoltcp bears, in bytes.
const STRANGER_MTU_BYTES_MAX: u64 = 9200;

/// How long a conversation may take: a loss costs the stranger seconds.
const PATIENCE: Duration = Duration::from_secs(3000);

/// Our station, and the stranger.
pub struct Pair {
    /// The time.
    pub clock: VirtualClock,
    /// Ours, number 0.
    pub station: Station,
    /// Number 1.
    pub stranger: Stranger,
    cable: Rc<Cable>,
}

impl Pair {
    /// Both, just plugged in.
    pub fn new(
        link: LinkProperties,
        delivery: Delivery,
        conditions: [Conditions; 2],
        luck: &Luck,
    ) -> Self {
        let clock = VirtualClock::default();
        clock.pass(Duration::from_secs(1));
        let cable = Rc::new(Cable::new(clock.clone(), conditions, luck));
        let card = cable.card(0, link, delivery);
        let station = Station::new(0, card, clock.clone(), [1; 16]);
        let stranger = Stranger::new(cable.clone(), clock.clone(), link.mtu_bytes, luck.number());
        Self { clock, station, stranger, cable }
    }

    /// Everything until `end` or until `done`; says whether it is done.
    ///
    /// # Errors
    /// What must not happen, and did.
    pub fn run(
        &mut self,
        end: Instant,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> Result<bool, String> {
        loop {
            while self.station.turn() | self.stranger.turn()? {}
            if let Some(why) = self.station.fault.take() {
                return Err(why);
            }
            if done(self) {
                return Ok(true);
            }
            let dues = [self.station.next_due(), self.stranger.next_due()];
            match dues.into_iter().flatten().min().filter(|due| *due <= end) {
                Some(due) => self.clock.reach(due),
                None => return Ok(false),
            }
        }
    }
}

/// Plays the scenario of a seed.
///
/// # Errors
/// The rule that was broken.
pub fn play_with_stranger(seed: u64) -> Result<Played, String> {
    let luck = Luck::new(seed);
    let mtu_bytes =
        *luck.pick(&[1280, 1500, 1500, luck.between(1280, STRANGER_MTU_BYTES_MAX)]) as u32;
    let (link, delivery) = end(&luck, mtu_bytes, false);
    let conditions = [(); 2].map(|()| conditions(&luck));
    let mut pair = Pair::new(link, delivery, conditions, &luck);
    let count = luck.between(1, 3) as usize;
    let told: Vec<_> = (0..count).map(|number| begin(&mut pair, number, &luck)).collect();
    let (start, limit) = (pair.clock.now(), pair.clock.now() + PATIENCE);
    let is_over = pair
        .run(limit, |pair| pair.stranger.is_done() && pair.station.stack.connection_count() == 0)?;
    let mut played = Played {
        conversations: count as u64,
        took: pair.clock.now().since(start),
        frames: pair.cable.carried(0).sent + pair.cable.carried(1).sent,
        ..Played::default()
    };
    for (number, own_bytes) in told.into_iter().enumerate() {
        let talk = pair.station.talk(port(number)).ok_or("nobody's")?;
        let side = &pair.stranger.sides[number];
        let is_heard = talk.ledger.heard == side.own_bytes && side.heard == own_bytes;
        if !is_over || !is_heard || !talk.is_done() || talk.ledger.confirmed != own_bytes {
            let (heard, sent) = (side.heard, side.sent);
            let ours = talk.waits_for();
            return Err(format!(
                "conversation {number}, over: {is_over}; the stranger heard {heard} of {own_bytes}, sent {sent} of {}; we: {ours}",
                side.own_bytes
            ));
        }
        played.heard_bytes += side.heard + talk.ledger.heard;
    }
    Ok(played)
}

/// Begins a conversation, either way. Returns what we will send.
fn begin(pair: &mut Pair, number: usize, luck: &Luck) -> u64 {
    let [own_bytes, their_bytes] = [(); 2].map(|()| luck.below(1 << luck.between(1, 19)));
    let first = luck.below(own_bytes + 1);
    let acts =
        [Act::Send(first), Act::Send(own_bytes - first), Act::Finish, Act::HearEnd, Act::Close];
    let (is_v6, port) = (luck.one_in(2), port(number));
    if luck.one_in(2) {
        pair.station.expect(port, Talk::new(number, 1, &acts));
        pair.stranger.take_part(number, Some(is_v6), port, their_bytes);
    } else {
        pair.stranger.take_part(number, None, port, their_bytes);
        pair.station.call(SocketAddr::new(address(1, is_v6), port), Talk::new(number, 0, &acts));
    }
    own_bytes
}

/// What the stranger, who recovers slowly, can bear.
fn conditions(luck: &Luck) -> Conditions {
    let chance = |most| PerMillion(if luck.one_in(2) { luck.below(most) } else { 0 });
    let delay = delay(luck);
    Conditions {
        delay,
        overtaken: chance(100_000),
        overtaken_by: delay,
        lost: chance(10_000),
        duplicated: chance(20_000),
        corrupted: chance(5_000),
        ..Conditions::default()
    }
}
