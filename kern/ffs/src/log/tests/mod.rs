//! The log on a small disk: 64 KiB of log behind the data of a file system of 512 KiB.
//!
//! A sector's contents are a number, repeated: what stands where can be told at a glance.

mod appending;
mod disk;
mod replaying;

use super::{ReplayError, Replayed, replay};
use crate::layout::log::{Location, Place};
use crate::layout::{ByteOrder, Format, Geometry, Kind, MAGIC_UFS2, Superblock};
use abi::InodeNo;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use block::Device;
use disk::{Luck, TinyDisk};

const SECTOR: usize = 512;
const DISK_BYTES: usize = 1024 * SECTOR;

/// Two groups of 64 blocks of 8 sectors; everything from sector 64 on, but for the second group's
/// metadata, is data.
fn geometry() -> Geometry {
    let mut fs = Superblock::zeroed();
    (fs.block_bytes, fs.frag_bytes, fs.frags_per_block) = (4096, 512, 8);
    (fs.superblock_frag, fs.group_frag, fs.inode_frag, fs.data_frag) = (16, 32, 40, 56);
    (fs.groups, fs.frags_per_group, fs.size_frags) = (2, 512, 1024);
    fs.inodes_per_group = 128;
    (fs.superblock_bytes, fs.summary_bytes, fs.summary_frag) = (1536, 512, 56);
    (fs.magic, fs.file_bytes_max) = (MAGIC_UFS2, u64::MAX);
    fs.data_frag = 104;
    fs.summary_frag = 104;
    let kind = Kind { format: Format::Ufs2, order: ByteOrder::Little };
    Geometry::new(kind, &fs, DISK_BYTES as u64).unwrap()
}

/// A log of `blocks` in the second group.
fn place(blocks: u64) -> Place {
    Place {
        location: Location::Within(InodeNo(3)),
        offset_bytes: 640 * SECTOR as u64,
        size_bytes: blocks * SECTOR as u64,
        block_bytes: SECTOR as u32,
    }
}

fn sector(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(SECTOR / 8)
}

fn run<T>(device: &Rc<Device>, future: impl Future<Output = T>) -> T {
    task::drive(future, || device.collect())
}

fn replay_image(image: Vec<u8>, place: &Place) -> (Rc<TinyDisk>, Result<Replayed, ReplayError>) {
    let disk = TinyDisk::new(image);
    let device = disk.device();
    let replayed = run(&device, replay(&device, &geometry(), place));
    (disk, replayed)
}

fn blank() -> Vec<u8> {
    vec![0; DISK_BYTES]
}

fn sector_of(image: &[u8], index: u64) -> &[u8] {
    &image[index as usize * SECTOR..][..SECTOR]
}
