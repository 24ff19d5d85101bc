//! A box in the middle with a narrow way behind it.

use super::forge::error_about;
use super::plan::Plan;
use super::play::{Played, are_over, begin, deadline, finish};
use super::world::{Middle, World};
use abi::Instant;
use hyper::Clock;
use sim::{Delivery, ETHERNET_BYTES};

/// Plays the scenario of a seed; what is too long in the middle is lost there, and its sender told.
///
/// # Errors
/// The rule that was broken.
pub fn play_narrow(seed: u64) -> Result<Played, String> {
    play_behind(seed, false)
}

/// The same, but nobody is told: a black hole.
///
/// # Errors
/// The rule that was broken.
pub fn play_black_hole(seed: u64) -> Result<Played, String> {
    play_behind(seed, true)
}

fn play_behind(seed: u64, is_silent: bool) -> Result<Played, String> {
    let mut plan = Plan::of_seed(seed);
    plan.way.deliveries = [Delivery::Plain; 2];
    // One is lost for each flight until its sender knows.
    (plan.is_lossy, plan.is_hurried) = (true, false);
    let widest = u64::from(plan.way.links[0].mtu_bytes);
    let mtu_bytes = plan.luck.between(1280, widest) as usize;
    let narrow = Narrow { mtu_bytes, is_silent };
    let mut world = World::with_middle(&plan.way, Box::new(narrow), &plan.luck);
    begin(&mut world, &plan.conversations);
    let start = world.clock.now();
    world.run(deadline(&plan, start), |world| are_over(world, plan.conversations.len()))?;
    finish(&mut world, &plan, start)
}

/// The box.
pub struct Narrow {
    /// The longest packet that it passes on, in bytes.
    pub mtu_bytes: usize,
    /// Whether it tells nobody.
    pub is_silent: bool,
}

impl Middle for Narrow {
    fn frame(&mut self, to: usize, bytes: Vec<u8>, _: Instant) -> Vec<(usize, Vec<u8>)> {
        if bytes.len() <= ETHERNET_BYTES + self.mtu_bytes {
            return vec![(to, bytes)];
        }
        let told = error_about(&bytes, [3, 4], [2, 0], self.mtu_bytes as u32);
        told.filter(|_| !self.is_silent).map(|told| (1 - to, told)).into_iter().collect()
    }
}
