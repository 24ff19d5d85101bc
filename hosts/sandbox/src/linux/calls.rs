//! The system calls of a server of files, and what their arguments may be.
//!
//! Each list is what one part of the program was seen to use, with the calls that a C library may use
//! in place of one. What is not here is refused: running programs, looking into other processes,
//! mounting, name spaces, keys, modules, changing owners and modes by path, and all that is younger.

use libc::{c_long, c_ulong};

/// What the value of an argument has to be.
pub struct Demand {
    /// Which argument, from 0.
    pub argument: u8,
    /// Bits of it that count.
    pub mask: u64,
    /// Values that those bits may have.
    pub allowed: Vec<u64>,
}

/// A call that is allowed if its argument is as it has to be.
pub struct Guarded {
    /// Its number.
    pub call: c_long,
    /// What is asked of it.
    pub demand: Demand,
}

/// Files that are open, and opening those that Landlock lets be opened.
const FILES: &[c_long] = &[
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_memfd_create,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_sync_file_range,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Sockets that are open.
const SOCKETS: &[c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_listen,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// Waiting for them.
const EVENTS: &[c_long] = &[
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
];

/// Memory, threads and signals of the process itself.
const PROCESS: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
];

/// The time, luck, and what the machine is.
const MACHINE: &[c_long] = &[
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getcpu,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
];

/// What younger architectures have left out, and C libraries still use where it is.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_eventfd,
    libc::SYS_getdents,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];

/// What younger architectures have left out, and C libraries still use where it is.
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// What ioctl(2) is used for: terminals, sockets that do not wait, block devices, network interfaces.
/// A terminal that is typed into (`TIOCSTI`) is not here.
const CONTROLS: &[c_ulong] = &[
    libc::TCGETS as c_ulong,
    libc::TIOCGWINSZ as c_ulong,
    libc::FIONBIO as c_ulong,
    libc::FIONREAD as c_ulong,
    libc::FIOCLEX as c_ulong,
    libc::SIOCGIFFLAGS as c_ulong,
    libc::SIOCGIFHWADDR as c_ulong,
    libc::SIOCGIFINDEX as c_ulong,
    libc::SIOCGIFMTU as c_ulong,
    libc::SIOCSIFFLAGS as c_ulong,
    libc::TUNGETIFF as c_ulong,
    libc::TUNSETIFF as c_ulong,
    libc::TUNSETOFFLOAD as c_ulong,
    libc::TUNSETVNETHDRSZ as c_ulong,
    libc::TUNSETVNETLE as c_ulong,
    BLOCK_SECTOR_BYTES,
    BLOCK_SIZE_BYTES,
    BLOCK_PHYSICAL_BYTES,
    BLOCK_DISCARD,
    BLOCK_ZERO,
];

// linux/fs.h
const BLOCK_SECTOR_BYTES: c_ulong = 0x1268;
const BLOCK_SIZE_BYTES: c_ulong = 0x8008_1272;
const BLOCK_DISCARD: c_ulong = 0x1277;
const BLOCK_PHYSICAL_BYTES: c_ulong = 0x127b;
const BLOCK_ZERO: c_ulong = 0x127f;

/// Every call that is allowed whatever its arguments are.
pub fn free() -> impl Iterator<Item = c_long> {
    let lists = [FILES, SOCKETS, EVENTS, PROCESS, MACHINE, OLDER];
    lists.into_iter().flatten().copied()
}

/// Those that are allowed for some purposes only. `process` is our own number.
pub fn guarded(process: u64) -> Vec<Guarded> {
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6].map(|family| family as u64);
    let purposes = [libc::PR_SET_NAME, libc::PR_SET_NO_NEW_PRIVS].map(|purpose| purpose as u64);
    let controls = CONTROLS.iter().map(|&code| u64::from(code as u32));
    let whole = u64::from(u32::MAX);
    let thread = libc::CLONE_THREAD as u64;
    let executable = libc::PROT_EXEC as u64;
    let filters = u64::from(libc::SECCOMP_SET_MODE_FILTER);
    vec![
        guard(libc::SYS_socket, 0, whole, families),
        guard(libc::SYS_socketpair, 0, whole, [libc::AF_UNIX as u64]),
        guard(libc::SYS_ioctl, 1, whole, controls),
        // Threads of this process, in the name spaces that it is in; no process of its own.
        guard(libc::SYS_clone, 0, thread | NAME_SPACES, [thread]),
        guard(libc::SYS_mmap, 2, executable, [0]),
        guard(libc::SYS_mprotect, 2, executable, [0]),
        guard(libc::SYS_prctl, 0, whole, purposes),
        guard(libc::SYS_prlimit64, 0, whole, [0]),
        guard(libc::SYS_tgkill, 0, whole, [process]),
        // More filters only take away.
        guard(libc::SYS_seccomp, 0, whole, [filters]),
    ]
}

const NAME_SPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

fn guard(call: c_long, argument: u8, mask: u64, allowed: impl IntoIterator<Item = u64>) -> Guarded {
    let allowed = allowed.into_iter().collect();
    Guarded { call, demand: Demand { argument, mask, allowed } }
}

/// How many calls are left.
pub fn count() -> usize {
    free().count() + guarded(0).len()
}
