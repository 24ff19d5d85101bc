//! What the machine itself can do: the ceilings against which a server's
//! figures are read. Everything stays on loopback, in a directory given, or
//! in a network namespace made (and left) here.

use crate::json::Obj;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::ioctl::{Updater, ioctl};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use rustix::time::Timespec;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

pub fn run(dir: &Path, secs: f64, tap: bool) -> io::Result<String> {
    let d = Duration::from_secs_f64(secs);
    let mut o = Obj::new()
        .num("memcpy_1MiB_GBps", memcpy(1 << 20, d), 2)
        .num("memcpy_256MiB_GBps", memcpy(256 << 20, d), 2)
        .num("tcp_loopback_MBps_64K", tcp_stream(64 << 10, d)?, 0)
        .num("tcp_loopback_MBps_1M", tcp_stream(1 << 20, d)?, 0)
        .num("pingpong_1B_1out_per_s", ping_pong(1, 1, d)?, 0)
        .num("pingpong_1B_32out_1conn_per_s", ping_pong(1, 32, d)?, 0)
        .num("pingpong_1B_32conn_per_s", ping_pong(32, 1, d)?, 0)
        .num("pwrite_4K_per_s", pwrite(dir, false, d)?, 0)
        .num("pwrite_fdatasync_4K_per_s", pwrite(dir, true, d)?, 0)
        .num("getppid_per_s", syscalls(d), 0);
    if tap {
        let t = thread::spawn(move || tap_frames(d))
            .join()
            .map_err(|_| io::Error::other("tap test panicked"))??;
        o = o.num("tap_write_64B_frames_per_s", t.0, 0).num("tap_write_1514B_frames_per_s", t.1, 0);
        o = o.num("tap_read_64B_frames_per_s", t.2, 0).num("tap_pingpong_per_s", t.3, 0);
    }
    Ok(o.end())
}

fn memcpy(size: usize, d: Duration) -> f64 {
    let src = vec![7u8; size];
    let mut dst = vec![1u8; size];
    let t = Instant::now();
    let mut n = 0u64;
    while t.elapsed() < d {
        dst.copy_from_slice(&src);
        std::hint::black_box(&mut dst);
        n += size as u64;
    }
    n as f64 / t.elapsed().as_secs_f64() / 1e9
}

fn syscalls(d: Duration) -> f64 {
    let t = Instant::now();
    let mut n = 0u64;
    while t.elapsed() < d {
        for _ in 0..1000 {
            std::hint::black_box(rustix::process::getppid());
        }
        n += 1000;
    }
    n as f64 / t.elapsed().as_secs_f64()
}

fn tcp_stream(chunk: usize, d: Duration) -> io::Result<f64> {
    let l = TcpListener::bind("127.0.0.1:0")?;
    let mut tx = TcpStream::connect(l.local_addr()?)?;
    let (mut rx, _) = l.accept()?;
    let reader = thread::spawn(move || {
        let mut buf = vec![0; chunk];
        let mut n = 0u64;
        while let Ok(k) = rx.read(&mut buf) {
            if k == 0 {
                break;
            }
            n += k as u64;
        }
        n
    });
    let buf = vec![3u8; chunk];
    let t = Instant::now();
    while t.elapsed() < d {
        tx.write_all(&buf)?;
    }
    drop(tx);
    let n = reader.join().unwrap_or(0);
    Ok(n as f64 / t.elapsed().as_secs_f64() / 1e6)
}

/// Round trips per second: `conns` connections with `out` one-byte messages
/// outstanding on each; one echo thread with poll when there are several.
fn ping_pong(conns: usize, out: usize, d: Duration) -> io::Result<f64> {
    let l = TcpListener::bind("127.0.0.1:0")?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..conns {
        let c = TcpStream::connect(l.local_addr()?)?;
        c.set_nodelay(true)?;
        let (s, _) = l.accept()?;
        s.set_nodelay(true)?;
        a.push(c);
        b.push(s);
    }
    let echo = thread::spawn(move || {
        let mut fds: Vec<PollFd<'_>> = b.iter().map(|s| PollFd::new(s, PollFlags::IN)).collect();
        let mut buf = [0u8; 64];
        loop {
            if fds.len() > 1 && poll(&mut fds, Some(&A_SECOND)).is_err() {
                return;
            }
            for (i, f) in fds.iter().enumerate() {
                if fds.len() == 1 || !f.revents().is_empty() {
                    match (&b[i]).read(&mut buf) {
                        Ok(n) if n > 0 => {
                            // One message, one answer, as a server would.
                            for k in 0..n {
                                if (&b[i]).write_all(&buf[k..k + 1]).is_err() {
                                    return;
                                }
                            }
                        }
                        _ => return,
                    }
                }
            }
        }
    });
    let mut fds: Vec<PollFd<'_>> = a.iter().map(|s| PollFd::new(s, PollFlags::IN)).collect();
    for c in &a {
        for _ in 0..out {
            (&*c).write_all(&[1])?;
        }
    }
    let t = Instant::now();
    let (mut n, mut buf) = (0u64, [0u8; 64]);
    while t.elapsed() < d {
        if conns > 1 {
            poll(&mut fds, Some(&A_SECOND))?;
        }
        for (i, f) in fds.iter().enumerate() {
            if conns == 1 || !f.revents().is_empty() {
                let k = (&a[i]).read(&mut buf)?;
                n += k as u64;
                for _ in 0..k {
                    (&a[i]).write_all(&[1])?;
                }
            }
        }
    }
    let per_s = n as f64 / t.elapsed().as_secs_f64();
    for c in &a {
        c.shutdown(std::net::Shutdown::Both)?;
    }
    let _ = echo.join();
    Ok(per_s)
}

const A_SECOND: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

fn pwrite(dir: &Path, sync: bool, d: Duration) -> io::Result<f64> {
    let path = dir.join(format!("nfsload-limits-{}", std::process::id()));
    let f = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?;
    let buf = vec![5u8; 4096];
    let blocks = 4096u64; // 16 MiB, all allocated first
    for i in 0..blocks {
        f.write_all_at(&buf, i * 4096)?;
    }
    f.sync_all()?;
    let t = Instant::now();
    let mut n = 0u64;
    while t.elapsed() < d {
        f.write_all_at(&buf, n.wrapping_mul(7919) % blocks * 4096)?;
        if sync {
            f.sync_data()?;
        }
        n += 1;
    }
    Ok(n as f64 / t.elapsed().as_secs_f64())
}

fn ip(args: &str) -> io::Result<()> {
    let st = Command::new("ip").args(args.split_whitespace()).status()?;
    if st.success() { Ok(()) } else { Err(io::Error::other(format!("ip {args}: {st}"))) }
}

const HERE: [u8; 4] = [198, 18, 0, 1];
const THERE: [u8; 4] = [198, 18, 0, 2];
const THERE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// A UDP frame from THERE to HERE, `len` bytes long.
fn udp_frame(mac: [u8; 6], len: usize, port: u16) -> Vec<u8> {
    let mut f = Vec::new();
    f.extend_from_slice(&mac);
    f.extend_from_slice(&THERE_MAC);
    f.extend_from_slice(&[8, 0, 0x45, 0]);
    f.extend_from_slice(&((len - 14) as u16).to_be_bytes());
    f.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0]);
    f.extend_from_slice(&THERE);
    f.extend_from_slice(&HERE);
    let mut sum = 0u32;
    for w in f[14..34].chunks(2) {
        sum += u16::from_be_bytes([w[0], w[1]]) as u32;
    }
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    f[24..26].copy_from_slice(&sum.to_be_bytes());
    f.extend_from_slice(&9u16.to_be_bytes());
    f.extend_from_slice(&port.to_be_bytes());
    f.extend_from_slice(&((len - 34) as u16).to_be_bytes());
    f.extend_from_slice(&[0, 0]); // no checksum
    f.resize(len, 0);
    f
}

/// Makes a tap device and gives its frames.
fn attach(name: &str) -> io::Result<File> {
    const TUNSETIFF: u32 = 0x4004_54ca;
    const IFF_TAP: u16 = 0x0002;
    const IFF_NO_PI: u16 = 0x1000;
    let tun = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
    // struct ifreq: the name in 16 bytes, then the flags.
    let mut request = [0u8; 40];
    request[..name.len()].copy_from_slice(name.as_bytes());
    request[16..18].copy_from_slice(&(IFF_TAP | IFF_NO_PI).to_ne_bytes());
    // SAFETY: TUNSETIFF reads and writes one struct ifreq, whose 40 bytes `request` has.
    unsafe { ioctl(&tun, Updater::<TUNSETIFF, [u8; 40]>::new(&mut request)) }?;
    Ok(tun)
}

/// (64-byte frames in, 1514-byte frames in, 64-byte frames out, round trips)
/// per second through a tap device, one thread doing both ends.
fn tap_frames(d: Duration) -> io::Result<(f64, f64, f64, f64)> {
    // SAFETY: only the network namespace is left, by a thread of its own; no descriptor, memory
    // or file system of another thread changes under its hands.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    let mut tun = attach("tap0")?;
    ip("addr add 198.18.0.1/24 dev tap0")?;
    ip("link set dev tap0 up")?;
    ip("neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev tap0 nud permanent")?;
    // Of the new namespace: sysfs still shows the old one.
    let mac_ip = Command::new("ip").args(["-o", "link", "show", "tap0"]).output()?;
    let text = String::from_utf8_lossy(&mac_ip.stdout).into_owned();
    let mac =
        text.split_whitespace().skip_while(|w| *w != "link/ether").nth(1).unwrap_or("").to_string();
    let mac: Vec<u8> = mac.split(':').filter_map(|h| u8::from_str_radix(h, 16).ok()).collect();
    let mac: [u8; 6] = mac.try_into().map_err(|_| io::Error::other("tap0 has no address"))?;

    let sock = UdpSocket::bind("198.18.0.1:0")?;
    let port = sock.local_addr()?.port();
    let mut into = |len: usize| -> io::Result<f64> {
        // To a socket that nobody reads: it fills, then frames are dropped
        // after the whole way through the stack.
        let f = udp_frame(mac, len, port);
        let t = Instant::now();
        let mut n = 0u64;
        while t.elapsed() < d {
            tun.write_all(&f)?;
            n += 1;
        }
        Ok(n as f64 / t.elapsed().as_secs_f64())
    };
    let (small, full) = (into(64)?, into(1514)?);

    // Out: one datagram sent, one frame read.
    let mut buf = [0u8; 2048];
    rustix::io::ioctl_fionbio(&tun, true)?;
    while tun.read(&mut buf).is_ok() {}
    rustix::io::ioctl_fionbio(&tun, false)?;
    let payload = [1u8; 22];
    let t = Instant::now();
    let mut n = 0u64;
    while t.elapsed() < d {
        sock.send_to(&payload, "198.18.0.2:9")?;
        let _ = tun.read(&mut buf)?;
        n += 1;
    }
    let out = n as f64 / t.elapsed().as_secs_f64();

    // There and back, two threads: what a guest's network costs at least.
    let far_tun = tun.try_clone()?;
    let sock2 = UdpSocket::bind("198.18.0.1:0")?;
    let port2 = sock2.local_addr()?.port();
    sock2.set_read_timeout(Some(Duration::from_secs(1)))?;
    let answer = udp_frame(mac, 64, port2);
    let far = thread::spawn(move || {
        let mut far_tun = far_tun;
        let mut buf = [0u8; 2048];
        while let Ok(k) = far_tun.read(&mut buf) {
            // The one-byte datagram says that the test is over.
            let mine = k > 42 && u16::from_be_bytes([buf[34], buf[35]]) == port2;
            if mine && (buf[42] == 0 || far_tun.write_all(&answer).is_err()) {
                break;
            }
        }
    });
    let t = Instant::now();
    let mut n = 0u64;
    while t.elapsed() < d {
        sock2.send_to(&payload, "198.18.0.2:9")?;
        sock2.recv(&mut buf)?;
        n += 1;
    }
    let trips = n as f64 / t.elapsed().as_secs_f64();
    sock2.send_to(&[0], "198.18.0.2:9")?;
    let _ = far.join();
    Ok((small, full, out, trips))
}
