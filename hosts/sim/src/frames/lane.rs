//! One direction of a cable: what goes in at one end comes out at the other, or not.

use super::conditions::{Conditions, Queue};
use super::headers::{ETHERNET_BYTES, Family, family};
use super::sums::fill_header_checksum;
use crate::Luck;
use abi::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// A frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// All of it.
    pub bytes: Vec<u8>,
    /// It never leaves the machine, and its sums are not filled in.
    pub checked: bool,
}

/// What became of frames so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Frames sent.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Frames lost, by luck or for want of room.
    pub lost: u64,
    /// Frames that were marked.
    pub marked: u64,
    /// Frames damaged.
    pub damaged: u64,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    conditions: Conditions,
    luck: Luck,
    /// When all that was sent has left.
    busy_until: Instant,
    /// When the last burst of losses ends.
    burst_until: Instant,
    on_way: BTreeMap<(Instant, u64), Parcel>,
    carried: Carried,
    arrivals: u64,
}

impl Lane {
    pub(super) fn new(conditions: Conditions, luck: Luck) -> Self {
        Self {
            conditions,
            luck,
            busy_until: Instant(0),
            burst_until: Instant(0),
            on_way: BTreeMap::new(),
            carried: Carried::default(),
            arrivals: 0,
        }
    }

    pub(super) fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    pub(super) fn carried(&self) -> Carried {
        self.carried
    }

    /// Takes a frame. What becomes of it is decided at once.
    pub(super) fn send(&mut self, mut parcel: Parcel, now: Instant) {
        self.carried.sent += 1;
        self.carried.sent_bytes += parcel.bytes.len() as u64;
        let waiting_bytes = self.waiting_bytes(now);
        let Conditions { queue, queue_bytes, marks, duplicated, delay, .. } = self.conditions;
        let is_dropped = queue == Queue::Drops && waiting_bytes > queue_bytes;
        if is_dropped || self.is_lost(now) {
            self.carried.lost += 1;
            return;
        }
        if marks && waiting_bytes > queue_bytes / 2 && mark(&mut parcel.bytes) {
            self.carried.marked += 1;
        }
        let left = self.leave(parcel.bytes.len() as u64, now);
        self.damage(&mut parcel);
        if duplicated.happens(&self.luck) {
            let at = left + delay + self.lateness();
            self.put(parcel.clone(), at);
        }
        let at = left + delay + self.lateness();
        self.put(parcel, at);
    }

    fn put(&mut self, parcel: Parcel, at: Instant) {
        let gathered = self.conditions.gathered.as_nanos() as u64;
        let at = if gathered == 0 { at.0 } else { at.0.div_ceil(gathered) * gathered };
        self.arrivals += 1;
        self.on_way.insert((Instant(at), self.arrivals), parcel);
    }

    fn is_lost(&mut self, now: Instant) -> bool {
        let Conditions { lost, bursts, burst, .. } = self.conditions;
        if self.burst_until <= now && bursts.happens(&self.luck) {
            let most = burst.as_nanos() as u64;
            self.burst_until = now + Duration::from_nanos(self.luck.between(1, most));
        }
        now < self.burst_until || lost.happens(&self.luck)
    }

    /// When a frame of this length has left.
    fn leave(&mut self, bytes: u64, now: Instant) -> Instant {
        let Some(rate) = self.conditions.bytes_per_second else { return now };
        let takes = Duration::from_nanos(bytes * 1_000_000_000 / rate.max(1));
        self.busy_until = self.busy_until.max(now) + takes;
        self.busy_until
    }

    fn lateness(&self) -> Duration {
        let Conditions { overtaken, overtaken_by, .. } = self.conditions;
        let most = if overtaken.happens(&self.luck) { overtaken_by.as_nanos() as u64 } else { 0 };
        Duration::from_nanos(if most > 0 { self.luck.below(most) } else { 0 })
    }

    fn damage(&mut self, parcel: &mut Parcel) {
        let Conditions { corrupted, truncated, .. } = self.conditions;
        let bytes = &mut parcel.bytes;
        if parcel.checked || family(bytes).is_none() {
            // Nothing but a cable's own checks guards what is not IP, and those are not simulated.
            return;
        }
        if corrupted.happens(&self.luck) {
            self.carried.damaged += 1;
            let at_bits = self.luck.between(ETHERNET_BYTES as u64 * 8, bytes.len() as u64 * 8 - 1);
            let last = (at_bits + self.luck.below(15)).min(bytes.len() as u64 * 8 - 1);
            (at_bits..=last).for_each(|bit| bytes[bit as usize / 8] ^= 1 << (bit % 8));
        }
        if truncated.happens(&self.luck) {
            self.carried.damaged += 1;
            bytes.truncate(self.luck.between(1, bytes.len() as u64 - 1) as usize);
        }
    }

    /// Bytes that wait to leave.
    fn waiting_bytes(&self, now: Instant) -> u64 {
        let rate = self.conditions.bytes_per_second.unwrap_or(0);
        let time = u128::from(self.busy_until.0.saturating_sub(now.0));
        (time * u128::from(rate) / 1_000_000_000) as u64
    }

    /// Whether the card takes a frame.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.conditions.queue == Queue::Drops
            || self.waiting_bytes(now) <= self.conditions.queue_bytes
    }

    /// When half of its room is free again.
    pub(super) fn room_at(&self) -> Instant {
        let rate = self.conditions.bytes_per_second.unwrap_or(u64::MAX).max(1);
        let half = self.conditions.queue_bytes / 2 * 1_000_000_000 / rate;
        Instant(self.busy_until.0.saturating_sub(half))
    }

    /// When the next frame arrives.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.on_way.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next frame that has arrived by now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Parcel> {
        let first = self.on_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

/// Marks a packet whose sender understands marks. Says whether it did.
fn mark(frame: &mut [u8]) -> bool {
    let (at, shift) = match family(frame) {
        Some(Family::V4) => (ETHERNET_BYTES + 1, 0),
        Some(Family::V6) => (ETHERNET_BYTES + 1, 4),
        None => return false,
    };
    let can = frame.len() > ETHERNET_BYTES + 20 && frame[at] >> shift & 3 != 0;
    if can {
        frame[at] |= 3 << shift;
        fill_header_checksum(frame);
    }
    can
}
