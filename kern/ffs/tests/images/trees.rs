//! Everything in an image made by `makefs` is what it was in the tree: names, kinds, modes,
//! owners, times, sizes, links, contents.

use crate::support::makefs::{Shape, image, shapes};
use crate::support::{Luck, MemoryDisk, Mounted, mount};
use abi::{Attributes, DeviceNumber, FileId, FileType};
use ffs::Condition;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use vfs::FileSystem;

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut luck = Luck(seed + 1);
    (0..length).map(|_| luck.next() as u8).collect()
}

/// A tree with one of everything, around all the edges of every block size.
fn make_tree(root: &Path) {
    for size in [0, 1, 511, 512, 513, 4095, 4096, 4097, 49151, 49152, 49153, 65536, 786_433] {
        fs::write(root.join(format!("size {size}")), bytes(size, size as usize)).unwrap();
    }
    fs::write(root.join("indirect"), bytes(7, 12 * 4096 + 1030 * 4096 + 77)).unwrap();
    let sparse = File::create(root.join("sparse")).unwrap();
    sparse.write_all_at(b"behind a hole", 3_000_000).unwrap();
    fs::create_dir_all(root.join("deep/er/and/deeper")).unwrap();
    fs::write(root.join("deep/er/and/deeper/file"), "at the bottom").unwrap();
    fs::hard_link(root.join("size 513"), root.join("deep/hard link")).unwrap();
    for length in [1, 58, 59, 60, 61, 118, 119, 120, 121, 1000] {
        symlink("t".repeat(length), root.join(format!("link {length}"))).unwrap();
    }
    fs::write(root.join("n".repeat(255)), "a long name").unwrap();
    make_special_files(root);
    fs::create_dir(root.join("many")).unwrap();
    for number in 0..1500 {
        let name = format!("{number}-{}", "x".repeat(number % 40));
        fs::write(root.join("many").join(name), number.to_string()).unwrap();
    }
    make_attributes(root);
}

/// All but sockets, which `makefs` leaves out.
fn make_special_files(root: &Path) {
    let special: [&[&str]; 3] =
        [&["fifo", "p"], &["char", "c", "5", "70000"], &["block", "b", "259", "3"]];
    for arguments in special {
        let status = Command::new("mknod").current_dir(root).args(arguments).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("skipped: {} needs the right to make device nodes", arguments[0]);
        }
    }
}

fn make_attributes(root: &Path) {
    let plain = root.join("size 512");
    fs::set_permissions(&plain, Permissions::from_mode(0o4751)).unwrap();
    fs::set_permissions(root.join("deep"), Permissions::from_mode(0o1777)).unwrap();
    if std::os::unix::fs::chown(root.join("size 4096"), Some(70001), Some(80002)).is_err() {
        eprintln!("skipped: changing owners needs the superuser");
    }
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_007, 123_456_789);
    File::options().write(true).open(&plain).unwrap().set_modified(time).unwrap();
}

struct Comparison<'a> {
    mounted: &'a Mounted,
    shape: Shape,
    /// Inode numbers in the image by those in the tree.
    inodes: BTreeMap<u64, u64>,
}

impl Comparison<'_> {
    fn tree(&mut self, path: &Path, file: FileId) {
        let attributes = self.mounted.attributes(file).unwrap();
        let case = format!("{:?} {}", self.shape, path.display());
        self.attributes(path, &attributes, &case);
        match attributes.file_type {
            FileType::Directory => self.directory(path, file, &case),
            FileType::SymbolicLink => {
                let target = self.mounted.wait(self.mounted.ffs.read_link(file)).unwrap();
                assert_eq!(&target[..], fs::read_link(path).unwrap().as_os_str().as_bytes());
            }
            FileType::Regular => self.contents(path, file, &case),
            _ => {}
        }
    }

    fn attributes(&mut self, path: &Path, ours: &Attributes, case: &str) {
        let theirs = fs::symlink_metadata(path).unwrap();
        assert_eq!(ours.mode, theirs.mode() & 0o7777, "{case}");
        assert_eq!((ours.uid, ours.gid), (theirs.uid(), theirs.gid()), "{case}");
        assert_eq!(ours.modified.seconds, theirs.mtime(), "{case}");
        // Built on Linux, makefs leaves nanoseconds out.
        let nanoseconds = i64::from(ours.modified.nanoseconds);
        assert!(nanoseconds == 0 || nanoseconds == theirs.mtime_nsec(), "{case}");
        assert_eq!(ours.born.is_some(), self.shape.version == 2, "{case}");
        if ours.file_type != FileType::Directory {
            assert_eq!(ours.size_bytes, theirs.size(), "{case}");
            assert_eq!(u64::from(ours.links), theirs.nlink(), "{case}");
        }
        let is_device = matches!(ours.file_type, FileType::BlockDevice | FileType::CharacterDevice);
        let (major, minor) =
            (theirs.rdev() >> 8 & 0xfff, theirs.rdev() & 0xff | theirs.rdev() >> 12 & 0xfff00);
        let device = DeviceNumber { major: major as u32, minor: minor as u32 };
        assert_eq!(ours.device, if is_device { device } else { DeviceNumber::default() }, "{case}");
        let inode = *self.inodes.entry(theirs.ino()).or_insert(ours.file.inode.0);
        assert_eq!(inode, ours.file.inode.0, "{case}: hard links share an inode");
    }

    fn directory(&mut self, path: &Path, file: FileId, case: &str) {
        let (entries, end) = self.mounted.list(file, 0, usize::MAX).unwrap();
        assert!(end, "{case}");
        let ours: BTreeSet<Vec<u8>> = entries.iter().map(|entry| entry.name.clone()).collect();
        let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
        let mut theirs: BTreeSet<Vec<u8>> = names.map(|name| name.as_bytes().to_vec()).collect();
        theirs.extend([b".".to_vec(), b"..".to_vec()]);
        assert!(ours == theirs, "{case}: names differ");
        for entry in &entries {
            let child = self.mounted.lookup(file, &entry.name).unwrap();
            assert_eq!(child.inode.0, entry.inode, "{case}");
            let attributes = self.mounted.attributes(child).unwrap();
            assert_eq!(entry.file_type, Some(attributes.file_type), "{case}");
            if entry.name != b"." && entry.name != b".." {
                let name = std::ffi::OsStr::from_bytes(&entry.name);
                self.tree(&path.join(name), child);
            }
        }
        assert_eq!(self.mounted.lookup(file, b"."), Ok(file), "{case}");
        assert_eq!(self.mounted.lookup(file, b"absent"), Err(abi::Errno::NoEntry), "{case}");
    }

    fn contents(&self, path: &Path, file: FileId, case: &str) {
        let theirs = fs::read(path).unwrap();
        let ours = self.mounted.read(file, 0, u32::MAX).unwrap();
        assert!(ours == theirs, "{case}: contents differ");
        let mut luck = Luck(theirs.len() as u64 + 9);
        for _ in 0..20 {
            let start = luck.below(theirs.len() as u64 + 10);
            let length = luck.below(100_000);
            let range =
                (start as usize).min(theirs.len())..((start + length) as usize).min(theirs.len());
            let piece = self.mounted.read(file, start, length as u32).unwrap();
            assert!(piece == theirs[range], "{case}: {length} bytes at {start} differ");
        }
    }
}

#[test]
fn images_show_what_the_tree_holds() {
    let tree = tempfile::tempdir().unwrap();
    make_tree(tree.path());
    for shape in shapes() {
        let Some(bytes) = image(shape, tree.path()) else { return };
        let mounted = mount(&MemoryDisk::of(&bytes)).unwrap();
        let mut comparison = Comparison { mounted: &mounted, shape, inodes: BTreeMap::new() };
        comparison.tree(tree.path(), mounted.ffs.root());
        let description = mounted.ffs.description();
        assert_eq!(description.condition, Condition::Clean, "{shape:?}");
        assert_eq!(description.block_bytes, shape.block_bytes);
        assert_eq!(*mounted.damage.borrow(), Vec::<String>::new(), "{shape:?}");
    }
}
