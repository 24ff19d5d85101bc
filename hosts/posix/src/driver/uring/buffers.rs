//! Receive buffers that the kernel chooses from: one ring for all sockets of a worker, so that an
//! idle connection has none (`IORING_REGISTER_PBUF_RING`, io_uring_register(2)).
//!
//! A buffer belongs to the kernel from [`ReceiveBuffers::recycle`] until a completion names it.

use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::io;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU16, Ordering};

/// The group's name among the ring's buffer groups.
pub(super) const RECEIVE_GROUP: u16 = 0;

/// Buffers of one worker, a power of two. Each is given back before the next wait, so this is
/// how many connections are received from in one wait, not how many there may be.
pub(super) const RECEIVE_BUFFERS: u16 = 32;

/// Bytes of one: 64 KiB of a stream, or the largest datagram with its addresses. The odd page
/// keeps the buffers' first lines, which small messages fill, from sharing cache sets.
const RECEIVE_BUFFER_BYTES: usize = (64 << 10) + (4 << 10);

/// Bytes of the ring of descriptors, 16 for each buffer.
const RING_BYTES: usize = RECEIVE_BUFFERS as usize * size_of::<BufRingEntry>();

const _: () = assert!(RECEIVE_BUFFERS.is_power_of_two());
const _: () = assert!(RECEIVE_BUFFER_BYTES > 65_535 + 256);

/// An anonymous mapping: page-aligned, zero, and resident only where it was touched.
struct Mapping {
    start: NonNull<u8>,
    length_bytes: usize,
}

impl Mapping {
    fn new(length_bytes: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let start =
            unsafe { mmap_anonymous(null_mut(), length_bytes, protection, MapFlags::PRIVATE)? };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length_bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this mapping is ours, and no reference into it outlives its owner. Failure
        // would leave it mapped, which harms nobody.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length_bytes) };
    }
}

/// See the module's text.
pub(super) struct ReceiveBuffers {
    ring: Mapping,
    buffers: Mapping,
    tail: u16,
}

impl ReceiveBuffers {
    /// Makes the buffers and gives them all to the kernel. To be dropped after the ring `uring`.
    pub(super) fn new(uring: &IoUring) -> io::Result<Self> {
        let ring = Mapping::new(RING_BYTES)?;
        let buffers = Mapping::new(RECEIVE_BUFFERS as usize * RECEIVE_BUFFER_BYTES)?;
        let address = ring.start.as_ptr() as u64;
        // SAFETY: the mapping holds the entries announced and lives as long as the ring.
        unsafe {
            uring.submitter().register_buf_ring_with_flags(
                address,
                RECEIVE_BUFFERS,
                RECEIVE_GROUP,
                0,
            )?;
        }
        let mut this = Self { ring, buffers, tail: 0 };
        (0..RECEIVE_BUFFERS).for_each(|id| this.recycle(id));
        Ok(this)
    }

    /// What the kernel received into buffer `id`.
    pub(super) fn bytes(&self, id: u16, count_bytes: usize) -> &[u8] {
        assert!(id < RECEIVE_BUFFERS && count_bytes <= RECEIVE_BUFFER_BYTES, "the kernel's word");
        // SAFETY: the range lies within the mapping, as checked, and is initialised (zero at
        // first). The kernel does not write to it before it is recycled, for which `&mut` is
        // needed.
        unsafe { std::slice::from_raw_parts(self.start_of(id), count_bytes) }
    }

    /// Whether a transfer of this many bytes filled its buffer.
    pub(super) fn is_full(count_bytes: usize) -> bool {
        count_bytes == RECEIVE_BUFFER_BYTES
    }

    /// Gives buffer `id` back to the kernel.
    pub(super) fn recycle(&mut self, id: u16) {
        let start = self.start_of(id) as u64;
        let entries: *mut BufRingEntry = self.ring.start.as_ptr().cast();
        let slot = usize::from(self.tail % RECEIVE_BUFFERS);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: the slot lies within the ring, and the kernel reads it only once the tail has
        // passed it, which the release store announces. The tail is a field of the first entry
        // that `set_*` leaves alone.
        unsafe {
            let entry = &mut *entries.add(slot);
            entry.set_addr(start);
            entry.set_len(RECEIVE_BUFFER_BYTES as u32);
            entry.set_bid(id);
            let tail: *const AtomicU16 = BufRingEntry::tail(entries).cast();
            (*tail).store(self.tail, Ordering::Release);
        }
    }

    fn start_of(&self, id: u16) -> *mut u8 {
        let offset = usize::from(id) * RECEIVE_BUFFER_BYTES;
        self.buffers.start.as_ptr().wrapping_add(offset)
    }
}
