//! Mounting: finds the superblock, checks it, and loads the root directory.

use crate::damage::{Damage, Reports};
use crate::file_system::Ffs;
use crate::layout::{
    Field, FieldFault, Format, Geometry, Kind, ROOT_INODE, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSETS,
    Summary, Superblock, clean,
};
use crate::recover::{Recovered, recover};
use crate::writer::Writer;
use abi::{Errno, FileType};
use alloc::rc::Rc;
use alloc::vec::Vec;
use alloc::{format, vec};
use block::{Account, Device};
use bytes::BytesMut;
use core::fmt;

/// How much a mounted file system may keep in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Pages of the disk.
    pub cache_bytes: u64,
    /// Decoded inodes, of about half a KiB each.
    pub inode_cache_entries: u32,
    /// Name indexes of large directories, about 16 bytes a name.
    pub directory_index_bytes: u64,
    /// Whether it is to be changed. One that must not be is mounted for reading all the same (see
    /// [`Ffs::description`]).
    pub writable: bool,
    /// Whether to use the log, and to make one where there is none. Without, metadata is written in
    /// steps.
    pub log: bool,
    /// Whether the disk is told what files gave back.
    pub discard: bool,
    /// Where the write verifier starts, unless the image has one to go on with: another one at each
    /// mount, and not 0.
    pub verifier: u64,
    /// Dirty data that the disk does not have, at most.
    pub dirty_bytes_max: u64,
    /// Where that counts in what all services of a process share.
    pub dirty_account: Account,
    /// Makes it unforeseeable which names share a place in an index.
    pub hash_key: [u64; 2],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            inode_cache_entries: 16384,
            directory_index_bytes: 16 << 20,
            writable: false,
            log: true,
            discard: false,
            verifier: 0,
            dirty_bytes_max: 32 << 20,
            dirty_account: Account::default(),
            hash_key: [0; 2],
        }
    }
}

/// Why a disk cannot be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountError {
    /// The disk could not be read.
    Read {
        /// Where, in bytes.
        offset_bytes: u64,
        /// Why.
        errno: Errno,
    },
    /// No superblock is where one may be.
    NotFound {
        /// The size of the disk.
        disk_bytes: u64,
    },
    /// There is a superblock, and a field of it cannot be right.
    Superblock {
        /// Where the superblock stands, in bytes.
        offset_bytes: u64,
        /// Which field, and why.
        fault: FieldFault,
    },
    /// The table of summaries cannot be read.
    Summaries(Errno),
    /// The root directory cannot be read, or is none.
    Root(Errno),
}

impl fmt::Display for MountError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { offset_bytes, errno } => {
                write!(formatter, "cannot read the disk at byte {offset_bytes}: {errno}")
            }
            Self::NotFound { disk_bytes } => write!(
                formatter,
                "no UFS superblock at byte 65536, 8192, 0 or 262144 of a disk of {disk_bytes} \
                 bytes: is it an FFS image, without a partition table around it?"
            ),
            Self::Superblock { offset_bytes, fault } => {
                write!(formatter, "superblock at byte {offset_bytes}: {fault}")
            }
            Self::Summaries(errno) => write!(formatter, "the table of summaries: {errno}"),
            Self::Root(errno) => {
                write!(formatter, "inode {}, the root directory: {errno}", ROOT_INODE.0)
            }
        }
    }
}

impl core::error::Error for MountError {}

/// A superblock that was found and makes sense.
struct Found {
    superblock: Superblock,
    geometry: Geometry,
}

/// Mounts the file system on `device`: for reading, and for writing if [`Options::writable`] asks
/// for it and nothing is in the way (see [`crate::Description::unwritable`]). Its log is replayed
/// first. Damaged places are told to `damage` as they are met.
///
/// # Errors
/// Why it cannot be mounted; an unclean file system can (see [`crate::Condition`]).
pub async fn mount(
    device: Rc<Device>,
    options: Options,
    damage: Rc<dyn Damage>,
) -> Result<Rc<Ffs>, MountError> {
    let mut found = find_superblock(&device).await?;
    let reports = Reports::new(damage);
    let mut recovered = None;
    if options.writable {
        recovered = recover(&device, &mut found.superblock, &found.geometry, &reports).await;
    }
    if recovered.is_some() {
        found = find_superblock(&device).await?;
        found.superblock.clean |= clean::IS_CLEAN;
    }
    let mut ffs = Ffs::new(device, found.superblock, found.geometry, options, reports);
    let root = ffs.node(ROOT_INODE).await.map_err(MountError::Root)?;
    if root.file_type != FileType::Directory {
        return Err(MountError::Root(Errno::NotDirectory));
    }
    ffs.set_root(root.file());
    if ffs.options.writable && ffs.description().unwritable.is_none() {
        let writer = ffs.start_writing(recovered.as_ref()).await;
        ffs.writer = Some(writer.map_err(MountError::Summaries)?);
        ffs.provide_log().await;
    }
    let ffs = Rc::new(ffs);
    if let Some(recovered) = recovered.filter(|_| ffs.writer.is_some()) {
        ffs.doom_listed(recovered.unlinked()).await;
    }
    Ok(ffs)
}

impl Ffs {
    /// Reads what changing it needs to know.
    async fn start_writing(&self, recovered: Option<&Recovered>) -> Result<Writer, Errno> {
        let log = self.open_log(recovered).await;
        let summaries = match recovered {
            Some(_) => self.count_groups().await?,
            None => self.read_summaries().await?,
        };
        let verifier = self.first_verifier(recovered.is_some());
        let writer = Writer::new(log, summaries, verifier);
        if recovered.is_some() {
            writer.commits.note_recovered();
        }
        let unlinked = recovered.map(Recovered::unlinked).unwrap_or_default();
        let unlinked = unlinked.iter().map(|listed| (listed.inode, listed.mode as u16));
        writer.unlinked.borrow_mut().extend(unlinked);
        Ok(writer)
    }

    async fn read_summaries(&self) -> Result<Vec<Summary>, Errno> {
        let geometry = &self.geometry;
        let offset_bytes = geometry.summary_frag.0 << geometry.frag_shift;
        let buffers = vec![BytesMut::zeroed(geometry.summary_bytes as usize)];
        let buffers = self.cache.device().read(offset_bytes, buffers).await?;
        let table = buffers.first().ok_or(Errno::Io)?;
        let summaries = table.chunks_exact(Summary::BYTES).take(geometry.groups as usize);
        Ok(summaries.map(|bytes| Summary::get(bytes, geometry.order)).collect())
    }
}

/// Tries the places in BSD's order. A place with a faulty superblock does not end the search:
/// it may be the leftover of an earlier file system.
async fn find_superblock(device: &Rc<Device>) -> Result<Found, MountError> {
    let disk_bytes = device.geometry().size_bytes;
    let mut first_fault = None;
    for offset_bytes in SUPERBLOCK_OFFSETS {
        if disk_bytes < offset_bytes + SUPERBLOCK_BYTES as u64 {
            continue;
        }
        let bytes = read_superblock(device, offset_bytes).await?;
        let Some((kind, superblock)) = Superblock::parse(&bytes) else { continue };
        match accept(kind, &superblock, offset_bytes, disk_bytes) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(fault) => {
                first_fault.get_or_insert(MountError::Superblock { offset_bytes, fault });
            }
        }
    }
    Err(first_fault.unwrap_or(MountError::NotFound { disk_bytes }))
}

async fn read_superblock(
    device: &Rc<Device>,
    offset_bytes: u64,
) -> Result<[u8; SUPERBLOCK_BYTES], MountError> {
    let failed = |errno| MountError::Read { offset_bytes, errno };
    let buffers = vec![BytesMut::zeroed(SUPERBLOCK_BYTES)];
    let buffers = device.read(offset_bytes, buffers).await.map_err(failed)?;
    let bytes = buffers.first().and_then(|buffer| buffer.first_chunk());
    bytes.copied().ok_or(failed(Errno::Io))
}

/// `None` if the superblock is but a copy: in UFS1 with blocks of 64 KiB the first copy stands
/// where UFS2 has its superblock, and only newer ones say where they belong.
fn accept(
    kind: Kind,
    superblock: &Superblock,
    offset_bytes: u64,
    disk_bytes: u64,
) -> Result<Option<Found>, FieldFault> {
    let is_old = kind.format == Format::Ufs1 && !superblock.is_updated();
    if is_old && offset_bytes == SUPERBLOCK_OFFSETS[0] {
        return Ok(None);
    }
    let superblock = superblock.widened(offset_bytes);
    if superblock.superblock_offset_bytes != offset_bytes as i64 {
        return Err(FieldFault {
            field: "fs_sblockloc",
            offset_bytes: 1000,
            value: superblock.superblock_offset_bytes,
            expected: format!("{offset_bytes}, where it stands: this is a copy"),
        });
    }
    let geometry = Geometry::new(kind, &superblock, disk_bytes)?;
    Ok(Some(Found { superblock, geometry }))
}
