//! Operations that look.

use crate::world::{ALICE, BOB, ID, NOW, ROOT, World, directory, find, make, make_as, name, read};
use crate::world::{regular, run, write};
use crate::wrapper::Wrapper;
use abi::{Errno, FileId, FileSystemId, FileType};
use memfs::Memfs;
use std::rc::Rc;
use vfs::{Access, FileHandle, NewKind};

#[test]
fn a_handle_finds_the_file_again() {
    let world = World::of_size(1 << 20);
    let handle = regular(&world.root, "a").handle();
    let vnode = world.tree.vnode(&handle).unwrap();
    assert_eq!(run(vnode.attributes()).unwrap().file, handle.file);
    let elsewhere = FileHandle { file_system: FileSystemId(1), ..handle };
    assert_eq!(world.tree.vnode(&elsewhere).unwrap_err(), Errno::Stale);
    let never = FileId { generation: handle.file.generation + 1, ..handle.file };
    let vnode = world.tree.vnode(&FileHandle { file: never, ..handle }).unwrap();
    assert_eq!(run(vnode.attributes()), Err(Errno::Stale));
}

#[test]
fn vnodes_exist_while_they_are_held() {
    let world = World::of_size(1 << 20);
    let before = world.mount.vnodes_in_use();
    let vnode = regular(&world.root, "a");
    let again = world.tree.vnode(&vnode.handle()).unwrap();
    assert_eq!(world.mount.vnodes_in_use(), before + 1);
    drop(vnode);
    assert_eq!(world.mount.vnodes_in_use(), before + 1);
    drop(again);
    assert_eq!(world.mount.vnodes_in_use(), before);
}

#[test]
fn one_identity_is_mounted_once() {
    let world = World::of_size(1 << 20);
    assert!(world.tree.mount(Memfs::new(ID, 1 << 20, 2, NOW)).is_err_and(|e| e == Errno::Exists));
    assert!(world.tree.find(ID).is_some() && world.tree.find(FileSystemId(9)).is_none());
}

#[test]
fn dots_lead_here_and_up_and_stop_at_the_root() {
    let world = World::of_size(1 << 20);
    let inner = directory(&directory(&world.root, "a"), "b");
    let outer = find(&world.root, "a").unwrap();
    assert_eq!(find(&inner, ".").unwrap().file(), inner.file());
    assert_eq!(find(&inner, "..").unwrap().file(), outer.file());
    assert_eq!(find(&world.root, "..").unwrap().file(), world.root.file());
}

#[test]
fn a_lookup_needs_a_directory_and_the_right_to_search() {
    let world = World::of_size(1 << 20);
    let private = make(&world.root, "private", NewKind::Directory, 0o700).unwrap();
    regular(&private, "a");
    let ask = |vnode: &vfs::Vnode, who| run(vnode.lookup(who, name("a")));
    let refused = ask(&private, &ALICE);
    assert_eq!(refused.result.unwrap_err(), Errno::AccessDenied);
    assert_eq!(refused.attributes.unwrap().mode, 0o700);
    let file = regular(&world.root, "file");
    assert_eq!(ask(&file, &ROOT).result.unwrap_err(), Errno::NotDirectory);
}

#[test]
fn access_grants_no_changes_on_a_read_only_mount() {
    let inner = Memfs::new(ID, 1 << 20, 1, NOW);
    let file = regular(&World::over(inner.clone()).root, "a").handle();
    let wrapper = Wrapper { read_only: true, ..Wrapper::new(inner) };
    let world = World::over(Rc::new(wrapper));
    let file = world.tree.vnode(&file).unwrap();
    let granted = |vnode: &vfs::Vnode| run(vnode.access(&ROOT, Access::all())).result.unwrap();
    assert_eq!(granted(&file), Access::READ);
    assert_eq!(granted(&world.root), Access::READ | Access::LOOKUP);
    let asked = run(file.access(&ALICE, Access::MODIFY)).result;
    assert_eq!((asked, file.write_verifier()), (Ok(Access::empty()), 0));
}

#[test]
fn a_read_says_whether_it_reached_the_end() {
    let world = World::of_size(1 << 20);
    let file = regular(&world.root, "a");
    write(&file, 0, b"0123456789").unwrap();
    let ends = |offset, length| {
        let data = run(file.read(&ALICE, offset, length)).result.unwrap();
        (data.pieces.concat().len(), data.end_of_file)
    };
    assert_eq!(ends(0, 9), (9, false));
    assert_eq!(ends(0, 10), (10, true));
    assert_eq!(ends(4, u32::MAX), (6, true));
    assert_eq!(ends(3, 0), (0, false));
    assert_eq!(ends(10, 0), (0, true));
    assert_eq!(ends(u64::MAX, u32::MAX), (0, true));
}

#[test]
fn reads_need_a_regular_file_and_a_right() {
    let world = World::of_size(1 << 20);
    let ask = |vnode: &vfs::Vnode, who| run(vnode.read(who, 0, 1)).result.map(|_| ());
    let file = make_as(&ROOT, &world.root, "a", NewKind::Regular, 0o600).unwrap();
    assert_eq!(ask(&file, &BOB), Err(Errno::AccessDenied));
    assert_eq!(ask(&world.root, &BOB), Err(Errno::IsDirectory));
    let fifo = make(&world.root, "fifo", NewKind::Fifo, 0o666).unwrap();
    assert_eq!(ask(&fifo, &BOB), Err(Errno::Invalid));
    let directory = run(file.read_directory(&ROOT, 0, &mut |_| panic!("no entries"))).result;
    assert_eq!(directory, Err(Errno::NotDirectory));
}

#[test]
fn a_symbolic_link_tells_its_target_to_everybody() {
    let world = World::of_size(1 << 20);
    let kind = NewKind::SymbolicLink(b"../else/where");
    let link = make(&world.root, "link", kind, 0o000).unwrap();
    let seen = run(link.read_link(&BOB));
    assert_eq!(seen.result.unwrap(), b"../else/where"[..]);
    let attributes = seen.attributes.unwrap();
    assert_eq!((attributes.file_type, attributes.size_bytes), (FileType::SymbolicLink, 13));
    assert_eq!(run(world.root.read_link(&BOB)).result, Err(Errno::Invalid));
    assert_eq!(read(&regular(&world.root, "a"), 0, 9), b"");
}

#[test]
fn a_link_holds_what_the_limits_say() {
    let world = World::of_size(1 << 20);
    let longest = world.mount.file_system().limits().target_bytes_max as usize;
    let link = |text, length| {
        let target = vec![b'x'; length];
        make(&world.root, text, NewKind::SymbolicLink(&target), 0o777).map(drop)
    };
    assert_eq!(link("longest", longest), Ok(()));
    assert_eq!(link("too long", longest + 1), Err(Errno::NameTooLong));
}
