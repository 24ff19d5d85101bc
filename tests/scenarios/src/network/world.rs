//! Two stations, a cable between them, and perhaps somebody in the middle of it.

use super::station::{Station, address};
use super::talk::{Act, Talk};
use abi::Instant;
use hyper::{Clock, LinkProperties};
use sim::{Cable, Carried, Conditions, Delivery, Luck, VirtualClock};
use std::net::SocketAddr;
use std::time::Duration;

/// Somebody through whose hands all frames go.
pub trait Middle {
    /// A frame on its way to the station of this number: what leaves instead of it, and to whom.
    fn frame(&mut self, to: usize, bytes: Vec<u8>, now: Instant) -> Vec<(usize, Vec<u8>)>;
}

/// What connects two stations.
pub struct Way {
    /// What each card is like.
    pub links: [LinkProperties; 2],
    /// How each gets its frames.
    pub deliveries: [Delivery; 2],
    /// What happens to frames from either.
    pub conditions: [Conditions; 2],
}

/// A conversation: who opens it, over which family, and what either side does.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The station that opens it.
    pub opener: usize,
    /// Whether over IPv6.
    pub is_v6: bool,
    /// What the opener does, and what the other.
    pub acts: [Vec<Act>; 2],
}

/// All of it.
pub struct World {
    /// The time.
    pub clock: VirtualClock,
    /// Both ends.
    pub stations: [Station; 2],
    cables: Vec<Cable>,
    middle: Option<Box<dyn Middle>>,
}

/// The port of a conversation.
pub fn port(conversation: usize) -> u16 {
    2049 + conversation as u16
}

impl World {
    /// Two stations that were just plugged in.
    pub fn new(way: &Way, luck: &Luck) -> Self {
        Self::build(way, None, luck)
    }

    /// With somebody in the middle; what is on the way happens before he gets it.
    pub fn with_middle(way: &Way, middle: Box<dyn Middle>, luck: &Luck) -> Self {
        Self::build(way, Some(middle), luck)
    }

    fn build(way: &Way, middle: Option<Box<dyn Middle>>, luck: &Luck) -> Self {
        let clock = VirtualClock::default();
        clock.pass(Duration::from_secs(1));
        let cable = |conditions| Cable::new(clock.clone(), conditions, luck);
        let [forth, back] = way.conditions;
        let cables = match middle {
            None => vec![cable([forth, back])],
            Some(_) => {
                let good = Conditions::default();
                vec![cable([forth, good]), cable([good, back])]
            }
        };
        let ends = [&cables[0], &cables[cables.len() - 1]];
        let stations = [0, 1].map(|number| {
            let card = ends[number].card(number, way.links[number], way.deliveries[number]);
            Station::new(number, card, clock.clone(), [number as u8 + 1; 16])
        });
        Self { clock, stations, cables, middle }
    }

    /// Begins a conversation.
    pub fn begin(&mut self, number: usize, conversation: &Conversation) {
        let Conversation { opener, is_v6, acts } = conversation;
        let other = 1 - opener;
        self.stations[other].expect(port(number), Talk::new(number, 1, &acts[1]));
        let remote = SocketAddr::new(address(other, *is_v6), port(number));
        self.stations[*opener].call(remote, Talk::new(number, 0, &acts[0]));
    }

    /// What became of the frames that each station has sent.
    pub fn carried(&self) -> [Carried; 2] {
        let ends = [&self.cables[0], &self.cables[self.cables.len() - 1]];
        [0, 1].map(|number| ends[number].carried(number))
    }

    /// Frames that each station has sent.
    pub fn sent_frames(&self) -> [u64; 2] {
        self.carried().map(|carried| carried.sent)
    }

    /// Frames that stations have sent.
    pub fn carried_frames(&self) -> u64 {
        self.sent_frames().iter().sum()
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
            while self.turn()? {}
            if done(self) {
                return Ok(true);
            }
            match self.next_due().filter(|due| *due <= end) {
                Some(due) => self.clock.reach(due),
                None => {
                    self.clock.reach(end);
                    return Ok(false);
                }
            }
        }
    }

    fn turn(&mut self) -> Result<bool, String> {
        let mut did = self.turn_middle();
        for station in &mut self.stations {
            did |= station.turn();
            if let Some(why) = station.fault.take() {
                return Err(format!("station {}: {why}", station.number));
            }
        }
        Ok(did)
    }

    fn turn_middle(&mut self) -> bool {
        let Some(middle) = &mut self.middle else { return false };
        let mut did = false;
        for to in [0, 1] {
            while let Some(bytes) = self.cables[1 - to].take(to) {
                did = true;
                for (to, bytes) in middle.frame(to, bytes, self.clock.now()) {
                    self.cables[to].send(1 - to, bytes);
                }
            }
        }
        did
    }

    fn next_due(&self) -> Option<Instant> {
        let between = self.middle.is_some().then(|| {
            [self.cables[1].next_due(0), self.cables[0].next_due(1)].into_iter().flatten()
        });
        let stations = self.stations.iter().filter_map(Station::next_due);
        stations.chain(between.into_iter().flatten()).min()
    }
}
