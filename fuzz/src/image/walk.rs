//! Everything that can be asked of a mounted file system, of every file that can be reached.

use abi::{Attributes, Errno, FileId, FileType};
use block::Device;
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::rc::Rc;
use vfs::{FileSystem, Name};

const FILES_MAX: usize = 48;
/// Listings of one directory, and names of one listing.
const LISTINGS_MAX: u32 = 16;
const LISTING_NAMES_MAX: usize = 64;
const READ_BYTES: u32 = 64 << 10;

/// Looks at files, breadth first.
pub(super) fn walk(file_system: &dyn FileSystem, device: &Rc<Device>) {
    let walk = Walk { file_system, device };
    walk.look_around();
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([file_system.root()]);
    while let Some(file) = queue.pop_front() {
        if seen.len() < FILES_MAX && seen.insert(file.inode) {
            queue.extend(walk.look_at(file));
        }
    }
}

struct Walk<'a> {
    file_system: &'a dyn FileSystem,
    device: &'a Rc<Device>,
}

impl Walk<'_> {
    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        task::drive(future, || self.device.collect())
    }

    fn look_around(&self) {
        let limits = self.file_system.limits();
        assert!(limits.block_bytes.is_power_of_two() && limits.name_bytes_max == 255);
        let usage = self.wait(self.file_system.usage()).expect("usage is in memory");
        assert!(usage.free_bytes <= usage.total_bytes, "{usage:?}");
        assert!(usage.available_bytes <= usage.free_bytes, "{usage:?}");
        assert!(usage.free_files <= usage.total_files, "{usage:?}");
    }

    /// Looks at a file, and gives those that its names lead to.
    fn look_at(&self, file: FileId) -> Vec<FileId> {
        let stale = FileId { generation: file.generation.wrapping_add(1), ..file };
        let attributes = self.wait(self.file_system.attributes(stale));
        assert!(matches!(attributes, Err(Errno::Stale | Errno::Io)), "{attributes:?}");
        let Ok(attributes) = self.wait(self.file_system.attributes(file)) else {
            return Vec::new();
        };
        assert_eq!(attributes.file, file);
        self.read(&attributes);
        let _ = self.wait(self.file_system.read_link(file));
        self.names(file)
    }

    /// The beginning, the end, the middle, places where levels of indirection begin, and beyond.
    fn read(&self, attributes: &Attributes) {
        let size = attributes.size_bytes;
        let levels = [12, 12 + 512, 12 + 1024, 12 + 512 * 513, 12 + 1024 * 1025];
        let places = levels.map(|block| block * 4096);
        let ends = [0, size / 2, size.saturating_sub(1), size, u64::MAX - 1];
        for offset in ends.into_iter().chain(places) {
            let read = self.file_system.read(attributes.file, offset, READ_BYTES);
            let Ok(pieces) = self.wait(read) else { continue };
            assert_eq!(attributes.file_type, FileType::Regular);
            let count: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
            assert_eq!(count, size.saturating_sub(offset).min(READ_BYTES.into()), "at {offset}");
        }
    }

    /// Lists a directory in several goes, and looks up every name that it shows.
    fn names(&self, directory: FileId) -> Vec<FileId> {
        let (mut files, mut cookie) = (Vec::new(), 0);
        for _ in 0..LISTINGS_MAX {
            let mut names = Vec::new();
            let listing = self.list(directory, cookie, &mut names);
            for (name, next) in &names {
                assert!(*next != 0 && *next != cookie, "a cookie that leads nowhere");
                cookie = *next;
                files.extend(self.look_up(directory, name));
            }
            if names.is_empty() || listing != Ok(false) {
                break;
            }
        }
        let _ = self.look_up(directory, b"missing");
        files
    }

    fn list(
        &self,
        directory: FileId,
        after: u64,
        names: &mut Vec<(Vec<u8>, u64)>,
    ) -> abi::Result<bool> {
        let mut visit = |entry: vfs::Entry<'_>| {
            if names.len() == LISTING_NAMES_MAX {
                return ControlFlow::Break(());
            }
            names.push((entry.name.to_vec(), entry.cookie));
            ControlFlow::Continue(())
        };
        self.wait(self.file_system.read_directory(directory, after, &mut visit))
    }

    fn look_up(&self, directory: FileId, name: &[u8]) -> Option<FileId> {
        let name = Name::new(name).expect("names of a listing are valid");
        self.wait(self.file_system.lookup(directory, name)).ok()
    }
}
