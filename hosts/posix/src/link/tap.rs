//! Tap devices (Linux's Documentation/networking/tuntap.rst): frames of a virtual network card as
//! reads and writes of a descriptor.
//!
//! Every frame has a virtio header before it, so that the kernel sums up and cuts for us, and hands
//! us what it would otherwise have cut. A tap that was inherited without is used as it is.

use super::interface::{self, Name, Request};
use super::vnet::VNET_HEADER_BYTES;
use super::{LinkError, MTU_BYTES_USUAL, SEGMENTS_BYTES_MAX};
use crate::patience::patiently;
use hyper::{LinkOffload, LinkProperties};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Where taps are made.
const DEVICE: &str = "/dev/net/tun";

/// Flags of `TUNSETIFF`.
const FLAGS: i32 = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;

/// What the kernel may leave to us on the way in: sums, and TCP as long as it comes.
const ACCEPTED: libc::c_uint =
    libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;

/// An attached tap.
#[derive(Debug)]
pub struct Tap {
    descriptor: OwnedFd,
    name: Name,
    mtu_bytes: u32,
    has_header: bool,
}

impl Tap {
    /// Attaches to the tap of this name, or makes it, and then brings it up; it goes away with the
    /// process if it was made.
    ///
    /// # Errors
    /// What cannot be had, why, and what to do.
    pub fn open(name: &str) -> Result<Self, LinkError> {
        let asked = Name::new(name)?;
        let descriptor = open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        let descriptor = descriptor.map_err(|error| device_error(name, error))?;
        let attach = || {
            let is_new = interface::exists(&asked) == Ok(false);
            attach(descriptor.as_fd(), &asked).map(|name| (name, is_new))
        };
        let attached = patiently(attach, |error| *error == Errno::BUSY);
        let (name, is_new) = attached.map_err(|error| busy_error(name, error))?;
        if is_new {
            let refused = |error| LinkError::new(format!("{name} cannot be brought up: {error}"));
            interface::bring_up(&name).map_err(refused)?;
        }
        Self::prepare(descriptor, name, true)
    }

    /// Takes over a descriptor that another process attached to a tap.
    ///
    /// # Errors
    /// If it is none, or one with the older header that nobody needs.
    pub fn inherit(descriptor: OwnedFd) -> Result<Self, LinkError> {
        let refused = |what: &str| LinkError::new(format!("the inherited descriptor {what}"));
        let request = interface::of_tap(descriptor.as_fd()).map_err(|error| {
            refused(&format!("is no attached tap ({error}): open /dev/net/tun and attach it first"))
        })?;
        let flags = i32::from(request.flags());
        if flags & libc::IFF_TAP == 0 {
            return Err(refused("carries packets without Ethernet headers (tun): a tap is needed"));
        }
        if flags & libc::IFF_NO_PI == 0 {
            return Err(refused("has packet information before each frame: attach with IFF_NO_PI"));
        }
        Self::prepare(descriptor, request.name(), flags & libc::IFF_VNET_HDR != 0)
    }

    fn prepare(descriptor: OwnedFd, name: Name, has_header: bool) -> Result<Self, LinkError> {
        if has_header {
            interface::set_offload(descriptor.as_fd(), VNET_HEADER_BYTES, ACCEPTED).map_err(
                |error| {
                    LinkError::new(format!(
                        "{name} does no offloading as taps have since Linux 3.8: {error}"
                    ))
                },
            )?;
        }
        let mtu_bytes = interface::mtu_bytes(descriptor.as_fd(), &name).unwrap_or_else(|reason| {
            tracing::warn!("{name}: {MTU_BYTES_USUAL} bytes of MTU are assumed: {reason}");
            MTU_BYTES_USUAL
        });
        Ok(Self { descriptor, name, mtu_bytes, has_header })
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Whether each frame has a virtio header before it.
    pub fn has_header(&self) -> bool {
        self.has_header
    }

    /// The MTU that its interface had when it was attached, and what the kernel does for us.
    pub fn properties(&self) -> LinkProperties {
        let offload = LinkOffload {
            checksums: true,
            segments_v4: true,
            segments_v6: true,
            segments_bytes_max: SEGMENTS_BYTES_MAX,
        };
        let offload = if self.has_header { offload } else { LinkOffload::default() };
        LinkProperties { mac: None, mtu_bytes: self.mtu_bytes, offload }
    }

    /// Its descriptor, for whoever reads and writes.
    pub fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }
}

/// Attaches, if need be as one of several queues. Returns the name that the interface has.
fn attach(descriptor: BorrowedFd<'_>, name: &Name) -> Result<Name, Errno> {
    let with = |flags| interface::attach(descriptor, Request::new(name, flags as i16));
    match with(FLAGS) {
        // One that was made for several queues wants each to say so.
        Err(Errno::INVAL) => with(FLAGS | libc::IFF_MULTI_QUEUE),
        other => other,
    }
}

fn device_error(name: &str, error: Errno) -> LinkError {
    let advice = match error {
        Errno::NOENT | Errno::NXIO | Errno::NODEV => {
            "the kernel has no taps here: load its module (modprobe tun), or give the container the device"
        }
        Errno::ACCESS | Errno::PERM => "give this user access to the device",
        _ => "see tuntap(4) of this system",
    };
    LinkError::new(format!("tap {name}: {DEVICE} cannot be opened ({error}): {advice}"))
}

fn busy_error(name: &str, error: Errno) -> LinkError {
    let advice = match error {
        Errno::PERM | Errno::ACCESS => format!(
            "run with CAP_NET_ADMIN, or let an administrator make it for this user: ip tuntap add dev {name} \
             mode tap user {}",
            rustix::process::geteuid().as_raw()
        ),
        Errno::BUSY => "another process is attached to it: end that, or choose another name".into(),
        Errno::INVAL => {
            "an interface of this name is there and is no tap: choose another name".into()
        }
        _ => "see the kernel's log".into(),
    };
    LinkError::new(format!("tap {name} cannot be attached ({error}): {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::namespace::{inside, ip};

    /// A tap attached by somebody who wants no virtio header.
    fn attached_without_header(name: &str) -> OwnedFd {
        let descriptor = open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let flags = libc::IFF_TAP | libc::IFF_NO_PI;
        let request = Request::new(&Name::new(name).unwrap(), flags as i16);
        interface::attach(descriptor.as_fd(), request).unwrap();
        descriptor
    }

    #[test]
    fn an_inherited_tap_is_used_as_it_is() {
        inside("link::tap::tests::an_inherited_tap_is_used_as_it_is", || {
            let plain = attached_without_header("vt0");
            ip("link set dev vt0 mtu 4000 up");
            let tap = Tap::inherit(plain).unwrap();
            assert_eq!((tap.name(), tap.has_header()), ("vt0", false));
            assert_eq!(
                (tap.properties().mtu_bytes, tap.properties().offload),
                (4000, LinkOffload::default())
            );
            let own = Tap::open("vt1").unwrap();
            let heir = Tap::inherit(own.descriptor.try_clone().unwrap()).unwrap();
            assert_eq!((heir.name(), heir.has_header()), ("vt1", true));
            assert_eq!(heir.properties(), own.properties());
            let tun = open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap();
            let flags = libc::IFF_TUN | libc::IFF_NO_PI;
            let request = Request::new(&Name::new("vt2").unwrap(), flags as i16);
            interface::attach(tun.as_fd(), request).unwrap();
            assert!(Tap::inherit(tun).unwrap_err().to_string().contains("a tap is needed"));
        });
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (error, expected) in [
            (busy_error("vm0", Errno::PERM), "ip tuntap add dev vm0 mode tap user"),
            (busy_error("vm0", Errno::PERM), "CAP_NET_ADMIN"),
            (busy_error("vm0", Errno::BUSY), "another process"),
            (device_error("vm0", Errno::NOENT), "modprobe tun"),
            (device_error("vm0", Errno::ACCESS), "access to the device"),
        ] {
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
