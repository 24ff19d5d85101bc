//! Opening a ring, and finding out whether the kernel has all that is used.

use io_uring::{IoUring, Probe, opcode};
use std::io;

/// Submissions gathered before the kernel is entered early.
const SUBMISSIONS: u32 = 512;

/// Completions held by the ring; the kernel keeps what is more.
const COMPLETIONS: u32 = 4096;

/// A ring of the best kind this kernel has, and whether one operation of it can read many times.
///
/// # Errors
/// Says what this kernel lacks or forbids.
pub(super) fn open() -> io::Result<(IoUring, bool)> {
    let mut best = IoUring::builder();
    best.setup_cqsize(COMPLETIONS).setup_clamp().setup_submit_all();
    let plain = best.clone();
    best.setup_single_issuer().setup_defer_taskrun();
    let ring = best.build(SUBMISSIONS).or_else(|_| plain.build(SUBMISSIONS))?;
    let reads_many = probe(&ring)?;
    Ok((ring, reads_many))
}

/// Checks that the kernel has all the operations used here. Returns whether it has the one that
/// came with Linux 6.7, without which each frame of a tap is asked for.
fn probe(ring: &IoUring) -> io::Result<bool> {
    // Zero-copy sending is not used. It came with Linux 6.0, as the last of what is: receiving
    // datagrams many times has no code of its own that could be asked for.
    const NEEDED: [(u8, &str); 10] = [
        (opcode::AcceptMulti::CODE, "accept"),
        (opcode::Recv::CODE, "receive"),
        (opcode::SendMsg::CODE, "sendmsg"),
        (opcode::RecvMsgMulti::CODE, "recvmsg"),
        (opcode::Readv::CODE, "readv"),
        (opcode::Writev::CODE, "writev"),
        (opcode::Fsync::CODE, "fsync"),
        (opcode::SyncFileRange::CODE, "sync_file_range"),
        (opcode::AsyncCancel2::CODE, "cancel"),
        (opcode::SendZc::CODE, "what Linux 6.0 brought"),
    ];
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    match NEEDED.iter().find(|(code, _)| !probe.is_supported(*code)) {
        None => Ok(probe.is_supported(opcode::ReadMulti::CODE)),
        Some((_, name)) => {
            let reason = format!("the kernel's io_uring lacks {name}");
            Err(io::Error::new(io::ErrorKind::Unsupported, reason))
        }
    }
}
