//! What can be tried by calling the kernel.

use libc::c_long;
use std::io;

/// A system call and its arguments.
pub type Call = (c_long, [c_long; 6]);

/// An address where nothing is, a descriptor that is not open, a flag that does not exist: without a
/// sandbox these calls fail, but none is refused.
const NOTHING: [c_long; 6] = [-1; 6];

const fn first(arguments: [c_long; 3]) -> [c_long; 6] {
    [arguments[0], arguments[1], arguments[2], 0, 0, 0]
}

/// Each with its name.
pub const ALL: &[(&str, Call)] = &[
    ("execve", (libc::SYS_execve, NOTHING)),
    ("execveat", (libc::SYS_execveat, NOTHING)),
    ("ptrace", (libc::SYS_ptrace, first([libc::PTRACE_CONT as c_long, 0, 0]))),
    ("process_vm_readv", (libc::SYS_process_vm_readv, NOTHING)),
    ("process_vm_writev", (libc::SYS_process_vm_writev, NOTHING)),
    ("pidfd_open", (libc::SYS_pidfd_open, NOTHING)),
    ("kill", (libc::SYS_kill, first([1, 0, 0]))),
    ("tgkill of another process", (libc::SYS_tgkill, first([1, 1, 0]))),
    ("mount", (libc::SYS_mount, NOTHING)),
    ("umount2", (libc::SYS_umount2, NOTHING)),
    ("pivot_root", (libc::SYS_pivot_root, NOTHING)),
    ("chroot", (libc::SYS_chroot, NOTHING)),
    ("move_mount", (libc::SYS_move_mount, NOTHING)),
    ("unshare", (libc::SYS_unshare, NOTHING)),
    ("setns", (libc::SYS_setns, NOTHING)),
    (
        "a process",
        (libc::SYS_clone, [libc::CLONE_NEWUSER as c_long | CLONE_NOTHING, 0, 0, 0, 0, 0]),
    ),
    ("bpf", (libc::SYS_bpf, NOTHING)),
    ("perf_event_open", (libc::SYS_perf_event_open, NOTHING)),
    ("userfaultfd", (libc::SYS_userfaultfd, NOTHING)),
    ("keyctl", (libc::SYS_keyctl, NOTHING)),
    ("add_key", (libc::SYS_add_key, NOTHING)),
    ("init_module", (libc::SYS_init_module, NOTHING)),
    ("finit_module", (libc::SYS_finit_module, NOTHING)),
    ("open_by_handle_at", (libc::SYS_open_by_handle_at, NOTHING)),
    ("fchmodat", (libc::SYS_fchmodat, NOTHING)),
    ("fchownat", (libc::SYS_fchownat, NOTHING)),
    ("fchown", (libc::SYS_fchown, NOTHING)),
    ("setxattr", (libc::SYS_setxattr, NOTHING)),
    ("setresuid", (libc::SYS_setresuid, NOTHING)),
    ("capset", (libc::SYS_capset, NOTHING)),
    ("personality", (libc::SYS_personality, NOTHING)),
    ("settimeofday", (libc::SYS_settimeofday, NOTHING)),
    ("sethostname", (libc::SYS_sethostname, NOTHING)),
    (
        "packets",
        (libc::SYS_socket, first([libc::AF_PACKET as c_long, libc::SOCK_RAW as c_long, 0])),
    ),
    (
        "netlink",
        (libc::SYS_socket, first([libc::AF_NETLINK as c_long, libc::SOCK_RAW as c_long, 0])),
    ),
    (
        "virtual machines",
        (libc::SYS_socket, first([libc::AF_VSOCK as c_long, libc::SOCK_STREAM as c_long, 0])),
    ),
    ("typing into a terminal", (libc::SYS_ioctl, first([-1, libc::TIOCSTI as c_long, 0]))),
    ("memory to run", (libc::SYS_mmap, [0, 4096, EXECUTABLE, PRIVATE, -1, 0])),
    ("memory made to run", (libc::SYS_mprotect, first([1, 4096, EXECUTABLE]))),
    ("limits of another process", (libc::SYS_prlimit64, [1, 0, 0, 0, 0, 0])),
    ("a ring after the last", (libc::SYS_io_uring_setup, first([8, -1, 0]))),
];

/// A flag that a process without threads cannot be made with.
const CLONE_NOTHING: c_long = libc::CLONE_SIGHAND as c_long;
const EXECUTABLE: c_long = (libc::PROT_READ | libc::PROT_EXEC) as c_long;
const PRIVATE: c_long = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as c_long;

/// Makes one.
pub fn make((number, [a, b, c, d, e, f]): Call) -> io::Result<()> {
    // SAFETY: none of these calls gets an address of this process's memory to write to: what is new
    // (memory to run) is not used, and all others fail.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
