//! What memfs keeps in files, and what it takes for that.

use crate::world::{ID, NOW, ROOT, World, make, name, read, regular, run, write};
use abi::{Errno, SetAttributes};
use memfs::Memfs;
use vfs::{NewKind, Vnode};

const PAGE: u64 = 64 << 10;

fn resize(file: &Vnode, size_bytes: u64) {
    let change = SetAttributes { size_bytes: Some(size_bytes), ..SetAttributes::default() };
    run(file.set_attributes(&ROOT, &change, None)).result.unwrap();
}

fn used(file: &Vnode) -> u64 {
    run(file.attributes()).unwrap().used_bytes
}

#[test]
fn holes_cost_nothing_and_read_as_zeros() {
    let world = World::of_size(1 << 20);
    let file = regular(&world.root, "a");
    let free = world.free_bytes();
    resize(&file, 1 << 40);
    assert_eq!((used(&file), world.free_bytes()), (0, free));
    write(&file, (1 << 30) + 100, b"x").unwrap();
    assert!(used(&file) < 1000);
    let mut expected = vec![0; 3 * PAGE as usize];
    expected[PAGE as usize] = b'x';
    assert_eq!(read(&file, (1 << 30) + 100 - PAGE, 3 * PAGE as u32), expected);
}

#[test]
fn a_file_cut_off_has_forgotten_its_end() {
    let world = World::of_size(1 << 20);
    let file = regular(&world.root, "a");
    let free = world.free_bytes();
    write(&file, 0, &[7; 2 * PAGE as usize + 10]).unwrap();
    resize(&file, PAGE + 5);
    resize(&file, 3 * PAGE);
    let mut expected = vec![0; 2 * PAGE as usize];
    expected[..5].fill(7);
    assert_eq!(read(&file, PAGE, u32::MAX), expected);
    resize(&file, 0);
    assert_eq!((used(&file), world.free_bytes()), (0, free));
}

#[test]
fn what_was_read_never_changes() {
    let world = World::of_size(1 << 20);
    let file = regular(&world.root, "a");
    write(&file, 0, &[1; 100]).unwrap();
    let before = run(file.read(&ROOT, 0, 100)).result.unwrap();
    write(&file, 50, &[2; 100]).unwrap();
    resize(&file, 10);
    assert_eq!(before.pieces.concat(), [1; 100]);
    assert_eq!(read(&file, 0, 100), [1; 10]);
}

#[test]
fn readers_share_pages_and_unread_pages_are_written_in_place() {
    let world = World::of_size(1 << 20);
    let file = regular(&world.root, "a");
    write(&file, 0, &[1; PAGE as usize]).unwrap();
    let address = || run(file.read(&ROOT, 0, PAGE as u32)).result.unwrap().pieces[0].as_ptr();
    let at_first = address();
    assert_eq!(address(), at_first);
    write(&file, 5, b"abc").unwrap();
    assert_eq!(address(), at_first);
}

#[test]
fn a_full_file_system_writes_what_fits() {
    let world = World::of_size(3 * PAGE);
    let file = regular(&world.root, "a");
    let data = vec![1; 4 * PAGE as usize];
    assert_eq!(write(&file, 0, &data), Ok(2 * PAGE as u32));
    assert_eq!(write(&file, 2 * PAGE, &data), Err(Errno::NoSpace));
    assert_eq!(run(file.attributes()).unwrap().size_bytes, 2 * PAGE);
    let free = world.free_bytes();
    assert!(free < PAGE);
    assert_eq!(write(&file, 0, &[2; 100]), Ok(100));
    assert_eq!(world.free_bytes(), free);
}

#[test]
fn names_and_inodes_take_space_and_give_it_back() {
    let world = World::of_size(100_000);
    let free = world.free_bytes();
    let mut count = 0;
    let error = loop {
        match make(&world.root, &format!("{count}"), NewKind::Directory, 0o755) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Errno::NoSpace);
    assert!((50..100).contains(&count), "{count} directories in 100 kB");
    let full = run(world.root.rename(&ROOT, name("0"), &world.root, name(&"x".repeat(255))));
    assert!(full.result.is_ok() || world.free_bytes() < 255);
    for text in crate::world::list(&world.root, 7) {
        run(world.root.remove_directory(&ROOT, name(&text))).result.unwrap();
    }
    assert_eq!(world.free_bytes(), free);
}

#[test]
fn a_number_used_again_is_another_file() {
    let world = World::of_size(1 << 20);
    let first = regular(&world.root, "a");
    run(world.root.remove(&ROOT, name("a"))).result.unwrap();
    let second = regular(&world.root, "a");
    assert_eq!(first.file().inode, second.file().inode);
    assert_ne!(first.file().generation, second.file().generation);
    assert_eq!(run(first.attributes()), Err(Errno::Stale));
    let file_system = world.mount.file_system();
    assert_eq!(run(file_system.identify(first.file().inode)), Ok(second.file()));
}

#[test]
fn a_handle_of_a_former_instance_is_stale() {
    let old = World::over(Memfs::new(ID, 1 << 20, 1000, NOW));
    let new = World::over(Memfs::new(ID, 1 << 20, 1001, NOW));
    assert_ne!(old.root.write_verifier(), new.root.write_verifier());
    let root = new.tree.vnode(&old.root.handle()).unwrap();
    assert_eq!(run(root.attributes()), Err(Errno::Stale));
}
