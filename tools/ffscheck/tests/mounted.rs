//! New file systems mounted by `ffs`.

use abi::{FileSystemId, FileType, InodeNo, Timestamp};
use block::Device;
use ffs::Condition;
use ffs::layout::{ByteOrder, Format};
use ffscheck::MemoryDisk;
use ffscheck::newfs::{Made, Memory, Options, newfs};
use std::fmt;
use std::ops::ControlFlow;
use std::rc::Rc;
use vfs::{FileSystem, Name};

const ID: FileSystemId = FileSystemId(0x0123_4567_89ab_cdef);
const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };

struct Mounted {
    ffs: Rc<ffs::Ffs>,
    device: Rc<Device>,
    made: Made,
}

fn mount(options: &Options) -> Mounted {
    let mut image = Memory::default();
    let made = newfs(&mut image, options, ID, TIME).expect("a file system");
    let device = Device::new(Rc::new(MemoryDisk::new(image)));
    let damage = Rc::new(|line: fmt::Arguments<'_>| panic!("damage: {line}"));
    let mounting = ffs::mount(device.clone(), ffs::Options::default(), damage);
    let ffs = task::drive(mounting, || device.collect()).expect("a mount");
    Mounted { ffs, device, made }
}

impl Mounted {
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        task::drive(future, || self.device.collect())
    }

    fn root_names(&self) -> Vec<(Vec<u8>, u64)> {
        let mut names = Vec::new();
        let mut visit = |entry: vfs::Entry<'_>| {
            names.push((entry.name.to_vec(), entry.inode.0));
            ControlFlow::Continue(())
        };
        let listing = self.ffs.read_directory(self.ffs.root(), 0, &mut visit);
        assert_eq!(self.wait(listing), Ok(true));
        names
    }
}

fn check(options: &Options) {
    let mounted = mount(options);
    let description = mounted.ffs.description();
    assert_eq!(description.format, options.format);
    assert_eq!(description.byte_order, options.byte_order);
    assert_eq!(description.condition, Condition::Clean);
    assert_eq!(description.size_bytes, mounted.made.size_bytes);
    assert_eq!(mounted.ffs.id(), ID);
    let usage = mounted.wait(mounted.ffs.usage()).expect("usage");
    assert_eq!(usage.free_bytes, mounted.made.free_bytes);
    assert_eq!(usage.total_bytes, usage.free_bytes + u64::from(mounted.made.fragment_bytes));
    assert_eq!(mounted.root_names(), [(b".".to_vec(), 2), (b"..".to_vec(), 2)]);
    let root = mounted.wait(mounted.ffs.attributes(mounted.ffs.root())).expect("the root");
    assert_eq!((root.file_type, root.mode, root.links), (FileType::Directory, 0o755, 2));
    assert_eq!((root.modified, root.file.inode), (TIME, InodeNo(2)));
    let missing = mounted.ffs.lookup(mounted.ffs.root(), Name::new(b"missing").expect("a name"));
    assert_eq!(mounted.wait(missing), Err(abi::Errno::NoEntry));
}

#[test]
fn ffs_mounts_every_layout_and_size() {
    for format in [Format::Ufs1, Format::Ufs2] {
        for byte_order in [ByteOrder::Little, ByteOrder::Big] {
            for size_bytes in [1 << 20, 50_000_000, 4 << 30, 1 << 40] {
                check(&Options { format, byte_order, ..Options::new(size_bytes) });
            }
        }
    }
}

#[test]
fn ffs_mounts_every_block_and_fragment_size() {
    for format in [Format::Ufs1, Format::Ufs2] {
        for block_bytes in [4096, 8192, 16384, 32768, 65536] {
            for shift in (0..=3).filter(|shift| block_bytes >> shift >= 512) {
                let block_bytes = Some(block_bytes);
                let fragment_bytes = block_bytes.map(|bytes| bytes >> shift);
                let options = Options::new(20 << 20);
                check(&Options { format, block_bytes, fragment_bytes, ..options });
            }
        }
    }
}
