//! A file without names is nobody's, whoever came too late.

use super::world::{CALLER, MIB, World, all, layouts, named, poll};
use abi::{Errno, FileId, SetAttributes};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::pin::Pin;
use vfs::{FileSystem, Stability, Vnode};

type Attempt<'a> = Pin<Box<dyn Future<Output = Option<Errno>> + 'a>>;

/// Every way to a file that has a handle.
fn attempts<'a>(world: &'a World, file: &'a Vnode) -> Vec<Attempt<'a>> {
    let cut = SetAttributes { size_bytes: Some(1), ..SetAttributes::default() };
    let mode = SetAttributes { mode: Some(0o600), ..SetAttributes::default() };
    let link = async { file.link(&CALLER, &world.root(), named("another")).await.result.err() };
    vec![
        Box::pin(async { file.attributes().await.err() }),
        Box::pin(async { file.read(&CALLER, 0, 100).await.result.err() }),
        Box::pin(async { write(file, Stability::Unstable).await }),
        Box::pin(async { write(file, Stability::File).await }),
        Box::pin(async { file.commit(&CALLER, 0, 0).await.result.err() }),
        Box::pin(async move { file.set_attributes(&CALLER, &cut, None).await.result.err() }),
        Box::pin(async move { file.set_attributes(&CALLER, &mode, None).await.result.err() }),
        Box::pin(link),
    ]
}

async fn write(file: &Vnode, stability: Stability) -> Option<Errno> {
    file.write(&CALLER, 100, Bytes::from_static(b"late"), stability).await.result.err()
}

#[test]
fn whoever_waits_for_the_lock_comes_too_late() {
    for layout in layouts() {
        let world = World::new(&layout);
        let free_bytes = world.free_bytes();
        world.file("large", 4 * MIB);
        // Nothing of it is in memory, so a reader has to wait, and the remover for the reader.
        let world = world.again();
        let file = world.wait(world.find("large")).expect("a file");
        let mut reader = Box::pin(file.read(&CALLER, 0, 1 << 20));
        let mut removal = Box::pin(world.remove("large"));
        assert!(poll(&mut reader).is_pending());
        for _ in 0..20 {
            assert!(poll(&mut removal).is_pending());
            world.collect();
        }
        let mut late = attempts(&world, &file);
        for attempt in &mut late {
            assert!(poll(attempt).is_pending());
        }
        assert_eq!(world.unlinked(), 0);
        let read = world.wait(reader).result.expect("read before it was removed");
        assert_eq!(read.pieces.concat(), [7; 1 << 20]);
        while world.unlinked() == 0 {
            assert!(poll(&mut removal).is_pending());
            world.collect();
        }
        assert_eq!(world.wait(all(late)), [Some(Errno::Stale); 8]);
        assert_eq!(world.unlinked(), 1, "it is not gone yet");
        world.wait(removal).expect("removed");
        assert_eq!(world.free_bytes(), free_bytes);
        world.check();
    }
}

#[test]
fn a_handle_is_stale_from_the_first_step_on() {
    for layout in layouts() {
        let world = World::new(&layout);
        let file = world.file("large", 4 * MIB);
        // Unstable data of it that no disk has yet.
        world.wait(world.fill(&file, MIB)).expect("space");
        let mut removal = world.remove_in_part("large");
        let FileId { inode, .. } = file.file();
        loop {
            assert_eq!(world.wait(all(attempts(&world, &file))), [Some(Errno::Stale); 8]);
            assert_eq!(world.wait(world.fs.ffs.identify(inode)), Err(Errno::Stale));
            let read = world.wait(world.fs.ffs.read(file.file(), 0, 1)).err();
            assert_eq!(read, Some(Errno::Stale));
            if poll(&mut removal).is_ready() {
                break;
            }
            world.collect();
        }
        // Another file gets the inode, and not the handle.
        let next = world.wait(world.create("next")).expect("a file");
        assert_eq!(next.file().inode, inode);
        assert_eq!(world.wait(file.attributes()).err(), Some(Errno::Stale));
        drop(removal);
        world.check();
    }
}

#[test]
fn a_removed_directory_takes_no_names() {
    for layout in layouts() {
        let world = World::new(&layout);
        let writer = world.fs.ffs.writer.as_ref().expect("a writer");
        let root = world.root();
        let new = vfs::NewFile {
            kind: vfs::NewKind::Directory,
            mode: 0o755,
            uid: 0,
            gid: 0,
            accessed: abi::SetTime::Keep,
            modified: abi::SetTime::Keep,
        };
        let made = world.wait(root.create(&CALLER, named("directory"), &new)).result;
        let directory = made.expect("a directory");
        world.mount.settle_later();
        let removed = world.wait(root.remove_directory(&CALLER, named("directory"))).result;
        assert_eq!((removed, world.unlinked()), (Ok(()), 1));
        let made = world.wait(directory.create(&CALLER, named("file"), &new)).result;
        assert_eq!(made.err(), Some(Errno::Stale));
        let up = world.wait(directory.lookup(&CALLER, named(".."))).result;
        assert_eq!(up.err(), Some(Errno::Stale));
        assert_eq!(world.wait(world.fs.ffs.reclaim_waiting(writer)), Ok(true));
        world.check();
    }
}
