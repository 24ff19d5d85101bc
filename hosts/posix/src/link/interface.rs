//! Network interfaces by name: the few ioctls of netdevice(7) and of taps.

use super::LinkError;
use rustix::fd::{AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::fmt;
use std::os::fd::AsFd;

/// `struct ifreq`: the name, and what the request is about.
const REQUEST_BYTES: usize = size_of::<libc::ifreq>();
const NAME_BYTES: usize = libc::IFNAMSIZ;

/// An interface's name: 1 to 15 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn new(name: &str) -> Result<Self, LinkError> {
        // The kernel makes a number of `%d`.
        let is_good = |byte: u8| byte.is_ascii_graphic() && !b"/:%".contains(&byte);
        if (1..NAME_BYTES).contains(&name.len())
            && name.bytes().all(is_good)
            && !name.starts_with('.')
        {
            Ok(Self(name.to_owned()))
        } else {
            Err(LinkError::new(format!(
                "no interface can be called {name:?}: use 1 to 15 letters or digits"
            )))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A `struct ifreq`.
#[repr(C, align(8))]
pub(crate) struct Request([u8; REQUEST_BYTES]);

impl Request {
    pub(crate) fn new(name: &Name, value: i16) -> Self {
        let mut bytes = [0; REQUEST_BYTES];
        bytes[..name.0.len()].copy_from_slice(name.0.as_bytes());
        bytes[NAME_BYTES..NAME_BYTES + 2].copy_from_slice(&value.to_ne_bytes());
        Self(bytes)
    }

    pub(crate) fn name(&self) -> Name {
        let end = self.0[..NAME_BYTES].iter().position(|&byte| byte == 0).unwrap_or(NAME_BYTES);
        Name(String::from_utf8_lossy(&self.0[..end]).into_owned())
    }

    pub(crate) fn flags(&self) -> i16 {
        i16::from_ne_bytes([self.0[NAME_BYTES], self.0[NAME_BYTES + 1]])
    }

    fn number(&self) -> i32 {
        let value = self.0[NAME_BYTES..].first_chunk().copied().unwrap_or_default();
        i32::from_ne_bytes(value)
    }

    /// Makes the request.
    fn ask(mut self, descriptor: BorrowedFd<'_>, code: libc::Ioctl) -> Result<Self, Errno> {
        // SAFETY: every code used with it reads and writes one struct ifreq at most, which this is
        // in size and alignment, and any bytes are valid in it.
        let result = unsafe { libc::ioctl(descriptor.as_raw_fd(), code, self.0.as_mut_ptr()) };
        if result < 0 { Err(last_error()) } else { Ok(self) }
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Any socket will do to ask for interfaces.
fn control() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
}

fn ask(name: &Name, value: i16, code: libc::Ioctl) -> Result<Request, Errno> {
    Request::new(name, value).ask(control()?.as_fd(), code)
}

/// Whether there is an interface of this name.
pub(crate) fn exists(name: &Name) -> Result<bool, Errno> {
    match ask(name, 0, libc::SIOCGIFINDEX as libc::Ioctl) {
        Ok(_) => Ok(true),
        Err(Errno::NODEV) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Lets the interface carry frames.
pub(crate) fn bring_up(name: &Name) -> Result<(), Errno> {
    let flags = ask(name, 0, libc::SIOCGIFFLAGS as libc::Ioctl)?.flags();
    ask(name, flags | libc::IFF_UP as i16, libc::SIOCSIFFLAGS as libc::Ioctl).map(drop)
}

/// Attaches a descriptor of the tap device. Returns the interface's name.
pub(crate) fn attach(descriptor: BorrowedFd<'_>, request: Request) -> Result<Name, Errno> {
    request.ask(descriptor, libc::TUNSETIFF).map(|request| request.name())
}

/// What a descriptor of the tap device is attached to.
pub(crate) fn of_tap(descriptor: BorrowedFd<'_>) -> Result<Request, Errno> {
    Request([0; REQUEST_BYTES]).ask(descriptor, libc::TUNGETIFF)
}

/// The MTU of a tap's interface, or why it is not known.
pub(crate) fn mtu_bytes(descriptor: BorrowedFd<'_>, name: &Name) -> Result<u32, String> {
    let unseen = |error| format!("no such interface in this network namespace: {error}");
    let by_name = ask(name, 0, libc::SIOCGIFHWADDR as libc::Ioctl).map_err(unseen)?;
    // An inherited tap may live in another namespace, while another interface here has its name.
    let own = Request::new(name, 0).ask(descriptor, libc::SIOCGIFHWADDR as libc::Ioctl);
    let own = own.map_err(|error| format!("it tells no address: {error}"))?;
    if own.0[NAME_BYTES..NAME_BYTES + 8] != by_name.0[NAME_BYTES..NAME_BYTES + 8] {
        return Err("it belongs to another network namespace".into());
    }
    let mtu = ask(name, 0, libc::SIOCGIFMTU as libc::Ioctl).map_err(unseen)?.number();
    u32::try_from(mtu).map_err(|_| format!("the kernel says {mtu}"))
}

/// Chooses the size of the virtio header, its byte order, and what the kernel may leave to us.
pub(crate) fn set_offload(
    descriptor: BorrowedFd<'_>,
    header_bytes: usize,
    accepted: libc::c_uint,
) -> Result<(), Errno> {
    let (header_bytes, little_endian) = (header_bytes as libc::c_int, 1 as libc::c_int);
    for (code, value) in
        [(libc::TUNSETVNETHDRSZ, &header_bytes), (libc::TUNSETVNETLE, &little_endian)]
    {
        // SAFETY: both read one C int, whose address is given.
        let result =
            unsafe { libc::ioctl(descriptor.as_raw_fd(), code, std::ptr::from_ref(value)) };
        if result < 0 {
            return Err(last_error());
        }
    }
    // SAFETY: takes flags and no pointer.
    let result = unsafe {
        libc::ioctl(descriptor.as_raw_fd(), libc::TUNSETOFFLOAD, libc::c_ulong::from(accepted))
    };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}
