//! Somebody who can send what he likes in the name of either, and knows everything but the numbers.
//!
//! What is exact ends a connection or gets into it, by RFC 9293 and RFC 5961; what he sends never is.
//! He may come as near as he likes.

use super::forge::{Forged, error_about, flags};
use super::plan::Plan;
use super::play::{Played, are_over, begin, deadline, finish};
use super::world::{Middle, World};
use abi::Instant;
use hyper::Clock;
use sim::{Delivery, Luck, TcpFrame};
use std::collections::{BTreeSet, VecDeque};

/// Frames he keeps, to send them again.
const KEPT_MAX: usize = 200;

/// How far from the truth an acknowledgement must be so that nobody takes it for one: more than any
/// window.
const FAR: u32 = 1 << 26;

/// Plays the scenario of a seed with an attacker.
///
/// # Errors
/// The rule that was broken.
pub fn play_attacked(seed: u64) -> Result<Played, String> {
    let mut plan = Plan::of_seed(seed);
    for delivery in &mut plan.way.deliveries {
        // He sees frames as they are on a wire.
        *delivery = if *delivery == Delivery::Local { Delivery::Plain } else { *delivery };
    }
    plan.is_hurried = false;
    let attacker = Attacker {
        luck: plan.luck.fork(),
        often: plan.luck.between(1, 30),
        seen: VecDeque::new(),
        edges: BTreeSet::new(),
    };
    let mut world = World::with_middle(&plan.way, Box::new(attacker), &plan.luck);
    begin(&mut world, &plan.conversations);
    let start = world.clock.now();
    world.run(deadline(&plan, start), |world| are_over(world, plan.conversations.len()))?;
    finish(&mut world, &plan, start)
}

struct Attacker {
    luck: Luck,
    often: u64,
    /// Frames and where they went.
    seen: VecDeque<(usize, Vec<u8>)>,
    /// Numbers at which segments begin or end: what somebody may expect next.
    edges: BTreeSet<u32>,
}

impl Middle for Attacker {
    fn frame(&mut self, to: usize, bytes: Vec<u8>, _: Instant) -> Vec<(usize, Vec<u8>)> {
        let mut out = Vec::new();
        if let Some(tcp) = TcpFrame::of(&bytes) {
            self.see(to, &bytes, &tcp);
            if self.luck.one_in(self.often) {
                out.extend(self.attack());
            }
        }
        out.push((to, bytes));
        out
    }
}

impl Attacker {
    fn see(&mut self, to: usize, bytes: &[u8], tcp: &TcpFrame) {
        let (seq, text_bytes) = (tcp.seq(bytes), (tcp.end - tcp.text) as u32);
        self.edges.extend([0, 1, text_bytes, text_bytes + 1].map(|more| seq.wrapping_add(more)));
        self.edges.extend([0, 1].map(|more| tcp.ack(bytes).wrapping_add(more)));
        if self.seen.len() == KEPT_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back((to, bytes.to_vec()));
    }

    fn attack(&self) -> Option<(usize, Vec<u8>)> {
        let (to, frame) = match self.luck.one_in(3) {
            true => &self.seen[self.luck.index(self.seen.len())],
            false => self.seen.back()?,
        };
        let forged = Forged::after(frame)?;
        let bytes = match self.luck.below(9) {
            0 | 1 => self.ended(forged).done(),
            2 => self.begun(forged).done(),
            3 | 4 => self.said(forged).done(),
            5 => self.anything(forged).done(),
            6 => frame.clone(),
            7 => return self.lie(frame).map(|bytes| (1 - to, bytes)),
            _ => return self.lie(&self.anything(forged).done()).map(|bytes| (1 - to, bytes)),
        };
        Some((*to, bytes))
    }

    /// A number near one, that is nobody's next.
    fn near(&self, seq: u32) -> u32 {
        let distance = self.luck.below(1 << self.luck.between(1, 17)) as u32;
        let mut near = if self.luck.one_in(4) {
            seq.wrapping_sub(distance)
        } else {
            seq.wrapping_add(distance)
        };
        while self.edges.contains(&near) {
            near = near.wrapping_add(1);
        }
        near
    }

    /// A number far from one.
    fn far(&self, from: u32) -> u32 {
        let distance = self.luck.between(u64::from(FAR), u64::from(u32::MAX - FAR));
        from.wrapping_add(distance as u32)
    }

    /// An end at the wrong place. Who opens a connection knows no place yet, only the number that he
    /// sent himself: that is wrong then.
    fn ended(&self, forged: Forged) -> Forged {
        let is_opening = forged.flags() & flags::SYN != 0;
        let ack = if is_opening { self.far(forged.ack()) } else { forged.ack() };
        let seq = self.near(forged.seq());
        let more = if self.luck.one_in(2) { flags::ACK } else { 0 };
        forged.with_text(&[]).with_flags(flags::RST | more).with_seq(seq).with_ack(ack)
    }

    fn begun(&self, forged: Forged) -> Forged {
        let (seq, far) = (self.near(forged.seq()), self.far(forged.ack()));
        match self.luck.one_in(2) {
            true => forged.with_flags(flags::SYN).with_seq(seq),
            false => forged.with_flags(flags::SYN | flags::ACK).with_seq(seq).with_ack(far),
        }
    }

    /// Bytes where bytes are expected, or an end; only the acknowledgement is wrong.
    fn said(&self, forged: Forged) -> Forged {
        let (seq, ack) = (forged.seq(), self.far(forged.ack()));
        let seq = if self.luck.one_in(2) { seq } else { self.near(seq) };
        let more = if self.luck.one_in(3) { flags::FIN } else { 0 };
        let text = vec![0xee; self.luck.below(1000) as usize];
        forged.with_flags(flags::ACK | more).with_text(&text).with_seq(seq).with_ack(ack)
    }

    fn anything(&self, forged: Forged) -> Forged {
        let (seq, ack) = (self.far(forged.seq()), self.far(forged.ack()));
        let text = vec![0xee; self.luck.below(100) as usize];
        let forged = forged.with_text(&text).with_flags(self.luck.number() as u8);
        forged.with_window(self.luck.number() as u16).with_seq(seq).with_ack(ack)
    }

    /// That the path is narrow, or that there is nobody.
    fn lie(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let mtu_bytes = *self.luck.pick(&[0, 68, 552, 1280, 1300, 65_535]);
        match self.luck.below(3) {
            0 => {
                error_about(frame, [3, self.luck.below(4) as u8], [1, self.luck.below(5) as u8], 0)
            }
            _ => error_about(frame, [3, 4], [2, 0], mtu_bytes),
        }
    }
}
