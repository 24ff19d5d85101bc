//! Every kernel crate in one library that has no standard library.
//!
//! Nobody runs this. It exists to be linked: `cargo xtask tidy` builds it, and a kernel crate
//! that reaches for a host fails that build, because its standard library's panic handler and
//! ours cannot both be there. The bare-metal host will take this place once it stands.
#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use net::Stack;
use service::Service;

struct NoMemory;

// SAFETY: it never hands out memory, so there is nothing to misuse.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static MEMORY: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Reaches the network stack, which no service is wired to by itself.
pub fn take_frame(stack: &mut Stack, frame: &[u8]) {
    if let Some(now) = stack.deadline() {
        stack.frame(frame, false, now, &mut |_| {});
    }
}

/// Reaches a turn, and from there every room.
pub fn turn(service: &mut Service) {
    service.turn();
}
