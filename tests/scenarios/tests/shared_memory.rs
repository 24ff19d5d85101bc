//! Many file systems in one process, which share the memory for changed data: how much all of them
//! hold, and what one that floods leaves to the others. All is counted; the time is virtual.

use abi::{FileId, FileSystemId, SetTime, Timestamp};
use block::Device;
use bytes::Bytes;
use ffs::layout::{ByteOrder, Format};
use ffs::{Ffs, Options};
use hyper::Division;
use scenarios::layouts::{Layout, Shape};
use sim::{Image, Luck, Pace, PowerDisk, SharedBudget, VirtualClock};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use task::Executor;
use vfs::{FileSystem, Name, NewFile, NewKind, Stability};

/// For a few file systems.
const SMALL: Division = Division { total_bytes: 8 << 20, least_bytes: 16 << 10 };

/// For a thousand: an eighth of it is enough for the least of each.
const LARGE: Division = Division { total_bytes: 32 << 20, least_bytes: 4 << 10 };

/// What transactions without a log keep of metadata, at most as many pages as one changes: they
/// cannot be put off.
const KEPT_BYTES: u64 = 16 << 10;

/// What a file system may have that is bound by nothing but what it shares.
const NO_LIMIT: u64 = 1 << 40;

const NOW: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };

/// Writers of one file system that floods.
const WRITERS: usize = 4;

/// Most of them.
const TASKS: usize = 32;

/// How long a turn of everybody takes: an operation of a disk takes up to fifty.
const TURN: Duration = Duration::from_micros(100);

/// A process: a budget, a clock, and what lives there.
struct Process {
    budget: SharedBudget,
    clock: VirtualClock,
    luck: Luck,
    image: Image,
    logged: bool,
    tenants: Vec<Tenant>,
    /// Most bytes that all may hold.
    bound_bytes: u64,
}

/// A file system with a file, and those who write to it.
struct Tenant {
    tasks: Executor,
    device: Rc<Device>,
    ffs: Rc<Ffs>,
    file: FileId,
    written_bytes: Rc<Cell<u64>>,
}

impl Process {
    fn new(division: Division) -> Self {
        Self {
            budget: SharedBudget::new(division),
            clock: VirtualClock::default(),
            luck: Luck::new(7),
            logged: true,
            image: Image::zeroed(0),
            tenants: Vec::new(),
            bound_bytes: division.total_bytes,
        }
    }

    /// Makes an image, for all that are added from now on.
    fn format(&mut self, size_bytes: u64) {
        let (format, byte_order) = (Format::Ufs2, ByteOrder::Little);
        let layout = Layout { format, byte_order, logged: self.logged };
        let shape = Shape {
            size_bytes,
            block_bytes: 4096,
            fragment_bytes: 1024,
            bytes_per_inode: 65536,
            limits: None,
        };
        self.image = layout.image(FileSystemId(7), shape);
    }

    fn add(&mut self, limit_bytes: u64) {
        let pace = Pace::Within(Duration::from_millis(5));
        let disk = PowerDisk::new(self.image.clone(), self.clock.clone(), self.luck.fork(), pace);
        let disk = Rc::new(disk);
        let device = Device::new(disk.clone());
        let options = Options {
            writable: true,
            log: self.logged,
            cache_bytes: 64 << 10,
            verifier: 1,
            dirty_bytes_max: limit_bytes,
            dirty_account: self.budget.open(),
            ..Options::default()
        };
        let opened = open(device.clone(), options);
        let (ffs, file) = task::drive(opened, || {
            disk.next_due().into_iter().for_each(|due| self.clock.reach(due));
            device.collect();
        });
        let tasks = Executor::new(TASKS);
        let written_bytes = Rc::default();
        self.tenants.push(Tenant { tasks, device, ffs, file, written_bytes });
    }

    /// Turns everybody once, which takes a while.
    fn turn(&self) {
        for tenant in &self.tenants {
            tenant.device.collect();
            tenant.tasks.run(WRITERS);
            let taken_bytes = self.budget.taken_bytes();
            assert!(taken_bytes <= self.bound_bytes, "{taken_bytes} of {}", self.bound_bytes);
        }
        self.clock.pass(TURN);
    }

    /// Turns everybody until `done`. Returns how many microseconds of virtual time that took.
    fn run_until(&self, done: impl Fn(&[Tenant]) -> bool) -> u128 {
        let start = hyper::Clock::now(&self.clock);
        for _ in 0..1_000_000 {
            if done(&self.tenants) {
                return hyper::Clock::now(&self.clock).since(start).as_micros();
            }
            self.turn();
        }
        panic!("nobody gets on any more");
    }
}

/// Mounts, and makes a file.
async fn open(device: Rc<Device>, options: Options) -> (Rc<Ffs>, FileId) {
    let ffs =
        ffs::mount(device, options, Rc::new(|line: std::fmt::Arguments<'_>| panic!("{line}")));
    let ffs = ffs.await.expect("a file system");
    let file = create(&ffs, "file").await;
    ffs.writable().expect("writable").sync().await.expect("a disk that works");
    (ffs, file)
}

async fn create(ffs: &Ffs, name: &str) -> FileId {
    let new = NewFile {
        kind: NewKind::Regular,
        mode: 0o644,
        uid: 0,
        gid: 0,
        accessed: SetTime::Keep,
        modified: SetTime::Keep,
    };
    let (writable, name) = (ffs.writable().expect("writable"), Name::new(name.as_bytes()));
    let name = name.expect("a name");
    writable.create(ffs.root(), name, &new, NOW).await.expect("room")
}

impl Tenant {
    /// Somebody who writes pieces of a region, round and round, for as long as `more` says.
    fn write(&self, start: u64, length: u64, piece: u64, more: impl Fn(u64) -> bool + 'static) {
        let (ffs, file, written) = (self.ffs.clone(), self.file, self.written_bytes.clone());
        let data = Bytes::from(vec![7; piece as usize]);
        let task = async move {
            let writable = ffs.writable().expect("writable");
            for at in (0..length).step_by(piece as usize).cycle() {
                if !more(written.get()) {
                    break;
                }
                let write =
                    writable.write(file, start + at, data.clone(), Stability::Unstable, NOW);
                assert_eq!(write.await.map(|it| it.count_bytes), Ok(piece as u32));
                written.set(written.get() + piece);
                task::let_others_run().await;
            }
        };
        self.tasks.spawn(task).expect("a slot");
    }

    /// Some who write a region without an end.
    fn flood(&self, length: u64) {
        let part = length / WRITERS as u64;
        for start in (0..length).step_by(part as usize) {
            self.write(start, part, 512 << 10, |_| true);
        }
    }

    /// One call for each of some files, all at once.
    fn write_files(&self, count: usize, length: usize) {
        let data = Bytes::from(vec![7; length]);
        for number in 0..count {
            let (ffs, written, data) = (self.ffs.clone(), self.written_bytes.clone(), data.clone());
            let task = async move {
                let file = create(&ffs, &number.to_string()).await;
                let writable = ffs.writable().expect("writable");
                let write = writable.write(file, 0, data, Stability::Unstable, NOW).await;
                written.set(written.get() + u64::from(write.expect("room").count_bytes));
            };
            self.tasks.spawn(task).expect("a slot");
        }
    }

    fn has_written(&self, bytes: u64) -> bool {
        self.written_bytes.get() >= bytes
    }
}

#[test]
fn one_alone_has_all_of_its_own_limit() {
    for limit_bytes in [1 << 20, 4 << 20, NO_LIMIT] {
        let mut process = Process::new(SMALL);
        process.format(12 << 20);
        process.add(limit_bytes);
        process.tenants[0].flood(10 << 20);
        process.run_until(|tenants| tenants[0].has_written(64 << 20));
        let bound_bytes = limit_bytes.min(SMALL.common_bytes());
        let highest_bytes = process.budget.highest_bytes();
        let is_all = (bound_bytes / 8 * 7..=bound_bytes).contains(&highest_bytes);
        assert!(is_all, "{highest_bytes} of {limit_bytes}");
        process.tenants.clear();
        assert_eq!(process.budget.taken_bytes(), 0, "what is dropped is given back");
    }
}

#[test]
fn two_who_flood_get_on_alike() {
    for logged in [true, false] {
        let mut process = Process { logged, ..Process::new(SMALL) };
        process.bound_bytes += if logged { 0 } else { 8 * KEPT_BYTES };
        process.format(12 << 20);
        (0..2).for_each(|_| process.add(NO_LIMIT));
        process.tenants[0].flood(10 << 20);
        process.run_until(|tenants| tenants[0].has_written(32 << 20));
        let before = process.tenants[0].written_bytes.get();
        process.tenants[1].flood(10 << 20);
        process.run_until(|tenants| tenants[1].has_written(64 << 20));
        let first = process.tenants[0].written_bytes.get() - before;
        assert!((48 << 20..96 << 20).contains(&first), "{first} while the other wrote 64 MiB");
    }
}

/// More calls at once than fit into memory, each to a file of its own: who waits holds nothing that
/// others wait for.
#[test]
fn calls_that_wait_do_not_wait_for_each_other() {
    let mut process = Process::new(SMALL);
    process.format(48 << 20);
    process.add(NO_LIMIT);
    process.tenants[0].write_files(20, 1 << 20);
    process.run_until(|tenants| tenants[0].has_written(20 << 20));
}

/// Many write a little while one floods, which holds all there is when they come: each of them gets
/// on nearly as it would without, and nobody ever holds more than there is.
#[test]
fn one_that_floods_starves_nobody() {
    let (alone, _) = modest_ones(false);
    let (beside_flood, flooded) = modest_ones(true);
    assert!(beside_flood <= 4 * alone, "{beside_flood} µs instead of {alone}");
    assert!(flooded > 0, "and the flood goes on");
}

/// How long 999 take in µs, and how much one writes meanwhile that perhaps has all memory at first.
fn modest_ones(flooded: bool) -> (u128, u64) {
    const MODEST: usize = 999;
    const PIECE: u64 = 4 << 10;
    let mut process = Process::new(LARGE);
    process.format(1 << 20);
    (0..MODEST).for_each(|_| process.add(NO_LIMIT));
    process.format(40 << 20);
    process.add(NO_LIMIT);
    if flooded {
        process.tenants[MODEST].flood(36 << 20);
        process.run_until(|tenants| tenants[MODEST].has_written(40 << 20));
        assert!(process.budget.taken_bytes() > LARGE.total_bytes / 2, "it holds most");
    }
    let before = process.tenants[MODEST].written_bytes.get();
    for tenant in &process.tenants[..MODEST] {
        tenant.write(0, 16 * PIECE, PIECE, |written| written < 16 * PIECE);
    }
    let time = process
        .run_until(|tenants| tenants[..MODEST].iter().all(|tenant| tenant.has_written(16 * PIECE)));
    (time, process.tenants[MODEST].written_bytes.get() - before)
}
