//! A service that is packed and unpacked whenever that can be, beside one that stays where it is: their
//! clients are told the same.

use crate::image_disk::{ImageDisk, Shelf};
use crate::nfs_calls::created;
use crate::rpc_client::{
    create, get_attributes, lookup, null, read, remove, write, write_unstable,
};
use crate::world::{Asked, World, config, memory};
use bytes::Bytes;
use hyper::{StreamEvent, StreamId};
use service::{Config, ImageOptions, Limits, Opening, Parcel, Service, Source, State};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Connections of each side.
const CONNECTIONS: usize = 3;

fn image(disk: &Rc<ImageDisk>) -> Config {
    let backing = Shelf::new(disk.clone());
    let source = Source::Image { backing, options: ImageOptions::default() };
    let exports = vec!["/:all_squash,anonuid=0,anongid=0".parse().expect("an export")];
    let limits = Limits { rest_after: Some(Duration::from_secs(60)), ..Limits::default() };
    Config { opening: Opening::WhenUsed, exports, limits, ..config(source) }
}

/// A service and its clients, whose connections are called differently after each move.
struct Side {
    world: World,
    disk: Rc<ImageDisk>,
    streams: Vec<StreamId>,
    /// What each client was sent.
    heard: Vec<Vec<u8>>,
    next_stream: u64,
    moves: usize,
}

impl Side {
    fn new() -> Self {
        let disk = ImageDisk::new();
        let mut world = World::new(image(&disk));
        let is_done = disk.clone();
        world.disk_is_done = Box::new(move || !is_done.completed.borrow().is_empty());
        let streams: Vec<_> = (1..=CONNECTIONS as u64).map(StreamId).collect();
        streams[1..].iter().for_each(|&stream| world.open(stream));
        let heard = vec![Vec::new(); CONNECTIONS];
        Self { world, disk, streams, heard, next_stream: 100, moves: 0 }
    }

    /// Does what the network is asked to; a client may be slow to take what it is sent.
    fn carry(&mut self, takes: bool) {
        for asked in self.world.asked() {
            let Asked::Send(stream, data) = asked else { continue };
            let client = self.streams.iter().position(|&one| one == stream).expect("it is open");
            self.heard[client].extend(data.concat());
            let count_bytes = data.iter().map(Bytes::len).sum();
            if takes {
                self.world.service.stream_event(StreamEvent::Sent { stream, count_bytes });
            }
        }
    }

    fn receive(&mut self, client: usize, bytes: &[u8]) {
        let stream = self.streams[client];
        self.world.service.stream_event(StreamEvent::Received { stream, bytes });
        self.world.turn_until_idle();
        self.carry(true);
    }

    /// What clients were sent, without handles: new files have generations by luck.
    fn heard_but_handles(&self) -> Vec<Vec<u8>> {
        let mut heard = self.heard.clone();
        for bytes in &mut heard {
            let starts = |bytes: &[u8]| bytes.windows(4).position(|four| four == b"vnf\x01");
            while let Some(at) = starts(bytes) {
                let length = usize::from(bytes[at - 1]);
                bytes[at..at + length].fill(0);
            }
        }
        heard
    }

    /// Moves the service if it can be.
    fn move_service(&mut self) {
        self.world.service.rest();
        self.world.turn_until_idle();
        self.carry(true);
        if !self.world.service.can_be_packed() {
            return;
        }
        let host = crate::world::host(
            self.world.clock.clone(),
            self.world.network.clone(),
            self.world.log.clone(),
        );
        let nobody = Service::new(host.clone(), config(memory()));
        let packed = std::mem::replace(&mut self.world.service, nobody).pack();
        let mut renames = BTreeMap::new();
        for stream in &mut self.streams {
            let new = StreamId(self.next_stream);
            self.next_stream += 1;
            renames.insert(std::mem::replace(stream, new), new);
        }
        self.world.service = Service::unpack(host, image(&self.disk), packed, &renames);
        self.moves += 1;
    }
}

/// A call by luck; some are what was asked before, again.
fn call(luck: &mut fastrand::Rng, xid: u32, root: &[u8], file: &[u8]) -> Vec<u8> {
    let name = format!("name{}", luck.u32(0..4));
    let xid = if luck.u32(0..4) == 0 { xid.saturating_sub(luck.u32(0..6)) } else { xid };
    match luck.u32(0..8) {
        0 => null(xid),
        1 => get_attributes(xid, file),
        2 => lookup(xid, root, &name),
        3 => create(xid, root, &name),
        4 => remove(xid, root, &name),
        5 => write_unstable(xid, file, luck.u64(0..100_000), &[luck.u8(..); 5000]),
        6 => write(xid, file, luck.u64(0..100_000), &vec![luck.u8(..); luck.usize(0..70_000)]),
        _ => read(xid, file, 0, luck.u32(0..60_000)),
    }
}

#[test]
fn no_client_notices_a_move() {
    for seed in 0..4 {
        let mut luck = fastrand::Rng::with_seed(seed);
        let mut sides = [Side::new(), Side::new()];
        let prepared = sides.each_mut().map(|side| {
            let root = side.world.mount();
            let file = created(&mut side.world, &root, "file");
            (root, file)
        });
        assert_eq!(prepared[0], prepared[1]);
        let [(root, file), _] = prepared;
        for xid in 100..220 {
            let bytes = call(&mut luck, xid, &root, &file);
            let client = luck.usize(0..CONNECTIONS);
            // In pieces, and the service moves between them.
            let cut = luck.usize(0..=bytes.len());
            for piece in [&bytes[..cut], &bytes[cut..]] {
                let [stays, moves] = &mut sides;
                if !piece.is_empty() {
                    stays.receive(client, piece);
                    moves.receive(client, piece);
                }
                if luck.u32(0..3) == 0 {
                    moves.move_service();
                }
            }
            let heard = sides.each_ref().map(Side::heard_but_handles);
            assert!(heard[0] == heard[1], "seed {seed}, call {xid}");
            sides.iter_mut().flat_map(|side| &mut side.heard).for_each(Vec::clear);
        }
        let [stays, moves] = &sides;
        assert!(moves.moves > 40 && stays.moves == 0, "{} moves", moves.moves);
        let [before, after] = [stays, moves].map(|side| side.world.service.statistics());
        assert_eq!(before.rpc, after.rpc, "counts move with it");
        let calls = |statistics: &service::Statistics| {
            statistics.procedures.iter().map(|one| one.count).collect::<Vec<_>>()
        };
        assert_eq!(calls(&before), calls(&after));
        let mounted = |side: &Side| side.world.service.clients()[0].mounted.clone();
        assert_eq!(mounted(stays), mounted(moves));
    }
}

#[test]
fn what_is_owed_and_what_is_limited_moves_too() {
    let mut side = Side::new();
    let root = side.world.mount();
    side.world.service.set_limits(Limits { rest_after: None, ..Limits::default() });
    side.receive(0, &get_attributes(2, &root));
    let stream = side.streams[1];
    side.world
        .service
        .stream_event(StreamEvent::Received { stream, bytes: &get_attributes(3, &root) });
    side.world.turn_until_idle();
    side.carry(false);
    side.world.service.pause();
    side.move_service();
    assert_eq!((side.moves, side.world.service.state()), (1, &State::Resting));
    assert!(side.world.service.is_paused());
    assert!(side.world.service.statistics().memory.replies > 0, "a reply has not left");
    side.world.service.resume();
    side.world.service.stop();
    side.world.turn_until_idle();
    assert!(!side.world.service.is_stopped(), "it has not left yet");
    let (stream, count_bytes) = (side.streams[1], side.heard[1].len());
    side.world.service.stream_event(StreamEvent::Sent { stream, count_bytes });
    side.world.turn_until_idle();
    assert!(side.world.service.is_stopped());
}

#[test]
fn who_is_at_work_stays() {
    let mut side = Side::new();
    assert!(side.world.service.can_be_packed());
    let root = side.world.mount();
    assert!(!side.world.service.can_be_packed(), "the image is open");
    let stream = side.streams[0];
    side.world.service.rest();
    side.world.turn_until_idle();
    side.world.service.pause();
    side.world
        .service
        .stream_event(StreamEvent::Received { stream, bytes: &get_attributes(2, &root) });
    side.world.turn_until_idle();
    assert!(!side.world.service.can_be_packed(), "a call waits");
    let world = World::memory();
    assert!(!world.service.can_be_packed(), "memory cannot be put into a parcel");
}

#[test]
fn a_parcel_may_leave_its_thread() {
    fn plain<T: Send + 'static>() {}
    plain::<Parcel>();
}
