//! Small images with files of every kind, that were used and left, or not left.

use super::session::{DATA, Session, name, new_file};
use crate::disk::WritableDisk;
use abi::{FileSystemId, Timestamp};
use ffs::layout::{ByteOrder, Format};
use ffscheck::newfs::{Memory, Options, Quotas, newfs};
use std::sync::OnceLock;
use vfs::{NewKind, Stability, Vnode};

const DISK_BYTES: u64 = 6 << 20;
const LOG_BYTES: u64 = 1 << 20;
const SECTOR_BYTES: u64 = 512;
/// Names of the directory that is large enough to be indexed.
const NAMES: u32 = 40;

/// An image, and the sectors whose change matters: all that hold metadata.
pub(super) struct Base {
    pub(super) image: Memory,
    pub(super) places: Vec<u64>,
}

/// UFS1 and UFS2, both byte orders, with a log and without, left clean and not.
pub(super) fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| (0..16).map(base).collect())
}

fn base(number: u32) -> Base {
    let has = |bit: u32| number >> bit & 1 != 0;
    let options = Options {
        format: if has(0) { Format::Ufs2 } else { Format::Ufs1 },
        byte_order: if has(1) { ByteOrder::Big } else { ByteOrder::Little },
        block_bytes: Some(4096),
        fragment_bytes: Some(512),
        log_bytes: Some(if has(2) { LOG_BYTES } else { 0 }),
        quotas: Quotas { user: true, group: true },
        ..Options::new(DISK_BYTES)
    };
    let mut image = Memory::default();
    let time = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
    newfs(&mut image, &options, FileSystemId(7), time).expect("a file system");
    let image = used(image, has(2), !has(3));
    let mut sector = [0; SECTOR_BYTES as usize];
    let places = (0..image.size_bytes() / SECTOR_BYTES).map(|index| index * SECTOR_BYTES);
    let places = places.filter(|&at| {
        image.read_at(at, &mut sector);
        sector.iter().any(|&byte| byte != 0) && sector != DATA[..SECTOR_BYTES as usize]
    });
    Base { places: places.collect(), image }
}

/// The image with files; `is_left`: and then closed.
fn used(image: Memory, has_log: bool, is_left: bool) -> Memory {
    let (disk, device) = WritableDisk::over(image);
    let session = Session::new(&disk, device, has_log).expect("a mount");
    let caller = session.caller(0);
    let root = session.root();
    let make = |directory: &Vnode, text: &str, kind: NewKind<'_>| {
        let made = session.wait(directory.create(&caller, name(text), &new_file(kind)));
        made.result.expect("a file")
    };
    let directory = make(&root, "directory", NewKind::Directory);
    let below = make(&directory, "below", NewKind::Directory);
    (0..NAMES).for_each(|number| {
        make(&below, &format!("{number:080}"), NewKind::Regular);
    });
    for (text, places) in [
        ("short", &[(0, 300)][..]),
        ("long", &[(0, 60_000)]),
        ("sparse", &[(3, 5000), (1 << 22, 4096), (1 << 31, 4096)]),
    ] {
        let file = make(&root, text, NewKind::Regular);
        for &(offset, bytes) in places {
            session.write(&file, offset, bytes, Stability::Unstable).expect("space");
        }
        session.wait(file.link(&caller, &directory, name(text))).result.expect("a name");
    }
    make(&root, "link", NewKind::SymbolicLink(&[b'l'; 400]));
    make(&root, "short link", NewKind::SymbolicLink(b"short"));
    make(&root, "fifo", NewKind::Fifo);
    session.wait(session.changes().sync()).expect("written");
    if is_left {
        session.wait(session.changes().close()).expect("left");
    } else {
        session.wait(directory.remove(&caller, name("sparse"))).result.expect("removed");
    }
    disk.image.borrow().clone()
}
