//! The log: a run of blocks in one group that an inode without a name owns.
//!
//! ```text
//! group: | ... inodes | data | indirect blocks | log ............... | data ... |
//!                            first
//! ```
//! NetBSD makes it at the first mount with `-o log`, from the middle group outwards; so does this.
//! The inode is the first that is free, with one link and `SF_LOG`; the superblock knows the place,
//! and that no log is in use (`FS_DOWAPBL` is not set).

use super::{Error, Options, Plan};
use abi::{FileSystemId, InodeNo, Timestamp};
use ffs::layout::log::{Header, Place, Run, SIZE_BYTES_MAX, SIZE_BYTES_MIN, usual_size_bytes};
use ffs::layout::{ByteOrder, FragNo};

/// The inode that owns the log.
pub(super) const LOG_INODE: u32 = 3;

/// Where nothing is said, the log takes at most this part of the file system.
const SHARE_MAX: u64 = 8;

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogPlan {
    /// The group it lies in.
    pub group: u32,
    /// Its blocks.
    pub run: Run,
}

impl Plan {
    /// The same plan with the log that the options ask for.
    pub fn with_log(self, options: &Options) -> Result<Self, Error> {
        let log = match options.log_bytes {
            Some(0) => None,
            Some(bytes) => Some(self.log_of(bytes)?),
            None => self.usual_log(),
        };
        Ok(Self { log, ..self })
    }

    fn log_of(&self, bytes: u64) -> Result<LogPlan, Error> {
        if !(SIZE_BYTES_MIN..=SIZE_BYTES_MAX).contains(&bytes) {
            return Err(Error::LogSize(bytes));
        }
        let blocks = bytes.div_ceil(self.block_bytes.into()) as u32;
        self.place_log(blocks).ok_or_else(|| {
            let most = (0..self.groups).map(|group| self.run(group).1).max().unwrap_or(0);
            Error::NoRoomForLog { size_bytes_max: u64::from(most) * u64::from(self.block_bytes) }
        })
    }

    /// NetBSD's size, or as much of it as one group has room for; none where it would take too
    /// much.
    fn usual_log(&self) -> Option<LogPlan> {
        let size_bytes = self.offset_bytes(self.size_frags);
        let wanted = usual_size_bytes(size_bytes);
        let halves = (0..3).map(|half| wanted >> half).filter(|&bytes| bytes >= SIZE_BYTES_MIN);
        let blocks = |bytes: u64| bytes.div_ceil(self.block_bytes.into()) as u32;
        halves
            .take_while(|_| wanted <= size_bytes / SHARE_MAX)
            .find_map(|bytes| self.place_log(blocks(bytes)))
    }

    /// The group nearest to the middle that has room for so many blocks.
    fn place_log(&self, blocks: u32) -> Option<LogPlan> {
        let mut groups: Vec<u32> = (0..self.groups).collect();
        groups.sort_by_key(|group| group.abs_diff(self.groups / 2));
        groups.into_iter().find_map(|group| {
            let (first, room) = self.run(group);
            let run = self.log_run(FragNo(self.group_start(group) + u64::from(first)), blocks);
            (run.all_blocks() <= room).then_some(LogPlan { group, run })
        })
    }

    /// The free blocks behind a group's inodes: the first fragment in the group, and how many.
    fn run(&self, group: u32) -> (u32, u32) {
        let first = match group {
            0 => self.quota_frags().end,
            _ => self.data_frag,
        };
        let end = self.group_end(group) as u32;
        (first, end.saturating_sub(first) / self.frags_per_block())
    }

    /// A log of so many blocks that begins there.
    fn log_run(&self, first: FragNo, blocks: u32) -> Run {
        let (block_bytes, frag_bytes, format) = (self.block_bytes, self.frag_bytes, self.format);
        Run { first, blocks, block_bytes, frag_bytes, format }
    }

    /// The fragments that the log and its indirect blocks take of a group.
    pub fn log_frags(&self, group: u32) -> std::ops::Range<u32> {
        let Some(log) = self.log.filter(|log| log.group == group) else { return 0..0 };
        let start = (log.run.first.0 - self.group_start(group)) as u32;
        start..start + log.run.all_blocks() * self.frags_per_block()
    }

    /// The place as the superblock names it.
    pub fn log_place(&self) -> Option<Place> {
        self.log.map(|log| log.run.place(InodeNo(LOG_INODE.into())))
    }
}

/// The inode that owns the log, as it stands on disk.
pub(super) fn inode_bytes(
    plan: &Plan,
    run: &Run,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Vec<u8> {
    let shape = plan.inode_shape(options);
    let mut bytes = vec![0; shape.bytes()];
    shape.store(&run.owner(super::root::generation(id), time), &mut bytes);
    bytes
}

/// Both headers of an empty log.
pub(super) fn header_bytes(place: &Place, order: ByteOrder, time: Timestamp) -> Vec<u8> {
    let mut bytes = vec![0; 2 * place.block_bytes as usize];
    for (generation, block) in bytes.chunks_exact_mut(place.block_bytes as usize).enumerate() {
        let generation = generation as u32;
        Header { generation, ..Header::empty(place, order, time) }.emit(block);
    }
    bytes
}
