//! What a service does by itself for a file system that changes: saving by age, and closing.

use crate::image_disk::ImageDisk;
use crate::nfs_calls::created;
use crate::rpc_client::{get_attributes, null, write_unstable};
use crate::world::{World, config};
use service::{ImageOptions, Next, Source, State};
use std::rc::Rc;

/// A service of that disk, ready.
fn served(disk: &Rc<ImageDisk>, read_only: bool) -> World {
    let options = ImageOptions { read_only, ..ImageOptions::default() };
    let source = Source::disk(disk.clone(), options);
    let mut config = config(source);
    config.exports = vec!["/:all_squash,anonuid=0,anongid=0".parse().expect("an export")];
    let mut world = World::new(config);
    let disk = disk.clone();
    world.disk_is_done = Box::new(move || !disk.completed.borrow().is_empty());
    world.turn_until_idle();
    world
}

/// The same, with a file that has unstable data.
fn with_unsaved(disk: &Rc<ImageDisk>) -> World {
    let mut world = served(disk, false);
    let root = world.mount();
    let file = created(&mut world, &root, "file");
    world.ask(&write_unstable(20, &file, 0, &[7; 8192])).success();
    world
}

/// Why the image on this disk would not be changed, served read-only anew.
fn reason(disk: &Rc<ImageDisk>) -> Option<String> {
    match served(disk, true).service.state() {
        State::Serving(description) => description.read_only.clone(),
        other => panic!("{other:?}"),
    }
}

const CLEAN: &str = "as was asked for";

#[test]
fn what_is_unsaved_is_saved_by_age() {
    let disk = ImageDisk::new();
    let mut world = with_unsaved(&disk);
    assert!(matches!(world.turn_until_idle(), Next::At(_)), "it wishes to save");
    let before = disk.writes.get();
    world.clock.pass(4);
    world.turn_until_idle();
    assert_eq!(disk.writes.get(), before, "not yet");
    world.clock.pass(2);
    world.turn_until_idle();
    let saved = disk.writes.get();
    assert!(saved > before, "now");
    world.clock.pass(3600);
    assert_eq!(world.turn_until_idle(), Next::Idle, "nothing is left to do");
    assert_eq!(disk.writes.get(), saved);
}

#[test]
fn a_service_that_changes_nothing_writes_nothing() {
    let disk = ImageDisk::new();
    let before = disk.bytes.borrow().clone();
    let mut world = served(&disk, false);
    let root = world.mount();
    world.ask(&get_attributes(3, &root)).success();
    world.clock.pass(3600);
    assert_eq!(world.turn_until_idle(), Next::Idle);
    world.service.stop();
    world.turn_until_idle();
    assert!(world.service.is_stopped());
    assert_eq!(disk.writes.get(), 0);
    assert!(*disk.bytes.borrow() == before);
}

#[test]
fn stopping_leaves_the_image_clean() {
    let disk = ImageDisk::new();
    let mut world = with_unsaved(&disk);
    assert_ne!(reason(&disk).as_deref(), Some(CLEAN), "it is in use");
    world.service.stop();
    assert!(!world.service.is_stopped(), "it has to write");
    world.turn_until_idle();
    assert!(world.service.is_stopped());
    assert_eq!(reason(&disk).as_deref(), Some(CLEAN));
}

#[test]
fn a_client_that_takes_nothing_does_not_hold_up_closing() {
    let disk = ImageDisk::new();
    let mut world = with_unsaved(&disk);
    world.receive(&null(30));
    world.turn_until_idle();
    world.service.stop();
    world.turn_until_idle();
    assert!(!world.service.is_stopped(), "a reply has not left");
    assert_eq!(reason(&disk).as_deref(), Some(CLEAN));
}

#[test]
fn a_disk_that_fails_at_the_end_is_a_failure() {
    let disk = ImageDisk::new();
    let mut world = with_unsaved(&disk);
    disk.is_broken.set(true);
    world.service.stop();
    world.turn_until_idle();
    let State::Failed(reason) = world.service.state() else { panic!("it closed all the same") };
    assert!(reason.contains("cannot be left in order: input/output error"), "{reason}");
    assert!(world.service.is_stopped());
}

#[test]
fn a_disk_that_fails_is_told_once() {
    let disk = ImageDisk::new();
    let mut world = with_unsaved(&disk);
    disk.is_broken.set(true);
    for _ in 0..10 {
        world.clock.pass(6);
        world.turn_until_idle();
    }
    let lines = world.log.lines.borrow();
    let told = lines.iter().filter(|line| line.contains("changes cannot be saved")).count();
    assert_eq!(told, 1, "{lines:?}");
}

#[test]
fn an_export_that_is_missing_leaves_the_image_as_it_was() {
    let disk = ImageDisk::new();
    let source = Source::disk(disk.clone(), ImageOptions::default());
    let mut config = config(source);
    config.exports = vec!["/missing".parse().expect("an export")];
    let mut world = World::new(config);
    for _ in 0..100 {
        world.service.turn();
    }
    assert!(matches!(world.service.state(), State::Failed(_)));
    assert_eq!(reason(&disk).as_deref(), Some(CLEAN));
}
