//! Frames on their way from a switch to the worker whose link they are for.
//!
//! A worker looks into its mailroom twice a loop. Whoever puts something into an empty outlet says
//! so there, and wakes the worker if that is another thread and has not been woken for this yet.

use super::lock;
use crate::driver::Waker;
use hyper::Frame;
use std::collections::VecDeque;
use std::mem::take;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

/// Frames that wait at one port, and their bytes.
const FRAMES_MAX: usize = 1024;
const BYTES_MAX: usize = 4 << 20;

/// Places for frames that an empty outlet keeps.
const SPARE_MAX: usize = 32;

/// What waits at one port.
#[derive(Default)]
pub(crate) struct Outlet(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Arc<Frame>>,
    bytes: usize,
    carried: u64,
    lost: u64,
    /// The mailroom of the worker, and the link's index there; before that is known, frames wait.
    home: Option<(Arc<Mailroom>, usize)>,
}

impl Outlet {
    /// Puts a frame in, or loses it.
    pub(super) fn put(&self, frame: Arc<Frame>) {
        let mut waiting = lock(&self.0);
        let bytes = frame.bytes();
        if waiting.frames.len() >= FRAMES_MAX || waiting.bytes + bytes > BYTES_MAX {
            waiting.lost += 1;
            return;
        }
        waiting.bytes += bytes;
        waiting.carried += 1;
        waiting.frames.push_back(frame);
        let home = waiting.home.clone().filter(|_| waiting.frames.len() == 1);
        // Waking takes long enough that nobody else should wait for it.
        drop(waiting);
        announce(home);
    }

    /// Says where what is put in is to be announced.
    pub(crate) fn deliver_to(&self, mailroom: Arc<Mailroom>, link: usize) {
        let mut waiting = lock(&self.0);
        let home = Some((mailroom, link));
        waiting.home.clone_from(&home);
        drop(waiting);
        announce(home);
    }

    /// Takes the frame that has waited longest. Who takes fewer than there are announces the rest.
    pub(crate) fn take(&self) -> Option<Arc<Frame>> {
        let mut waiting = lock(&self.0);
        let frame = waiting.frames.pop_front()?;
        waiting.bytes -= frame.bytes();
        if waiting.frames.is_empty() && waiting.frames.capacity() > SPARE_MAX {
            waiting.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// A frame that was taken is lost after all.
    pub(crate) fn lose(&self) {
        lock(&self.0).lost += 1;
    }

    /// Frames that were put in, and those that found no room here or were of no use.
    pub(super) fn counts(&self) -> (u64, u64) {
        let waiting = lock(&self.0);
        (waiting.carried, waiting.lost)
    }
}

fn announce(home: Option<(Arc<Mailroom>, usize)>) {
    if let Some((mailroom, link)) = home {
        mailroom.announce(link);
    }
}

/// Which links of one worker have frames waiting.
pub(crate) struct Mailroom {
    links: Mutex<Vec<usize>>,
    waker: Waker,
    thread: ThreadId,
}

impl Mailroom {
    /// The calling thread's, woken by `waker`.
    pub(crate) fn new(waker: Waker) -> Self {
        Self { links: Mutex::default(), waker, thread: std::thread::current().id() }
    }

    /// Whether there is something to be taken. What others put in from now on wakes the worker.
    pub(crate) fn has_mail(&self) -> bool {
        !lock(&self.links).is_empty()
    }

    /// The links with frames waiting.
    pub(crate) fn take(&self) -> Vec<usize> {
        take(&mut lock(&self.links))
    }

    /// Says that a link has frames waiting.
    pub(crate) fn announce(&self, link: usize) {
        let mut links = lock(&self.links);
        links.push(link);
        let is_first = links.len() == 1;
        drop(links);
        if is_first && std::thread::current().id() != self.thread {
            (self.waker)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn frame(bytes: usize) -> Arc<Frame> {
        Arc::new(Frame { head: vec![0; bytes].into(), payload: vec![], checksum: None, cut: None })
    }

    fn count(outlet: &Outlet) -> usize {
        std::iter::from_fn(|| outlet.take()).count()
    }

    #[test]
    fn mail_is_announced_once_and_wakes_only_from_elsewhere() {
        let woken = Arc::new(AtomicUsize::new(0));
        let wakings = woken.clone();
        let waker: Waker = Arc::new(move || {
            wakings.fetch_add(1, Ordering::Relaxed);
        });
        let (mailroom, outlet) = (Arc::new(Mailroom::new(waker)), Arc::new(Outlet::default()));
        outlet.put(frame(1));
        outlet.deliver_to(mailroom.clone(), 7);
        outlet.put(frame(2));
        assert!(mailroom.has_mail());
        assert_eq!((mailroom.take(), count(&outlet)), (vec![7], 2));
        assert!(!mailroom.has_mail() && woken.load(Ordering::Relaxed) == 0);
        let elsewhere = outlet.clone();
        let put = move || (0..3).for_each(|_| elsewhere.put(frame(3)));
        std::thread::spawn(put).join().unwrap();
        assert_eq!((woken.load(Ordering::Relaxed), mailroom.take()), (1, vec![7]));
    }

    #[test]
    fn what_finds_no_room_is_lost_and_counted() {
        let outlet = Outlet::default();
        (0..FRAMES_MAX + 5).for_each(|_| outlet.put(frame(60)));
        assert_eq!((count(&outlet), outlet.counts().1), (FRAMES_MAX, 5));
        (0..100).for_each(|_| outlet.put(frame(BYTES_MAX / 10)));
        assert_eq!((count(&outlet), outlet.counts()), (10, (FRAMES_MAX as u64 + 10, 100 - 10 + 5)));
        let kept = lock(&outlet.0).frames.capacity();
        assert!(kept <= SPARE_MAX, "an idle port holds next to nothing: {kept}");
    }
}
