//! Images that are opened when they are wanted and closed when nobody uses them; and pausing.

use crate::image_disk::{ImageDisk, Shelf};
use crate::lan::{Lan, identity};
use crate::nfs_calls::created;
use crate::rpc_client::{get_attributes, lookup, null, remove, write_unstable};
use crate::world::{Asked, World, config, memory};
use allocation_counter::measure;
use service::{Config, ImageOptions, Limits, Network, Next, Opening, Service, Source, State};
use std::rc::Rc;
use std::time::Duration;

/// How long an image may be open without being used.
const REST_SECONDS: u64 = 60;

/// Bytes of a service that rests, with its exports and the tables of RPC.
const RESTING_BYTES_MAX: i64 = 12 << 10;

/// Bytes beside those of a small image that is open, and whose root was asked for: its superblock, its
/// groups, the pages of what was read.
const OPEN_BYTES_MAX: i64 = 32 << 10;

fn resting(shelf: &Rc<Shelf>) -> Config {
    let options = ImageOptions::default();
    let source = Source::Image { backing: shelf.clone(), options };
    let rest_after = Some(Duration::from_secs(REST_SECONDS));
    Config {
        opening: Opening::WhenUsed,
        exports: vec!["/:all_squash,anonuid=0,anongid=0".parse().expect("an export")],
        limits: Limits { rest_after, ..Limits::default() },
        ..config(source)
    }
}

/// A service that rests, and its image.
fn world(disk: &Rc<ImageDisk>) -> (World, Rc<Shelf>) {
    let shelf = Shelf::new(disk.clone());
    let mut world = World::new(resting(&shelf));
    let disk = Rc::downgrade(disk);
    let is_done = move || disk.upgrade().is_some_and(|disk| !disk.completed.borrow().is_empty());
    world.disk_is_done = Box::new(is_done);
    (world, shelf)
}

/// Lets so much time pass that nobody used it for too long.
fn fall_asleep(world: &mut World) {
    world.clock.pass(REST_SECONDS + 10);
    world.turn_until_idle();
    assert_eq!(world.service.state(), &State::Resting);
}

#[test]
fn the_first_call_for_files_opens_and_a_ping_does_not() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    assert_eq!((world.turn_until_idle(), world.service.state()), (Next::Idle, &State::Resting));
    assert_eq!(world.ask(&null(1)).xid, 1);
    assert_eq!((shelf.openings.get(), world.service.state()), (0, &State::Resting));
    shelf.is_ready.set(false);
    assert!(world.exchange(&get_attributes(2, &[0; 32])).is_empty(), "it waits");
    assert_eq!((shelf.openings.get(), world.service.state()), (1, &State::Mounting));
    assert_eq!(world.ask(&null(3)).xid, 3, "and nobody waits who need not");
    shelf.is_ready.set(true);
    world.turn_until_idle();
    assert_eq!(world.sent().len(), 1);
    assert!(matches!(world.service.state(), State::Serving(_)));
}

#[test]
fn it_rests_when_nobody_uses_it_and_no_client_notices() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    let wrote = |world: &mut World, xid| {
        let reply = world.ask(&write_unstable(xid, &file, 0, &[7; 8192]));
        // The verifier ends the result.
        reply.success().rest().last_chunk::<8>().copied().expect("a verifier")
    };
    let verifier = wrote(&mut world, 20);
    let gone = world.ask(&remove(21, &root, "file"));
    let again = created(&mut world, &root, "again");
    for round in 0..3 {
        world.clock.pass(REST_SECONDS - 1);
        world.turn_until_idle();
        assert!(matches!(world.service.state(), State::Serving(_)), "it was used since");
        fall_asleep(&mut world);
        assert!(shelf.is_closed());
        assert_eq!(shelf.openings.get(), 1 + round);
        // The same call again, by the same client: its reply is remembered, and nothing is opened.
        assert_eq!(world.ask(&remove(21, &root, "file")), gone);
        assert!(shelf.is_closed());
        world.ask(&get_attributes(22, &again)).success();
    }
    let file = again;
    let reply = world.ask(&write_unstable(23, &file, 0, &[7; 8192]));
    assert_eq!(reply.success().rest().last_chunk(), Some(&verifier));
}

#[test]
fn what_is_unsaved_is_saved_before_it_rests() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    world.ask(&write_unstable(20, &file, 0, &[7; 8192])).success();
    world.service.rest();
    world.turn_until_idle();
    assert!(shelf.is_closed(), "whoever asks does not wait for the age of changes");
    world.ask(&lookup(21, &root, "file")).success();
    let mut busy = 0;
    for xid in 30..40 {
        world.receive(&get_attributes(xid, &root));
        world.service.rest();
        world.service.turn();
        busy += usize::from(!shelf.is_closed());
    }
    assert_eq!(busy, 10, "it is used, and stays open");
}

#[test]
fn who_comes_while_it_is_closed_has_it_opened_again() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    let root = world.mount();
    created(&mut world, &root, "file");
    world.clock.pass(5);
    world.turn_until_idle();
    for turns in 1..8 {
        world.service.rest();
        for _ in 0..turns {
            world.service.turn();
        }
        world.ask(&lookup(21, &root, "file")).success();
        world.ask(&remove(30 + turns, &root, "gone"));
    }
    assert!(shelf.openings.get() > 3);
}

#[test]
fn an_image_that_cannot_be_opened_fails_the_service_that_wants_it() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    shelf.refusal.set(Some("/images/1: no such file"));
    world.turn_until_idle();
    assert_eq!(world.service.state(), &State::Resting);
    world.exchange(&get_attributes(2, &[0; 32]));
    let reason = State::Failed("/images/1: no such file".to_owned());
    assert_eq!(world.service.state(), &reason);
    world.service.stop();
    world.turn_until_idle();
}

#[test]
fn a_service_that_rests_is_stopped_at_once() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    world.mount();
    fall_asleep(&mut world);
    world.service.stop();
    world.turn_until_idle();
    assert!(world.service.is_stopped() && shelf.openings.get() == 1);
    assert!(world.log.lines.borrow().iter().any(|line| line.contains("served 1 calls")));
}

#[test]
fn memory_does_not_rest() {
    let rest_after = Some(Duration::from_secs(1));
    let limits = Limits { rest_after, ..Limits::default() };
    let mut world = World::new(Config { limits, ..config(memory()) });
    world.turn_until_idle();
    world.service.rest();
    world.clock.pass(100);
    assert_eq!(world.turn_until_idle(), Next::Idle);
    assert!(matches!(world.service.state(), State::Serving(_)));
}

#[test]
fn calls_wait_while_it_is_paused() {
    let mut world = World::memory();
    let root = world.mount();
    world.service.pause();
    assert!(world.service.is_paused());
    assert!(world.exchange(&get_attributes(2, &root)).is_empty());
    assert_eq!(world.turn_until_idle(), Next::Idle, "it does not turn for nothing");
    world.service.resume();
    world.turn_until_idle();
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn who_floods_a_paused_service_is_paused_too() {
    let mut world = World::memory();
    let root = world.mount();
    world.service.pause();
    let calls: Vec<u8> = (0..2000).flat_map(|xid| get_attributes(xid, &root)).collect();
    calls.chunks(4096).for_each(|bytes| world.receive(bytes));
    world.turn_until_idle();
    let asked = world.asked();
    assert!(asked.iter().any(|asked| matches!(asked, Asked::Pause(_, true))), "{asked:?}");
    world.service.resume();
    world.turn_until_idle();
    assert!(world.sent().concat().len() > 1, "all are answered in the end");
}

/// From the first call to the next rest, with its client gone.
fn be_used_once(world: &mut World) {
    let root = world.mount();
    world.ask(&get_attributes(2, &root)).success();
    fall_asleep(world);
}

#[test]
fn a_service_that_rests_is_small() {
    let disk = ImageDisk::new();
    let mut rests = None;
    let cost = measure(|| {
        let (mut world, shelf) = world(&disk);
        be_used_once(&mut world);
        rests = Some((world, shelf));
    });
    assert!(cost.bytes_current <= RESTING_BYTES_MAX, "{cost:?}");
    let (mut world, _) = rests.expect("it was made");
    let cost = measure(|| be_used_once(&mut world));
    assert!(cost.bytes_current <= 0, "what was open is gone: {cost:?}");
}

#[test]
fn a_service_that_rests_with_a_stack_of_its_own_is_small() {
    let lan = Lan::new();
    let link = lan.cable.clone();
    let shelf = Shelf::new(ImageDisk::new());
    let mut own = None;
    let cost = measure(|| {
        let network = Network::Own { link, config: identity(3) };
        let mut service = Service::new(lan.host(), Config { network, ..resting(&shelf) });
        service.turn();
        own = Some(service);
    });
    assert!(cost.bytes_current <= RESTING_BYTES_MAX, "{cost:?}");
    assert!(own.is_some_and(|own| own.state() == &State::Resting));
    lan.cable.frames.take();
}

#[test]
fn an_image_that_is_open_and_idle_is_small() {
    let disk = ImageDisk::new();
    let (mut world, shelf) = world(&disk);
    be_used_once(&mut world);
    let cost = measure(|| {
        world.mount();
    });
    assert!(cost.bytes_current <= OPEN_BYTES_MAX && !shelf.is_closed(), "{cost:?}");
}
