//! Opening a link: by the control thread, which may wait and tell what is wrong.

use super::framing::FRAME_BYTES_MAX;
use super::switch::Port;
use super::unix::{self, SocketFile};
use super::{LinkError, LinkSpec, MTU_BYTES_USUAL, Trace};
use hyper::{LinkOffload, LinkProperties};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// The least that IPv4 asks of a link (RFC 791), and the most that its lengths can say with room
/// for what a link puts before a packet, in bytes.
const MTU_BYTES: std::ops::RangeInclusive<u32> = 68..=65_521;

const _: () = assert!(*MTU_BYTES.end() as usize + 18 <= FRAME_BYTES_MAX);

/// What there is to say of a link beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// The largest packet, in bytes; if not said, the interface's, or 1500.
    pub mtu_bytes: Option<u32>,
    /// Where to write what crosses it, as pcap.
    pub trace: Option<PathBuf>,
}

/// An open link, to be given to a service. Dropped, it is closed.
#[derive(Debug)]
pub struct OpenLink {
    pub(crate) name: String,
    pub(crate) properties: LinkProperties,
    pub(crate) means: Means,
    pub(crate) trace: Option<Trace>,
    /// The switch that it is plugged into.
    pub(crate) port: Option<Port>,
}

/// What a link is made of.
#[derive(Debug)]
pub(crate) enum Means {
    /// A tap, and whether a virtio header stands before each frame.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "taps are Linux's"))]
    Tap { descriptor: OwnedFd, has_header: bool },
    /// A socket that peers connect to.
    Listen { listener: OwnedFd, file: SocketFile },
    /// A socket of a peer's.
    Connect { path: PathBuf },
    /// A port of a switch in this process, and nothing else.
    Card,
}

impl OpenLink {
    /// Opens the link of this name.
    ///
    /// # Errors
    /// What cannot be had, why, and what to do.
    pub fn open(spec: &LinkSpec, options: LinkOptions) -> Result<Self, LinkError> {
        check_mtu(options.mtu_bytes)?;
        let (means, properties) = means_of(spec, options.mtu_bytes)?;
        let trace = options.trace.as_deref().map(Trace::create).transpose()?;
        Ok(Self { name: spec.to_string(), properties, means, trace, port: None })
    }

    /// What it is like.
    pub fn properties(&self) -> LinkProperties {
        self.properties
    }

    /// The descriptor of its tap, if it has one: the tap stays for as long as anybody keeps it open.
    pub fn tap(&self) -> Option<BorrowedFd<'_>> {
        match &self.means {
            Means::Tap { descriptor, .. } => Some(descriptor.as_fd()),
            Means::Listen { .. } | Means::Connect { .. } | Means::Card => None,
        }
    }
}

/// Checks that a link may have this MTU.
pub(crate) fn check_mtu(mtu_bytes: Option<u32>) -> Result<(), LinkError> {
    let Some(mtu) = mtu_bytes.filter(|mtu| !MTU_BYTES.contains(mtu)) else { return Ok(()) };
    let (least, most) = (MTU_BYTES.start(), MTU_BYTES.end());
    Err(LinkError::new(format!("no link has an MTU of {mtu} bytes: use {least} to {most}")))
}

fn means_of(spec: &LinkSpec, mtu: Option<u32>) -> Result<(Means, LinkProperties), LinkError> {
    let mtu_bytes = mtu.unwrap_or(MTU_BYTES_USUAL);
    let plain = LinkProperties { mac: None, mtu_bytes, offload: LinkOffload::default() };
    match spec {
        LinkSpec::Tap(_) | LinkSpec::TapDescriptor(_) => tap(spec, mtu),
        LinkSpec::Listen(path) => {
            let (listener, file) = unix::listen_at(path)?;
            Ok((Means::Listen { listener, file }, plain))
        }
        LinkSpec::Connect(path) => {
            unix::address(path)?;
            Ok((Means::Connect { path: path.clone() }, plain))
        }
        LinkSpec::Switch { .. } => Err(LinkError::new(format!(
            "{spec} is within this process and leads nowhere else: use a tap or a socket here"
        ))),
    }
}

#[cfg(target_os = "linux")]
fn tap(spec: &LinkSpec, mtu: Option<u32>) -> Result<(Means, LinkProperties), LinkError> {
    use super::Tap;
    let tap = match spec {
        LinkSpec::TapDescriptor(number) => Tap::inherit(super::inherit::descriptor(*number)?)?,
        LinkSpec::Tap(name) => Tap::open(name)?,
        _ => return Err(LinkError::new(format!("{spec} is no tap"))),
    };
    let mut properties = tap.properties();
    if let Some(mtu) = mtu {
        if mtu > properties.mtu_bytes {
            let (name, own) = (tap.name(), properties.mtu_bytes);
            return Err(LinkError::new(format!(
                "{name} takes packets of {own} bytes, not of {mtu}: ip link set dev {name} mtu {mtu}"
            )));
        }
        properties.mtu_bytes = mtu;
    }
    let has_header = tap.has_header();
    Ok((Means::Tap { descriptor: tap.into_descriptor(), has_header }, properties))
}

#[cfg(not(target_os = "linux"))]
fn tap(spec: &LinkSpec, _: Option<u32>) -> Result<(Means, LinkProperties), LinkError> {
    Err(LinkError::new(format!("{spec}: only Linux has such taps: use unix:PATH")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_what_does() {
        let open = |text: &str, mtu_bytes| {
            let options = LinkOptions { mtu_bytes, trace: None };
            OpenLink::open(&text.parse().unwrap(), options).map(|link| link.properties())
        };
        let folder = tempfile::tempdir().unwrap();
        let name = format!("unix:{}", folder.path().join("link").display());
        assert_eq!(open(&name, None).unwrap().mtu_bytes, 1500);
        assert_eq!(open(&name, Some(9000)).unwrap().mtu_bytes, 9000);
        for mtu in [0, 67, 65_522, u32::MAX] {
            assert!(open(&name, Some(mtu)).unwrap_err().to_string().contains("use 68 to 65521"));
        }
        let error = open("tap-fd:1000", None).unwrap_err().to_string();
        assert!(error.contains("descriptor 1000"), "{error}");
        let error = open("switch:lan", None).unwrap_err().to_string();
        assert!(error.contains("use a tap or a socket"), "{error}");
        for name in ["a-name-that-is-too-long", "a/b", "a b", "..", ".", "tap%d"] {
            let error = open(&format!("tap:{name}"), None).unwrap_err().to_string();
            assert!(error.contains("1 to 15"), "{error}");
        }
    }
}
