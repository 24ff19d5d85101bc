//! The root directory: inode 2 and its only fragment.

use super::{Options, Plan};
use abi::{FileSystemId, FileType, Timestamp};
use ffs::layout::{
    BlockArea, CHUNK_BYTES, DirectoryEntry, DirectoryShape, FragNo, Inode, Pointers, mode,
    record_bytes_min, type_code,
};

/// Its inode number: 0 means none, 1 was once the list of bad blocks.
pub(super) const ROOT_INODE: u32 = 2;

const PERMISSIONS: u16 = 0o755;
const SECTOR_BYTES: u32 = 512;

/// The inode as it stands on disk.
pub(super) fn inode_bytes(
    plan: &Plan,
    options: &Options,
    id: FileSystemId,
    time: Timestamp,
) -> Vec<u8> {
    let shape = plan.inode_shape(options);
    let mut bytes = vec![0; shape.bytes()];
    shape.store(&inode(plan, options, id, time), &mut bytes);
    bytes
}

fn inode(plan: &Plan, options: &Options, id: FileSystemId, time: Timestamp) -> Inode {
    let mut pointers = Pointers::default();
    pointers.direct[0] = FragNo(plan.root_frag().into());
    Inode {
        mode: mode::DIRECTORY | PERMISSIONS,
        links: 2,
        uid: options.owner_uid,
        gid: options.owner_gid,
        size_bytes: CHUNK_BYTES as u64,
        sectors: (plan.frag_bytes / SECTOR_BYTES).into(),
        accessed: time,
        modified: time,
        changed: time,
        born: Some(time),
        generation: generation(id),
        area: BlockArea::Pointers(pointers),
        ..Inode::free()
    }
}

/// A number that differs from image to image, positive as BSD's are: a handle of the root of
/// another file system with the same identity is then probably stale.
pub(super) fn generation(id: FileSystemId) -> u32 {
    ((id.0 ^ (id.0 >> 32)) as u32 & 0x7fff_ffff).max(1)
}

/// The directory's contents: `.`, and `..` whose record fills the chunk.
pub(super) fn directory_bytes(options: &Options) -> [u8; CHUNK_BYTES] {
    let shape = DirectoryShape { order: options.byte_order, has_types: true };
    let mut chunk = [0; CHUNK_BYTES];
    let first_bytes = record_bytes_min(1);
    let entry = |name, record_bytes| DirectoryEntry {
        inode: ROOT_INODE,
        record_bytes,
        type_code: type_code(FileType::Directory),
        name,
    };
    entry(b".", first_bytes).emit(&mut chunk, shape);
    entry(b"..", CHUNK_BYTES - first_bytes).emit(&mut chunk[first_bytes..], shape);
    chunk
}
