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
use ffs::layout::log::{
    Header, Location, OWNER_FLAG, Place, SIZE_BYTES_MAX, SIZE_BYTES_MIN, usual_size_bytes,
};
use ffs::layout::{
    BlockArea, ByteOrder, DIRECT_POINTERS, Field, Format, FragNo, Inode, Pointers, mode,
};

/// The inode that owns the log.
pub(super) const LOG_INODE: u32 = 3;

const SECTOR_BYTES: u32 = 512;

/// Where nothing is said, the log takes at most this part of the file system.
const SHARE_MAX: u64 = 8;

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogPlan {
    /// The group it lies in.
    pub group: u32,
    /// Its first fragment, that of the first indirect block.
    pub first_frag: u64,
    /// Indirect blocks before it.
    pub indirect_blocks: u32,
    /// Its blocks.
    pub blocks: u32,
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
        let indirect_blocks = self.indirect_blocks(blocks);
        let mut groups: Vec<u32> = (0..self.groups).collect();
        groups.sort_by_key(|group| group.abs_diff(self.groups / 2));
        groups.into_iter().find_map(|group| {
            let (first, room) = self.run(group);
            let first_frag = self.group_start(group) + u64::from(first);
            let plan = LogPlan { group, first_frag, indirect_blocks, blocks };
            (indirect_blocks + blocks <= room).then_some(plan)
        })
    }

    /// The free blocks behind a group's inodes: the first fragment in the group, and how many.
    fn run(&self, group: u32) -> (u32, u32) {
        let first = match group {
            0 => self.root_frag() + self.frags_per_block(),
            _ => self.data_frag,
        };
        let end = self.group_end(group) as u32;
        (first, end.saturating_sub(first) / self.frags_per_block())
    }

    /// How many indirect blocks a file of so many blocks has.
    fn indirect_blocks(&self, blocks: u32) -> u32 {
        let single = blocks.saturating_sub(DIRECT_POINTERS as u32);
        let double = single.saturating_sub(self.pointers_per_block());
        u32::from(single > 0) + u32::from(double > 0) + double.div_ceil(self.pointers_per_block())
    }

    fn pointers_per_block(&self) -> u32 {
        self.block_bytes / self.format.pointer_bytes()
    }

    /// The fragments that the log and its indirect blocks take of a group.
    pub fn log_frags(&self, group: u32) -> std::ops::Range<u32> {
        let Some(log) = self.log.filter(|log| log.group == group) else { return 0..0 };
        let start = (log.first_frag - self.group_start(group)) as u32;
        start..start + (log.indirect_blocks + log.blocks) * self.frags_per_block()
    }

    fn log_block(&self, log: &LogPlan, block: u32) -> FragNo {
        FragNo(log.first_frag + u64::from(block) * u64::from(self.frags_per_block()))
    }

    /// The place as the superblock names it.
    pub fn log_place(&self) -> Option<Place> {
        let log = self.log?;
        Some(Place {
            location: Location::Within(InodeNo(LOG_INODE.into())),
            offset_bytes: self.offset_bytes(self.log_block(&log, log.indirect_blocks).0),
            size_bytes: u64::from(log.blocks) * u64::from(self.block_bytes),
            block_bytes: SECTOR_BYTES,
        })
    }
}

/// The inode that owns the log, as it stands on disk.
pub(super) fn inode_bytes(
    plan: &Plan,
    log: &LogPlan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Vec<u8> {
    let shape = plan.inode_shape(options);
    let mut bytes = vec![0; shape.bytes()];
    let sectors = plan.block_bytes / SECTOR_BYTES;
    let inode = Inode {
        mode: mode::REGULAR,
        links: 1,
        size_bytes: u64::from(log.blocks) * u64::from(plan.block_bytes),
        sectors: u64::from(log.indirect_blocks + log.blocks) * u64::from(sectors),
        accessed: time,
        modified: time,
        changed: time,
        born: Some(time),
        generation: super::root::generation(id),
        flags: OWNER_FLAG,
        area: BlockArea::Pointers(pointers(plan, log)),
        ..Inode::free()
    };
    shape.store(&inode, &mut bytes);
    bytes
}

fn pointers(plan: &Plan, log: &LogPlan) -> Pointers {
    let mut pointers = Pointers::default();
    let data = (0..log.blocks).map(|block| plan.log_block(log, log.indirect_blocks + block));
    pointers.direct.iter_mut().zip(data).for_each(|(pointer, block)| *pointer = block);
    let indirect = (0..log.indirect_blocks.min(2)).map(|block| plan.log_block(log, block));
    pointers.indirect.iter_mut().zip(indirect).for_each(|(pointer, block)| *pointer = block);
    pointers
}

/// The indirect blocks, one behind the other: the single one, the double one, and those that the
/// double one leads to.
pub(super) fn indirect_bytes(plan: &Plan, log: &LogPlan, order: ByteOrder) -> Vec<u8> {
    let mut bytes = vec![0; log.indirect_blocks as usize * plan.block_bytes as usize];
    let per_block = plan.pointers_per_block();
    let mut put = |block: u32, index: u32, pointer: FragNo| {
        let entry_bytes = plan.format.pointer_bytes();
        let at = (block * plan.block_bytes + index * entry_bytes) as usize;
        match plan.format {
            Format::Ufs1 => (pointer.0 as u32).put(&mut bytes[at..], order),
            Format::Ufs2 => pointer.0.put(&mut bytes[at..], order),
        }
    };
    for lbn in DIRECT_POINTERS as u32..log.blocks {
        let pointer = plan.log_block(log, log.indirect_blocks + lbn);
        match lbn - DIRECT_POINTERS as u32 {
            single if single < per_block => put(0, single, pointer),
            double => {
                let double = double - per_block;
                put(2 + double / per_block, double % per_block, pointer);
            }
        }
    }
    for inner in 2..log.indirect_blocks {
        put(1, inner - 2, plan.log_block(log, inner));
    }
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
