//! A sender, a path with faults, and a plain receiver, in virtual time: whatever the path does, all
//! arrives, nothing leaves beyond the window, and nothing is left over.

use super::peer::{Peer, byte};
use super::{Duration, FIRST, SETTINGS, SenderSettings, Vec, ms, vec};
use crate::tcp::send::{Acknowledgement, Chunk, Sender, timestamp_ms};
use abi::Instant;
use alloc::collections::BTreeMap;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

/// What a path does, chances in millionths.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    pub delay: Duration,
    pub loss: u64,
    pub loss_of_answers: u64,
    pub reordering: u64,
    pub duplication: u64,
    /// And how much may queue before it, in bytes.
    pub bottleneck: Option<(u64, u64)>,
}

pub const CLEAN: Path = Path {
    delay: Duration::from_millis(5),
    loss: 0,
    loss_of_answers: 0,
    reordering: 0,
    duplication: 0,
    bottleneck: None,
};

enum Event {
    Packet { start: u64, bytes: Vec<u8>, fin: bool, stamp: u32 },
    Answer(Acknowledgement),
    Delayed,
    Read,
}

pub struct World {
    pub sender: Sender,
    pub peer: Peer,
    pub now: Instant,
    pub packets: u64,
    path: Path,
    sack: bool,
    timestamps: bool,
    reads_every: Option<Duration>,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    luck: u64,
    busy_until: Instant,
}

impl World {
    pub fn new(path: Path, settings: SenderSettings, seed: u64) -> Self {
        let now = Instant(0) + ms(1000);
        Self {
            sender: Sender::new(FIRST, settings, now),
            peer: Peer::new(u64::from(settings.window_bytes)),
            now,
            packets: 0,
            path,
            sack: settings.sack,
            timestamps: settings.timestamps,
            reads_every: None,
            events: BTreeMap::new(),
            count: 0,
            luck: seed | 1,
            busy_until: now,
        }
    }

    /// The service at the other end reads only now and then.
    pub fn reading_every(mut self, time: Duration) -> Self {
        self.reads_every = Some(time);
        self.after(time, Event::Read);
        self
    }

    fn chance(&mut self, millionths: u64) -> bool {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        self.luck % 1_000_000 < millionths
    }

    fn after(&mut self, time: Duration, event: Event) {
        self.count += 1;
        self.events.insert((self.now + time, self.count), event);
    }

    /// Gives so many bytes and the end of the stream.
    pub fn give(&mut self, bytes: u64) {
        for start in (0..bytes).step_by(7777) {
            let piece: Vec<u8> = (start..bytes.min(start + 7777)).map(byte).collect();
            self.sender.push(vec![piece.into()]);
        }
        self.sender.finish();
    }

    fn send_all(&mut self) {
        while let Some(chunk) = self.sender.next(self.now, 20_000) {
            self.send(&chunk);
        }
        if let Some(deadline) = self.sender.deadline() {
            assert!(deadline > self.now, "a deadline that is past");
        }
    }

    /// The link cuts.
    fn send(&mut self, chunk: &Chunk) {
        let near = self.sender.acknowledged_seq();
        let behind = near.bytes_to(chunk.seq);
        let before = u64::from(chunk.seq.bytes_to(near));
        let start = self.acknowledged() + u64::from(behind) - before;
        let data = chunk.payload.concat();
        assert_eq!(data.len(), chunk.bytes as usize);
        assert!(start + data.len() as u64 + u64::from(chunk.fin) <= self.peer.limit());
        let mss = usize::from(self.sender.mss());
        let count = data.len().div_ceil(mss).max(1);
        for at in 0..count {
            let piece = data[at * mss..data.len().min(at * mss + mss)].to_vec();
            self.send_packet(start + (at * mss) as u64, piece, chunk.fin && at + 1 == count);
        }
    }

    /// What the sender knows to have arrived.
    fn acknowledged(&self) -> u64 {
        let near = FIRST + self.peer.next as u32;
        self.peer.next - u64::from(self.sender.acknowledged_seq().bytes_to(near))
    }

    fn send_packet(&mut self, start: u64, bytes: Vec<u8>, fin: bool) {
        self.packets += 1;
        let stamp = timestamp_ms(self.now);
        let Some(wait) = self.queue(bytes.len() as u64) else { return };
        if self.chance(self.path.loss) {
            return;
        }
        let late =
            if self.chance(self.path.reordering) { self.path.delay / 3 } else { Duration::ZERO };
        if self.chance(self.path.duplication) {
            let bytes = bytes.clone();
            self.after(self.path.delay + wait, Event::Packet { start, bytes, fin, stamp });
        }
        self.after(self.path.delay + wait + late, Event::Packet { start, bytes, fin, stamp });
    }

    /// How long a packet takes through the bottleneck, unless it is dropped there.
    fn queue(&mut self, bytes: u64) -> Option<Duration> {
        let Some((rate, queue_bytes)) = self.path.bottleneck else { return Some(Duration::ZERO) };
        let time = |bytes: u64| Duration::from_nanos(bytes * 1_000_000_000 / rate);
        let waiting = self.busy_until.since(self.now);
        if waiting > time(queue_bytes) {
            return None;
        }
        self.busy_until = self.now + waiting + time(bytes);
        Some(waiting + time(bytes))
    }

    fn answer(&mut self) {
        let answer = self.peer.answer(self.sack, self.timestamps);
        if !self.chance(self.path.loss_of_answers) {
            self.after(self.path.delay, Event::Answer(answer));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Packet { start, bytes, fin, stamp } => {
                if self.peer.take(start, &bytes, fin, stamp) {
                    self.answer();
                } else {
                    self.after(ms(40), Event::Delayed);
                }
                if self.reads_every.is_none() {
                    self.peer.read = self.peer.next;
                }
            }
            Event::Answer(answer) => {
                self.sender.acknowledged(&answer, self.now);
            }
            Event::Delayed if self.peer.unanswered > 0 => self.answer(),
            Event::Delayed => {}
            Event::Read => self.read(),
        }
    }

    fn read(&mut self) {
        let closed = self.peer.limit() - self.peer.next < self.peer.capacity / 2;
        self.peer.read = self.peer.next;
        if closed {
            self.answer();
        }
        if let Some(time) = self.reads_every {
            self.after(time, Event::Read);
        }
    }

    /// Until all has been acknowledged. How long it took.
    pub fn run(&mut self) -> Duration {
        let start = self.now;
        self.send_all();
        while !self.sender.is_done() {
            let event = self.events.first_key_value().map(|(key, _)| key.0);
            let deadline = self.sender.deadline();
            self.now = [event, deadline].into_iter().flatten().min().expect("it goes on");
            if event.is_some_and(|at| at <= self.now) {
                let (_, event) = self.events.pop_first().expect("an event");
                self.happen(event);
            }
            if self.sender.deadline().is_some_and(|at| at <= self.now) {
                self.sender.timeout(self.now).expect("the peer is there");
            }
            self.send_all();
        }
        self.now.since(start)
    }
}

proptest! {
    #[test]
    fn all_arrives_whatever_the_path_does(
        seed in any::<u64>(),
        faults in (0..200_000_u64, 0..200_000_u64, 0..200_000_u64, 0..100_000_u64),
        bytes in 0..150_000_u64,
        sack in any::<bool>(),
        timestamps in any::<bool>(),
        window_bytes in 500..60_000_u32,
        reads_ms in proptest::option::of(1..300_u64),
    ) {
        let (loss, loss_of_answers, reordering, duplication) = faults;
        let path = Path { loss, loss_of_answers, reordering, duplication, ..CLEAN };
        let settings = SenderSettings { sack, timestamps, window_bytes, ..SETTINGS };
        let mut world = World::new(path, settings, seed);
        if let Some(reads_ms) = reads_ms {
            world = world.reading_every(ms(reads_ms));
        }
        world.give(bytes);
        world.run();
        prop_assert!(world.peer.ended);
        prop_assert_eq!(world.peer.next, bytes + 1);
        prop_assert_eq!((world.sender.in_flight_bytes(), world.sender.kept_bytes()), (0, 0));
        prop_assert_eq!(world.sender.deadline(), None);
    }
}
