//! A tap without any offload: every frame is complete and no longer than the MTU.

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::ioctl::{Updater, ioctl};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

const TUNSETIFF: u32 = 0x4004_54ca;
const IFF_TAP: u16 = 0x0002;
const IFF_NO_PI: u16 = 0x1000;
/// Longest name of an interface, with the zero behind it.
const NAME_BYTES_MAX: usize = 16;
/// What stands for the descriptor in the words of a command.
const PLACE: &str = "tap-fd:@";

/// Makes the tap of this name; its reads and writes never wait.
///
/// # Errors
/// What the kernel says.
pub fn attach(name: &str) -> io::Result<File> {
    if name.len() >= NAME_BYTES_MAX {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the name is too long"));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    let tap = options.open("/dev/net/tun")?;
    // struct ifreq: the name in 16 bytes, then the flags.
    let mut request = [0_u8; 40];
    request[..name.len()].copy_from_slice(name.as_bytes());
    request[16..18].copy_from_slice(&(IFF_TAP | IFF_NO_PI).to_ne_bytes());
    // SAFETY: TUNSETIFF reads and writes one struct ifreq, whose 40 bytes `request` has.
    unsafe { ioctl(&tap, Updater::<TUNSETIFF, [u8; 40]>::new(&mut request)) }?;
    Ok(tap)
}

/// Becomes another program, which inherits the tap of this name: `tap-fd:@` among its words is
/// the descriptor's number.
///
/// # Errors
/// Why it could not.
pub fn hand_over(name: &str, command: &[String]) -> Result<(), String> {
    let tap = attach(name).map_err(|why| format!("tap {name}: {why}"))?;
    fcntl_setfd(&tap, FdFlags::empty()).map_err(|why| format!("tap {name}: {why}"))?;
    let number = format!("tap-fd:{}", tap.as_raw_fd());
    let words: Vec<String> = command.iter().map(|word| word.replace(PLACE, &number)).collect();
    let [program, arguments @ ..] = &words[..] else { return Err("no command".into()) };
    Err(format!("{program}: {}", Command::new(program).args(arguments).exec()))
}
