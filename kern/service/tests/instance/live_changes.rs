//! What is changed while clients work: exports, limits, rates.

use crate::image_disk::{ImageDisk, Shelf};
use crate::nfs_calls::created;
use crate::rpc_client::{get_attributes, mount, read, write, write_unstable};
use crate::world::{Asked, World, config};
use allocation_counter::measure;
use hyper::{StreamEvent, StreamId};
use service::{Config, ImageOptions, Limits, Next, Opening, Rate, Source, State};
use std::rc::Rc;
use std::time::Duration;

const OPEN: &str = "/:all_squash,anonuid=0,anongid=0";

fn exports(words: &[&str]) -> Vec<nfs::Export> {
    words.iter().map(|word| word.parse().expect("an export")).collect()
}

/// A service of an image, with everything open to the client.
fn on_image(disk: &Rc<ImageDisk>, opening: Opening, limits: Limits) -> World {
    let backing = Shelf::new(disk.clone());
    let source = Source::Image { backing, options: ImageOptions::default() };
    let config = Config { opening, exports: exports(&[OPEN]), limits, ..config(source) };
    let mut world = World::new(config);
    let disk = disk.clone();
    world.disk_is_done = Box::new(move || !disk.completed.borrow().is_empty());
    world.turn_until_idle();
    world
}

/// What came of a change of exports.
fn change(world: &mut World, words: &[&str]) -> Result<(), String> {
    world.service.set_exports(exports(words));
    world.turn_until_idle();
    world.service.exports_set().expect("it is known")
}

#[test]
fn exports_are_changed_when_all_of_them_are_there() {
    let disk = ImageDisk::new();
    let mut world = on_image(&disk, Opening::AtOnce, Limits::default());
    let root = world.mount();
    let reason = change(&mut world, &[OPEN, "/missing:all_squash,anonuid=0,anongid=0"]);
    assert!(reason.is_err_and(|reason| reason.contains("cannot export /missing")));
    assert_eq!(world.ask(&mount(2, "/")).status(), 0, "the old ones stay");
    assert_eq!(change(&mut world, &["/:ro,all_squash,anonuid=0,anongid=0"]), Ok(()));
    let read_only = 30;
    assert_eq!(world.ask(&write(3, &root, 0, &[1])).status(), read_only, "without a new mount");
    assert_eq!(world.service.exports_set(), None, "told once");
    assert!(change(&mut world, &[]).is_err());
    world.ask(&get_attributes(4, &root)).success();
}

#[test]
fn a_change_of_exports_opens_who_rests_and_is_described() {
    let disk = ImageDisk::new();
    let mut world = on_image(&disk, Opening::WhenUsed, Limits::default());
    assert_eq!(world.service.state(), &State::Resting);
    world.service.set_exports(exports(&["/missing"]));
    world.service.set_exports(exports(&["/"]));
    assert_eq!(world.service.exports_set(), None);
    world.turn_until_idle();
    assert_eq!(world.service.exports_set(), Some(Ok(())), "the last one counts");
    let State::Serving(description) = world.service.state() else { panic!("it is open") };
    assert_eq!(description.exports, ["/"]);
}

/// Replies that leave while so many milliseconds pass, the service being turned as it wishes.
fn replies_in(world: &mut World, milliseconds: u64) -> usize {
    let end = world.clock.time() + Duration::from_millis(milliseconds);
    let mut replies = 0;
    loop {
        let next = world.turn_until_idle();
        replies += crate::rpc_client::replies(&world.sent().concat().concat()).len();
        let Next::At(moment) = next else { panic!("{next:?}: there are calls that wait") };
        if moment > end {
            world.clock.reach(end);
            return replies;
        }
        assert!(moment > world.clock.time(), "it does not turn for nothing");
        world.clock.reach(moment);
    }
}

#[test]
fn a_rate_holds_calls_back_and_loses_none() {
    let mut world = World::memory();
    let root = world.mount();
    let rate = Rate { operations_per_second: Some(100), bytes_per_second: None };
    world.service.set_limits(Limits { rate, ..Limits::default() });
    world.clock.pass(10);
    let calls: Vec<u8> = (0..100).flat_map(|xid| get_attributes(xid, &root)).collect();
    world.receive(&calls);
    let counts: Vec<_> = (0..5).map(|_| replies_in(&mut world, 100)).collect();
    assert!(
        counts[0] <= 22 && counts[1..].iter().all(|count| (9..=11).contains(count)),
        "{counts:?}"
    );
    world.service.set_limits(Limits::default());
    world.turn_until_idle();
    let rest = crate::rpc_client::replies(&world.sent().concat().concat()).len();
    assert_eq!(counts.iter().sum::<usize>() + rest, 100);
}

#[test]
fn nothing_that_has_arrived_is_held_back_at_the_end() {
    let mut world = World::memory();
    let root = world.mount();
    let rate = Rate { operations_per_second: Some(1), bytes_per_second: None };
    let mut limits = Limits { rate, polls_per_turn: 0, ..Limits::default() };
    limits.rpc.calls_max = 0;
    world.service.set_limits(limits);
    let calls: Vec<u8> = (0..20).flat_map(|xid| get_attributes(xid, &root)).collect();
    world.receive(&calls);
    let before = replies_in(&mut world, 100);
    world.service.stop();
    world.turn_until_idle();
    world.sent();
    world.turn_until_idle();
    assert!(before <= 2 && world.service.is_stopped(), "{before} before the end");
}

#[test]
fn bytes_are_held_back_in_both_directions() {
    let mut world = World::memory();
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    world.ask(&write(3, &file, 0, &[7; 100_000])).success();
    let rate = Rate { operations_per_second: None, bytes_per_second: Some(1_000_000) };
    world.service.set_limits(Limits { rate, ..Limits::default() });
    let calls: Vec<u8> = (0..100).flat_map(|xid| read(xid, &file, 0, 10_000)).collect();
    world.receive(&calls);
    replies_in(&mut world, 200);
    let replies = replies_in(&mut world, 500);
    assert!((45..=50).contains(&replies), "{replies} of 10 KB in half a second at 1 MB/s");
}

/// A client that takes nothing, clients that write, and one that reads all.
fn press(world: &mut World, root: &[u8]) {
    let file = created(world, root, "file");
    for number in 0..24 {
        world.ask(&write_unstable(100 + number, &file, u64::from(number) << 20, &[7; 1 << 20]));
    }
    let burst: Vec<u8> =
        (0..64).flat_map(|xid| read(xid, &file, u64::from(xid % 24) << 20, 1 << 20)).collect();
    for id in 2..34 {
        let stream = StreamId(id);
        world.open(stream);
        world.service.stream_event(StreamEvent::Received { stream, bytes: &burst });
    }
    world.turn_until_idle();
}

#[test]
fn one_figure_bounds_all_memory() {
    const MEMORY_BYTES: u64 = 16 << 20;
    let disk = ImageDisk::new();
    let limits = Limits { memory_bytes: Some(MEMORY_BYTES), ..Limits::default() };
    let mut world = on_image(&disk, Opening::AtOnce, limits);
    let root = world.mount();
    let cost = measure(|| press(&mut world, &root));
    let sent = world.asked().into_iter().filter(|asked| matches!(asked, Asked::Send(..))).count();
    assert!(sent > 0 && cost.bytes_max <= MEMORY_BYTES, "{sent} sends, {cost:?}");
}

#[test]
fn less_memory_is_given_back_at_once() {
    let disk = ImageDisk::new();
    let mut world = on_image(&disk, Opening::AtOnce, Limits::default());
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    for number in 0..16 {
        world.ask(&write(100 + number, &file, u64::from(number) << 20, &[7; 1 << 20]));
        world.ask(&read(200 + number, &file, u64::from(number) << 20, 1 << 20));
    }
    let limits = Limits { cache_bytes: 1 << 20, ..Limits::default() };
    let cost = measure(|| world.service.set_limits(limits));
    assert!(cost.bytes_current < -(8 << 20), "{cost:?}");
    world.ask(&read(300, &file, 0, 1 << 20)).success();
}
