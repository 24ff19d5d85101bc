//! Gathered messages in the form sendmsg(2) and recvmsg(2) want, and the local address of a
//! datagram: `IP_PKTINFO` (`IP_RECVDSTADDR` on the BSDs that lack it) and RFC 3542 §6 for IPv6.
//!
//! Only a socket bound to the wildcard address needs the local address told: without it, the
//! answer of a host with several addresses would leave from another than the client asked.

use bytes::Bytes;
use socket2::{SockAddr, SockAddrStorage};
use std::collections::VecDeque;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use crate::transfer::PIECES_MAX;

/// Room for a remote address in bytes: an IPv6 one, rounded up so that what follows is aligned.
pub(crate) const NAME_BYTES: usize = 32;

/// Room for control messages in bytes: one packet information of either family.
pub(crate) const CONTROL_BYTES: usize = 64;

/// Control messages, aligned as the kernel wants them.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// One message on its way out. Lives in a box, which does not move while the kernel reads it.
pub(crate) struct Message {
    header: libc::msghdr,
    slices: Vec<libc::iovec>,
    pieces: VecDeque<Bytes>,
    name: Option<SockAddr>,
    control: Control,
}

impl Message {
    /// An empty message, to be filled with [`Message::set`].
    pub(crate) fn new() -> Box<Self> {
        // SAFETY: msghdr is plain data, for which all zeroes mean "nothing".
        let header = unsafe { zeroed() };
        let control = Control([0; CONTROL_BYTES]);
        let (slices, pieces) = Default::default();
        Box::new(Self { header, slices, pieces, name: None, control })
    }

    /// Makes this the next part of a stream: as many of the pieces as fit one call.
    pub(crate) fn set(self: &mut Box<Self>, pieces: VecDeque<Bytes>) {
        self.slices.extend(pieces.iter().take(PIECES_MAX).map(slice));
        self.header.msg_iov = self.slices.as_mut_ptr();
        self.header.msg_iovlen = self.slices.len() as _;
        self.pieces = pieces;
    }

    /// What writev(2) takes. Valid as long as the message is neither changed nor dropped.
    pub(crate) fn slices(&self) -> &[libc::iovec] {
        &self.slices
    }

    /// Takes the pieces out again once the kernel is done with them.
    pub(crate) fn take(&mut self) -> VecDeque<Bytes> {
        self.slices.clear();
        std::mem::take(&mut self.pieces)
    }

    /// A datagram to `remote`, leaving from `source` if that has to be said.
    pub(crate) fn datagram(
        remote: SocketAddr,
        source: Option<IpAddr>,
        pieces: Vec<Bytes>,
    ) -> Box<Self> {
        let mut message = Self::new();
        message.set(pieces.into());
        let name = message.name.insert(remote.into());
        let (name, length) = (name.as_ptr(), name.len());
        message.header.msg_name = name.cast_mut().cast();
        message.header.msg_namelen = length;
        let scope = if let SocketAddr::V6(remote) = remote { remote.scope_id() } else { 0 };
        match source {
            Some(IpAddr::V4(source)) => message.put(packet_info::V4, packet_info::leave_by(source)),
            Some(IpAddr::V6(source)) => {
                let ipi6_addr = libc::in6_addr { s6_addr: source.octets() };
                let info = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: scope as _ };
                message.put((libc::IPPROTO_IPV6, libc::IPV6_PKTINFO), info);
            }
            None => {}
        }
        message
    }

    /// What sendmsg(2) takes. Valid as long as the message is neither changed nor dropped.
    pub(crate) fn header(&self) -> *const libc::msghdr {
        &self.header
    }

    /// Sends without waiting.
    pub(crate) fn send(&self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        // SAFETY: the header points at memory this message owns.
        let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), self.header(), libc::MSG_DONTWAIT) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Puts in one control message.
    fn put<T>(self: &mut Box<Self>, (level, kind): (i32, i32), data: T) {
        self.header.msg_control = ptr::from_mut(&mut self.control).cast();
        // SAFETY: CMSG_SPACE only calculates. With the control buffer announced in the header,
        // CMSG_FIRSTHDR points into it, aligned; CONTROL_BYTES holds the largest T, as the
        // assertion checks.
        unsafe {
            let space = libc::CMSG_SPACE(size_of::<T>() as u32);
            assert!(space as usize <= CONTROL_BYTES, "room for one packet information");
            self.header.msg_controllen = space as _;
            let first = libc::CMSG_FIRSTHDR(&self.header);
            (*first).cmsg_level = level;
            (*first).cmsg_type = kind;
            (*first).cmsg_len = libc::CMSG_LEN(size_of::<T>() as u32) as _;
            ptr::write_unaligned(libc::CMSG_DATA(first).cast(), data);
        }
    }
}

fn slice(piece: &Bytes) -> libc::iovec {
    libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() }
}

/// A datagram that arrived.
pub(crate) struct Arrival {
    /// Who sent it.
    pub(crate) remote: SocketAddr,
    /// The address it was sent to, if the socket was asked to tell.
    pub(crate) local: Option<IpAddr>,
    /// Bytes in the receive buffer.
    pub(crate) count_bytes: usize,
}

/// Receives one datagram without waiting. `None` if it was not understood or did not fit.
pub(crate) fn receive(socket: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<Option<Arrival>> {
    let mut control = Control([0; CONTROL_BYTES]);
    let mut slice = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut name = [0; NAME_BYTES];
    // SAFETY: msghdr is plain data, for which all zeroes mean "nothing".
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_name = name.as_mut_ptr().cast();
    header.msg_namelen = NAME_BYTES as _;
    header.msg_iov = &mut slice;
    header.msg_iovlen = 1;
    header.msg_control = ptr::from_mut(&mut control).cast();
    header.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: every pointer of the header leads to a local that outlives the call, with its size.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut header, libc::MSG_DONTWAIT) };
    let count_bytes = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    let whole = header.msg_flags & libc::MSG_TRUNC == 0;
    let name = name.get(..header.msg_namelen as usize).filter(|_| whole);
    let local = local_address(&control.0[..(header.msg_controllen as usize).min(CONTROL_BYTES)]);
    Ok(name.and_then(address).map(|remote| Arrival { remote, local, count_bytes }))
}

/// The address in a `sockaddr` of this many bytes.
pub(crate) fn address(name: &[u8]) -> Option<SocketAddr> {
    let mut storage = SockAddrStorage::zeroed();
    if name.len() > storage.size_of() as usize {
        return None;
    }
    // SAFETY: the storage is larger than the name, as checked, and any bytes are valid in it.
    let address = unsafe {
        ptr::copy_nonoverlapping(name.as_ptr(), ptr::from_mut(&mut storage).cast(), name.len());
        SockAddr::new(storage, name.len() as _)
    };
    address.as_socket()
}

/// The local address told by the control messages of a datagram, which are the kernel's own.
pub(crate) fn local_address(bytes: &[u8]) -> Option<IpAddr> {
    let mut control = Control([0; CONTROL_BYTES]);
    control.0.get_mut(..bytes.len())?.copy_from_slice(bytes);
    // SAFETY: msghdr is plain data, for which all zeroes mean "nothing".
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_control = ptr::from_mut(&mut control).cast();
    header.msg_controllen = bytes.len() as _;
    // SAFETY: the header describes an aligned copy of the messages, within which CMSG_FIRSTHDR
    // and CMSG_NXTHDR stay. What is read after a message's head is shorter than the copy's
    // unused rest or lies within CONTROL_BYTES, as `payload` checks.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(&header);
        while !message.is_null() {
            let kind = ((*message).cmsg_level, (*message).cmsg_type);
            if kind == packet_info::V4_ARRIVED {
                return payload(message).map(packet_info::arrived_at);
            }
            if kind == (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) {
                let info: Option<libc::in6_pktinfo> = payload(message);
                return info.map(|info| Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
            }
            message = libc::CMSG_NXTHDR(&header, message);
        }
    }
    None
}

/// The data of a control message, if they are as long as a `T`.
///
/// # Safety
/// `message` points at a control message that lies, with the length it claims, in readable memory.
unsafe fn payload<T: Copy>(message: *const libc::cmsghdr) -> Option<T> {
    // SAFETY: as the caller promises; the length claimed covers a T.
    unsafe {
        let long_enough = (*message).cmsg_len >= libc::CMSG_LEN(size_of::<T>() as u32) as _;
        long_enough.then(|| ptr::read_unaligned(libc::CMSG_DATA(message).cast()))
    }
}

/// Asks that datagrams arriving at `socket` tell the address they were sent to.
pub(crate) fn tell_local_address(socket: BorrowedFd<'_>, address: IpAddr) -> io::Result<()> {
    let (level, option) = match address {
        IpAddr::V4(_) => packet_info::V4_ARRIVED_OPTION,
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
    };
    let on: libc::c_int = 1;
    // SAFETY: the option's value is a C int, whose address and size are given.
    let result = unsafe {
        let value = ptr::from_ref(&on).cast();
        libc::setsockopt(socket.as_raw_fd(), level, option, value, size_of_val(&on) as _)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn from_in_addr(address: libc::in_addr) -> IpAddr {
    Ipv4Addr::from(address.s_addr.to_ne_bytes()).into()
}

fn to_in_addr(address: Ipv4Addr) -> libc::in_addr {
    libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) }
}

/// IPv4 where a packet information structure says both ways.
#[cfg(not(any(target_os = "freebsd", target_os = "openbsd", target_os = "dragonfly")))]
mod packet_info {
    use super::{IpAddr, Ipv4Addr, from_in_addr, to_in_addr};

    pub(super) const V4: (i32, i32) = (libc::IPPROTO_IP, libc::IP_PKTINFO);
    pub(super) const V4_ARRIVED: (i32, i32) = V4;
    #[cfg(target_os = "netbsd")]
    pub(super) const V4_ARRIVED_OPTION: (i32, i32) = (libc::IPPROTO_IP, libc::IP_RECVPKTINFO);
    #[cfg(not(target_os = "netbsd"))]
    pub(super) const V4_ARRIVED_OPTION: (i32, i32) = V4;

    #[cfg(target_os = "netbsd")]
    pub(super) fn leave_by(source: Ipv4Addr) -> libc::in_pktinfo {
        libc::in_pktinfo { ipi_addr: to_in_addr(source), ipi_ifindex: 0 }
    }

    #[cfg(not(target_os = "netbsd"))]
    pub(super) fn leave_by(source: Ipv4Addr) -> libc::in_pktinfo {
        let any = to_in_addr(Ipv4Addr::UNSPECIFIED);
        libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: to_in_addr(source), ipi_addr: any }
    }

    #[cfg(target_os = "netbsd")]
    pub(super) fn arrived_at(info: libc::in_pktinfo) -> IpAddr {
        from_in_addr(info.ipi_addr)
    }

    /// Not the header's destination, which may be a broadcast address.
    #[cfg(not(target_os = "netbsd"))]
    pub(super) fn arrived_at(info: libc::in_pktinfo) -> IpAddr {
        from_in_addr(info.ipi_spec_dst)
    }
}

/// IPv4 where the two ways have an option each.
#[cfg(any(target_os = "freebsd", target_os = "openbsd", target_os = "dragonfly"))]
mod packet_info {
    use super::{IpAddr, Ipv4Addr, from_in_addr, to_in_addr};

    pub(super) const V4: (i32, i32) = (libc::IPPROTO_IP, libc::IP_SENDSRCADDR);
    pub(super) const V4_ARRIVED: (i32, i32) = (libc::IPPROTO_IP, libc::IP_RECVDSTADDR);
    pub(super) const V4_ARRIVED_OPTION: (i32, i32) = V4_ARRIVED;

    pub(super) fn leave_by(source: Ipv4Addr) -> libc::in_addr {
        to_in_addr(source)
    }

    pub(super) fn arrived_at(address: libc::in_addr) -> IpAddr {
        from_in_addr(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn an_answer_leaves_from_the_address_that_was_asked() {
        for (wildcard, asked) in
            [("0.0.0.0:0", "127.0.0.9"), ("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "::1")]
        {
            let server = UdpSocket::bind(wildcard).unwrap();
            let bound = server.local_addr().unwrap();
            tell_local_address(server.as_fd(), bound.ip()).unwrap();
            let asked: IpAddr = asked.parse().unwrap();
            let client = UdpSocket::bind((if asked.is_ipv4() { "127.0.0.1" } else { "::1" }, 0));
            let client = client.unwrap();
            client.send_to(b"question", (asked, bound.port())).unwrap();
            let mut buffer = [0; 100];
            let arrival = receive(server.as_fd(), &mut buffer).unwrap().unwrap();
            assert_eq!((arrival.count_bytes, arrival.local), (8, Some(asked)));
            assert_eq!(arrival.remote, client.local_addr().unwrap());
            let pieces = vec![Bytes::from_static(b"ans"), Bytes::from_static(b"wer")];
            let answer = Message::datagram(arrival.remote, arrival.local, pieces);
            assert_eq!(answer.send(server.as_fd()).unwrap(), 6);
            let (count, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..count], from.ip()), (&b"answer"[..], asked));
        }
    }

    #[test]
    fn no_control_messages_tell_no_address() {
        for length in 0..=CONTROL_BYTES + 1 {
            assert_eq!(local_address(&vec![0; length]), None);
        }
    }
}
