//! The log: WAPBL, NetBSD's write-ahead physical block log.
//!
//! ```text
//! the log, a run of blocks behind the file system or in it (see `Place`):
//! | header | header |                       circle                          |
//! 0        b        2b      tail ──► records ──► head                       size
//!
//! the circle goes on at 2b when it comes to the end; from tail to head stand the records of
//! whole transactions, each of them, as NetBSD writes it:
//! | blocks | data of up to (b-16)/16 extents | blocks | data ... | revocations | inodes |
//! ```
//! - **Headers.** Two places, written in turn: the one with generation g stands at place g mod 2,
//!   so that one of them is whole whatever happens. The newer says where tail and head are: to
//!   write it is to commit. Both offsets are 0 in an empty log; tail = head ≠ 0 is a full one.
//!   (NetBSD's own replay takes a full log for an empty one: never fill it.)
//! - **Blocks** name extents of the disk in sectors of 512 bytes; their new contents follow in
//!   the same order, and may go round the end of the circle, as records may.
//! - **Revocations** name extents whose contents, as far as they are logged before this record,
//!   must not be written: the space was freed, and may hold somebody's data by now.
//! - **Inodes** without a name, or not yet one, that are to be freed once the log is replayed. The
//!   first record of a list makes all earlier ones void; NetBSD writes the whole list with every
//!   transaction.
//!
//! b is the size of the device's blocks, 512 bytes on an image; every record begins with a block
//! of its own. `wc_checksum` is always 0 and never looked at: what makes a header whole is that
//! it lies in one sector. NetBSD writes all this in the byte order *of the machine*, not of the
//! file system, and refuses a log of the other order (its type does not match, EFTYPE). We write
//! the order of the file system, which is what a machine of that order writes and reads, and read
//! both.
//!
//! After NetBSD's `sys/wapbl_replay.h`, `kern/vfs_wapbl.c` and `ufs/ffs/ffs_wapbl.c`.

mod circle;
mod header;
mod place;
mod record;
mod run;
mod walk;

pub use circle::Circle;
pub use header::Header;
pub use place::{
    BLOCK_BYTES, Location, OWNER_FLAG, Place, SIZE_BYTES_MAX, SIZE_BYTES_MIN, clear_place,
    usual_size_bytes,
};
pub use record::{
    Extent, Extents, Inodes, ListKind, Record, Unlinked, emit_extents, emit_inodes,
    extents_per_record, inodes_per_record,
};
pub use run::Run;
pub use walk::{Step, Walk};

#[cfg(test)]
mod tests;
