//! Any interleaving of operations, over a file system that waits at random.
//!
//! Many tasks do random things in one small tree; some are dropped in the middle. Every task
//! must end, which shows that no locks wait for each other; nothing may be looked at while it
//! changes, which `Claims` watches; and the tree must be sound afterwards.

use crate::luck::Luck;
use crate::world::{ID, NOW, ROOT, World, list, name, new_file};
use crate::wrapper::Wrapper;
use abi::{Errno, FileId, FileType, SetAttributes};
use bytes::Bytes;
use memfs::Memfs;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use task::Executor;
use vfs::{Access, FileSystem, NewKind, Stability, Vnode};

const TASKS: usize = 16;
const STEPS: usize = 60;
const POLLS_MAX: usize = 4_000_000;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "loop"];

/// Walks down at random.
async fn somewhere(root: &Vnode, luck: &Luck) -> Vnode {
    let mut vnode = root.clone();
    for _ in 0..luck.below(4) {
        match vnode.lookup(&ROOT, name(luck.pick(&NAMES))).await.result {
            Ok(next) => vnode = next,
            Err(_) => break,
        }
    }
    vnode
}

async fn change_names(vnode: &Vnode, other: &Vnode, luck: &Luck) -> Result<(), Errno> {
    let (first, second) = (name(luck.pick(&NAMES)), name(luck.pick(&NAMES)));
    let kind = luck.pick(&[NewKind::Regular, NewKind::Directory, NewKind::Directory]);
    match luck.below(9) {
        0..=2 => vnode.create(&ROOT, first, &new_file(kind, 0o755)).await.result.map(drop),
        3 => vnode.link(&ROOT, other, first).await.result,
        4 => vnode.remove(&ROOT, first).await.result,
        5 => vnode.remove_directory(&ROOT, first).await.result,
        _ => vnode.rename(&ROOT, first, other, second).await.result,
    }
}

async fn use_file(vnode: &Vnode, luck: &Luck) -> Result<(), Errno> {
    let resize = SetAttributes { size_bytes: Some(9), ..SetAttributes::default() };
    match luck.below(6) {
        0 => vnode.read(&ROOT, 0, 100).await.result.map(drop),
        1 => vnode
            .write(&ROOT, 7, Bytes::from_static(b"data"), Stability::Unstable)
            .await
            .result
            .map(drop),
        2 => vnode.set_attributes(&ROOT, &resize, None).await.result,
        3 => vnode.access(&ROOT, Access::all()).await.result.map(drop),
        4 => vnode.commit(&ROOT, 0, 0).await.result,
        _ => {
            let all = &mut |_: vfs::Entry<'_>| ControlFlow::Continue(());
            vnode.read_directory(&ROOT, 0, all).await.result.map(drop)
        }
    }
}

async fn work(root: Vnode, luck: Rc<Luck>, succeeded: Rc<Cell<usize>>) {
    for _ in 0..STEPS {
        let (vnode, other) = (somewhere(&root, &luck).await, somewhere(&root, &luck).await);
        let result = match luck.below(3) {
            0 => use_file(&vnode, &luck).await,
            _ => change_names(&vnode, &other, &luck).await,
        };
        succeeded.set(succeeded.get() + usize::from(result.is_ok()));
    }
}

/// Polls a future at most so many times, then drops it.
async fn at_most(polls: usize, future: impl Future<Output = ()>) {
    let (mut future, left) = (pin!(future), Cell::new(polls));
    poll_fn(|context| {
        left.set(left.get().saturating_sub(1));
        if left.get() == 0 { Poll::Ready(()) } else { future.as_mut().poll(context) }
    })
    .await;
}

/// Returns how many operations succeeded.
fn turmoil(world: &World, seed: u64) -> usize {
    let (executor, luck) = (Executor::new(TASKS), Rc::new(Luck::new(seed)));
    let succeeded = Rc::default();
    for number in 0..TASKS {
        let work = work(world.root.clone(), luck.clone(), Rc::clone(&succeeded));
        let polls = if number % 4 == 0 { luck.below(2000) } else { usize::MAX };
        executor.spawn(at_most(polls, work)).unwrap();
    }
    let polls = executor.run(POLLS_MAX);
    assert_eq!(executor.task_count(), 0, "seed {seed}: tasks left after {polls} polls");
    assert_eq!(world.mount.vnodes_in_use(), 1, "seed {seed}: only the root is held");
    succeeded.get()
}

/// What a walk through the whole tree found.
#[derive(Default)]
struct Census {
    names: RefCell<BTreeMap<FileId, u32>>,
}

impl Census {
    /// Visits everything below a directory; checks that the ways down and up agree.
    fn take(&self, directory: &Vnode, above: FileId) {
        assert_eq!(find(directory, "..").file(), above);
        let mut links = 2;
        for text in list(directory, 3) {
            let file = find(directory, &text);
            let attributes = settle(file.attributes()).unwrap();
            let known =
                *self.names.borrow_mut().entry(file.file()).and_modify(|n| *n += 1).or_insert(1);
            if attributes.file_type == FileType::Directory {
                assert_eq!(known, 1, "a directory with two names");
                links += 1;
                self.take(&file, directory.file());
            }
        }
        assert_eq!(settle(directory.attributes()).unwrap().links, links);
    }

    fn check_links(&self, world: &World) {
        for (&file, &names) in self.names.borrow().iter() {
            let attributes = settle(world.mount.file_system().attributes(file)).unwrap();
            let is_directory = attributes.file_type == FileType::Directory;
            assert!(is_directory || attributes.links == names, "{attributes:?}");
        }
    }
}

fn settle<T>(future: impl Future<Output = T>) -> T {
    task::drive(future, || {})
}

fn find(directory: &Vnode, text: &str) -> Vnode {
    settle(directory.lookup(&ROOT, name(text))).result.unwrap()
}

/// Every file is counted once, and every one counted is in the tree.
fn expect_sound(memfs: &Rc<Memfs>) {
    let world = World::over(memfs.clone());
    let census = Census::default();
    census.take(&world.root, world.root.file());
    census.check_links(&world);
    let usage = settle(world.mount.file_system().usage()).unwrap();
    let files = usage.total_files - usage.free_files;
    assert_eq!(files as usize, census.names.borrow().len() + 1);
}

#[test]
fn no_interleaving_locks_up_or_breaks_the_tree() {
    for seed in 0..60 {
        let memfs = Memfs::new(ID, 1 << 20, 1, NOW);
        let luck = Some(Luck::new(seed + 1000));
        let world = World::over(Rc::new(Wrapper { luck, ..Wrapper::new(memfs.clone()) }));
        let succeeded = turmoil(&world, seed);
        assert!(succeeded > TASKS * STEPS / 10, "seed {seed}: only {succeeded} succeeded");
        expect_sound(&memfs);
    }
}

/// A damaged image: the name `loop` leads back to the root from everywhere, and `d` to the
/// directory itself.
#[test]
fn directories_that_contain_each_other_lock_nothing_up() {
    for seed in 0..60 {
        let memfs = Memfs::new(ID, 1 << 20, 1, NOW);
        let mut wrapper = Wrapper::new(memfs.clone());
        wrapper.luck = Some(Luck::new(seed + 2000));
        wrapper.twist = |memfs, directory, name| match name {
            b"loop" => Some(memfs.root()),
            b"d" => Some(directory),
            _ => None,
        };
        turmoil(&World::over(Rc::new(wrapper)), seed);
        expect_sound(&memfs);
    }
}

/// A damaged image: two directories are each other's parents.
#[test]
fn parents_in_a_circle_are_noticed() {
    let memfs = Memfs::new(ID, 1 << 20, 1, NOW);
    let mut wrapper = Wrapper::new(memfs.clone());
    wrapper.twist = |memfs, directory, name| {
        let root = memfs.root();
        let other = InodeOf { first: root.inode.0 + 1, second: root.inode.0 + 2 };
        (name == b"..").then(|| other.opposite(memfs, directory)).flatten()
    };
    let world = World::over(Rc::new(wrapper));
    let (first, second) = (make(&world, "a"), make(&world, "b"));
    let third = make(&world, "c");
    assert_eq!(settle(first.lookup(&ROOT, name(".."))).result.unwrap().file(), second.file());
    let moved = settle(world.root.rename(&ROOT, name("c"), &first, name("x")));
    assert_eq!(moved.result, Err(Errno::Io));
    assert!(settle(third.attributes()).is_ok());
}

fn make(world: &World, text: &str) -> Vnode {
    let new = new_file(NewKind::Directory, 0o755);
    settle(world.root.create(&ROOT, name(text), &new)).result.unwrap()
}

/// The numbers of the two directories made first.
struct InodeOf {
    first: u64,
    second: u64,
}

impl InodeOf {
    fn opposite(&self, memfs: &Memfs, directory: FileId) -> Option<FileId> {
        let number = match directory.inode.0 {
            number if number == self.first => self.second,
            number if number == self.second => self.first,
            _ => return None,
        };
        settle(memfs.identify(abi::InodeNo(number))).ok()
    }
}
