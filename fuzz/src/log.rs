//! Logs: records that the input describes, and bytes of it that the input changes.
//!
//! A log that is broken changes nothing. One that is replayed writes nothing outside of the file
//! system or into itself, and finds nothing more to do the second time. What it has left of the
//! file system is then mounted, changed and left, as after any crash.

use crate::disk::WritableDisk;
use crate::input::Input;
use abi::{FileSystemId, InodeNo, SetTime, Timestamp};
use block::Device;
use ffs::layout::log::{
    Extent, Header, ListKind, Place, Unlinked, emit_extents, emit_inodes, extents_per_record,
    inodes_per_record,
};
use ffs::layout::{ByteOrder, Field, Format, Geometry, Superblock, flags};
use ffs::log::{ReplayError, Replayed, replay};
use ffscheck::Image;
use ffscheck::newfs::{Memory, Options, newfs};
use std::fmt;
use std::rc::Rc;
use vfs::{FileSystem, Name, NewFile, NewKind};

const DISK_BYTES: u64 = 6 << 20;
const LOG_BYTES: u64 = 1 << 20;
const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
const RECORDS_MAX: usize = 64;
const CHANGES_MAX: usize = 16;
const SECTOR_BYTES: u64 = 512;

/// Replays the log that the input says.
pub fn ffs_log(input: &[u8]) {
    let mut input = Input::new(input);
    let mut volume = Volume::new(&mut input);
    volume.write_log(&mut input);
    volume.change_log(&mut input);
    let before = volume.image.to_vec();
    let (disk, device) = WritableDisk::over(volume.image.clone());
    match volume.replay(&device) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(disk.image.borrow().to_vec() == before, "a broken log has changed the disk");
        }
        Ok(replayed) => {
            volume.check_unlogged(&before, &disk.image.borrow().to_vec());
            let again = volume.replay(&device).expect("what could be replayed before");
            assert_eq!((again.unlinked, again.written_bytes), (replayed.unlinked, 0));
        }
    }
    use_volume(volume.image);
}

/// An image with a log in use, and where that is.
struct Volume {
    image: Memory,
    geometry: Geometry,
    place: Place,
    order: ByteOrder,
}

impl Volume {
    fn new(input: &mut Input<'_>) -> Self {
        let choice = input.u8();
        let format = if choice & 1 == 0 { Format::Ufs1 } else { Format::Ufs2 };
        let byte_order = if choice & 2 == 0 { ByteOrder::Little } else { ByteOrder::Big };
        let order = if choice & 4 == 0 { byte_order } else { byte_order.swapped() };
        let options =
            Options { format, byte_order, log_bytes: Some(LOG_BYTES), ..Options::new(DISK_BYTES) };
        let mut image = Memory::default();
        newfs(&mut image, &options, FileSystemId(1), TIME).expect("a file system");
        let offset = if format == Format::Ufs1 { 8192 } else { 65536 };
        let mut bytes = [0; ffs::layout::SUPERBLOCK_BYTES];
        image.read_at(offset, &mut bytes);
        let (kind, mut superblock) = Superblock::parse(&bytes).expect("a superblock");
        let geometry = Geometry::new(kind, &superblock, DISK_BYTES).expect("a geometry");
        let place = Place::of(&superblock, &geometry, DISK_BYTES).expect("a place");
        superblock.flags |= flags::WAPBL;
        superblock.clean = 2;
        superblock.put(&mut bytes, byte_order);
        image.write_at(offset, &bytes).expect("a place inside the image");
        Self { image, geometry, place: place.expect("a log"), order }
    }

    /// Records around the end of the circle, and a header that says so.
    fn write_log(&mut self, input: &mut Input<'_>) {
        let mut header = Header::empty(&self.place, self.order, TIME);
        let blocks = header.circle.size_bytes / SECTOR_BYTES;
        header.generation = 2 + u32::from(input.u8());
        header.tail += u64::from(input.u16()) % blocks * SECTOR_BYTES;
        for _ in 0..RECORDS_MAX {
            if input.is_empty() {
                break;
            }
            let record = self.record(input);
            if header.used_bytes + record.len() as u64 >= header.circle.size_bytes {
                break;
            }
            self.write_around(&header, &record);
            header.used_bytes += record.len() as u64;
        }
        let mut block = [0; SECTOR_BYTES as usize];
        header.emit(&mut block);
        let offset = Header::offset_bytes(header.generation, self.place.block_bytes);
        self.write(offset, &block);
    }

    fn write_around(&mut self, header: &Header, record: &[u8]) {
        let (first, second) = {
            let [first, _] = header.circle.pieces(header.head(), record.len() as u64);
            record.split_at((first.end - first.start) as usize)
        };
        self.write(header.head(), first);
        self.write(header.circle.start_bytes, second);
    }

    fn write(&mut self, at: u64, bytes: &[u8]) {
        self.image.write_at(self.place.offset_bytes + at, bytes).expect("a place in the log");
    }

    fn record(&self, input: &mut Input<'_>) -> Vec<u8> {
        let mut block = vec![0; SECTOR_BYTES as usize];
        let (kind, count) = (input.u8(), usize::from(input.u8()));
        match kind % 8 {
            0..=3 => {
                let extents = self.extents(count % extents_per_record(512), input);
                emit_extents(ListKind::Blocks, &extents, &mut block, self.order);
                let bytes: u32 = extents.iter().map(|extent| extent.length_bytes).sum();
                let fill = input.take(8);
                let contents = (0..bytes as usize).map(|at| fill.get(at % 8).copied().unwrap_or(0));
                block.extend(contents);
            }
            4 => {
                let extents = self.extents(count % extents_per_record(512), input);
                emit_extents(ListKind::Revocations, &extents, &mut block, self.order);
            }
            5 | 6 => {
                let count = count % inodes_per_record(512);
                let inodes: Vec<Unlinked> = (0..count).map(|_| unlinked(input)).collect();
                emit_inodes(&inodes, kind & 8 == 0, &mut block, self.order);
            }
            _ => {
                let bytes = input.take(count);
                block[..bytes.len()].copy_from_slice(bytes);
            }
        }
        block
    }

    fn extents(&self, count: usize, input: &mut Input<'_>) -> Vec<Extent> {
        let sectors = DISK_BYTES / SECTOR_BYTES + 16;
        let extent = |input: &mut Input<'_>| Extent {
            offset_bytes: u64::from(input.u16()) % sectors * SECTOR_BYTES,
            length_bytes: u32::from(input.u8() % 16 + 1) * SECTOR_BYTES as u32,
        };
        (0..count).map(|_| extent(input)).collect()
    }

    /// Bytes of the log overwritten: of its headers, or of its beginning.
    fn change_log(&mut self, input: &mut Input<'_>) {
        for _ in 0..CHANGES_MAX {
            if input.is_empty() {
                break;
            }
            let at = u64::from(input.u16()) % (LOG_BYTES - 16);
            let count = input.u8() % 16;
            let bytes = input.take(count.into()).to_vec();
            self.write(at, &bytes);
        }
    }

    fn replay(&self, device: &Rc<Device>) -> Result<Replayed, ReplayError> {
        let replaying = replay(device, &self.geometry, &self.place);
        task::drive(replaying, || device.collect())
    }

    /// Nothing behind the file system has changed, and of the log only its headers.
    fn check_unlogged(&self, before: &[u8], after: &[u8]) {
        let start = self.place.offset_bytes as usize;
        let log = start + 2 * SECTOR_BYTES as usize..start + LOG_BYTES as usize;
        assert!(before[log.clone()] == after[log], "the log was written over");
        let end = (self.geometry.size_frags << self.geometry.frag_shift) as usize;
        assert!(before[end..] == after[end..], "written behind the file system");
    }
}

fn unlinked(input: &mut Input<'_>) -> Unlinked {
    Unlinked { inode: InodeNo(u64::from(input.u16() % 1024)), mode: input.u16().into() }
}

/// Mounts the image, makes a file, and leaves.
fn use_volume(image: Memory) {
    let (_, device) = WritableDisk::over(image);
    let options = ffs::Options { writable: true, hash_key: [1, 2], ..ffs::Options::default() };
    let damage = Rc::new(|line: fmt::Arguments<'_>| assert!(!line.to_string().is_empty()));
    let mounting = ffs::mount(device.clone(), options, damage);
    let Ok(ffs) = task::drive(mounting, || device.collect()) else { return };
    let Some(writable) = ffs.writable() else { return };
    let (accessed, modified) = (SetTime::Keep, SetTime::Keep);
    let new = NewFile { kind: NewKind::Regular, mode: 0o644, uid: 0, gid: 0, accessed, modified };
    let using = async {
        let name = Name::new(b"new")?;
        writable.create(ffs.root(), name, &new, TIME).await?;
        writable.settle().await
    };
    // Damage may be in the way of all of it.
    let _ = task::drive(using, || device.collect());
    let _ = task::drive(writable.close(), || device.collect());
}
