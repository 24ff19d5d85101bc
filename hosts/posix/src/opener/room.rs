//! How many images may be open, who has one open, and who is to close his first.

use crate::report::ServiceId;
use abi::Instant;
use slab::Slab;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long who was asked to close his image is not asked again: he may be saving what he has.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Who is asked at a time, as a share of all images that may be open: looking for them is work.
const ASKED_SHARE: usize = 64;

/// One open image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(usize);

/// See the module's text.
pub(super) struct Room {
    images_max: usize,
    holders: Slab<Holder>,
    /// Holders found to have used theirs least lately, who were not asked yet; the last is next.
    candidates: Vec<(u64, usize, ServiceId)>,
}

struct Holder {
    service: ServiceId,
    /// The last turn of the service, as its worker tells it.
    used_at: Arc<AtomicU64>,
    asked_at: Option<Instant>,
}

impl Room {
    pub(super) fn new(images_max: usize) -> Self {
        Self { images_max: images_max.max(1), holders: Slab::new(), candidates: Vec::new() }
    }

    /// Images that are open, or about to be.
    pub(super) fn count(&self) -> usize {
        self.holders.len()
    }

    /// Takes up room, if there is some.
    pub(super) fn take(&mut self, service: ServiceId, used_at: Arc<AtomicU64>) -> Option<Key> {
        let is_full = self.holders.len() >= self.images_max;
        (!is_full).then(|| Key(self.holders.insert(Holder { service, used_at, asked_at: None })))
    }

    /// An image was closed.
    pub(super) fn give_back(&mut self, key: Key) {
        self.holders.try_remove(key.0);
    }

    /// Who used his image least lately, and was not asked to close it a moment ago.
    pub(super) fn ask_next(&mut self, now: Instant) -> Option<ServiceId> {
        if self.candidates.is_empty() {
            self.look_for_candidates(now);
        }
        while let Some((used_at, index, service)) = self.candidates.pop() {
            let Some(holder) = self.holders.get_mut(index) else { continue };
            if holder.service == service && holder.used_at.load(Relaxed) == used_at {
                holder.asked_at = Some(now);
                return Some(service);
            }
        }
        None
    }

    fn look_for_candidates(&mut self, now: Instant) {
        let may = |holder: &Holder| {
            holder.asked_at.is_none_or(|asked_at| now.since(asked_at) >= ASKED_AGAIN_AFTER)
        };
        let holders = self.holders.iter().filter(|(_, holder)| may(holder));
        let mut all: Vec<_> = holders
            .map(|(index, holder)| (holder.used_at.load(Relaxed), index, holder.service))
            .collect();
        let count = (self.images_max / ASKED_SHARE).max(1);
        if count < all.len() {
            all.select_nth_unstable(count);
            all.truncate(count);
        }
        all.sort_unstable_by(|one, other| other.cmp(one));
        self.candidates = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Instant {
        Instant(milliseconds * 1_000_000)
    }

    #[test]
    fn who_used_his_least_lately_is_asked_first_and_once() {
        let mut room = Room::new(4);
        let used: Vec<_> = [5, 3, 8, 4].map(|time| Arc::new(AtomicU64::new(time))).into();
        let take = |room: &mut Room, id| room.take(ServiceId(id), used[id as usize % 4].clone());
        let keys: Vec<_> = (0..4).map(|id| take(&mut room, id).unwrap()).collect();
        assert_eq!(take(&mut room, 4), None, "it is full");
        assert_eq!(room.ask_next(at(0)), Some(ServiceId(1)));
        assert_eq!(room.ask_next(at(0)), Some(ServiceId(3)));
        used[0].store(9, Relaxed);
        assert_eq!(room.ask_next(at(0)), Some(ServiceId(2)));
        room.give_back(keys[1]);
        assert!(take(&mut room, 4).is_some());
        assert_eq!(room.ask_next(at(100)), Some(ServiceId(0)));
        assert_eq!(room.ask_next(at(199)), Some(ServiceId(4)));
        assert_eq!(room.ask_next(at(199)), None, "all were asked a moment ago");
        assert_eq!(room.ask_next(at(200)), Some(ServiceId(3)));
    }

    #[test]
    fn thousands_are_looked_through_once_for_many() {
        let mut room = Room::new(6400);
        for id in 0..6400u64 {
            let used_at = Arc::new(AtomicU64::new(id ^ 1000));
            assert!(room.take(ServiceId(id), used_at).is_some());
        }
        let asked: Vec<_> = (0..250).filter_map(|_| room.ask_next(at(0))).collect();
        assert!(asked.iter().map(|id| id.0 ^ 1000).eq(0..250));
    }
}
