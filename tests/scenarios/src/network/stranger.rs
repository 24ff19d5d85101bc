//! A host whose stack is by another hand: smoltcp's own, at the bare end of a cable.

use super::content::Content;
use super::station::{address, mac};
use abi::Instant;
use hyper::Clock;
use sim::{Cable, ETHERNET_BYTES, VirtualClock};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{EthernetAddress, IpCidr};
use std::rc::Rc;
use std::time::Duration;

/// How long it is left alone when it wants to be asked again at once.
const IMPATIENCE: Duration = Duration::from_micros(100);

/// The bare end of a cable, as smoltcp sees one.
pub struct Port {
    cable: Rc<Cable>,
    end: usize,
    mtu_bytes: usize,
}

/// A frame that arrived.
pub struct Arrived(Vec<u8>);

/// A frame that may be sent.
pub struct Leaving<'a>(&'a Port);

impl Device for Port {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Arrived, Leaving<'_>)> {
        self.cable.take(self.end).map(|bytes| (Arrived(bytes), Leaving(self)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Leaving<'_>> {
        Some(Leaving(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu_bytes + ETHERNET_BYTES;
        capabilities
    }
}

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut bytes = vec![0; length];
        let result = fill(&mut bytes);
        self.0.cable.send(self.0.end, bytes);
        result
    }
}

/// One side of a conversation that sends all it has, ends, and hears the other out.
pub struct Side {
    handle: SocketHandle,
    own: Content,
    others: Content,
    /// Bytes to send.
    pub own_bytes: u64,
    /// Bytes that the socket took.
    pub sent: u64,
    /// Bytes that arrived.
    pub heard: u64,
}

/// The host.
pub struct Stranger {
    /// What it does with packets.
    pub interface: Interface,
    /// What it is attached by.
    pub port: Port,
    /// Its sockets.
    pub sockets: SocketSet<'static>,
    /// Its sides of conversations.
    pub sides: Vec<Side>,
    clock: VirtualClock,
}

impl Stranger {
    /// Station 1, at end 1 of a cable.
    pub fn new(cable: Rc<Cable>, clock: VirtualClock, mtu_bytes: u32, random_seed: u64) -> Self {
        let mut port = Port { cable, end: 1, mtu_bytes: mtu_bytes as usize };
        let mut config = Config::new(EthernetAddress(mac(1)).into());
        config.random_seed = random_seed;
        let mut interface = Interface::new(config, &mut port, moment(clock.now()));
        interface.update_ip_addrs(|addresses| {
            for (is_v6, bits) in [(false, 24), (true, 64)] {
                let added = addresses.push(IpCidr::new(address(1, is_v6).into(), bits));
                assert!(added.is_ok(), "no room for an address");
            }
        });
        Self { interface, port, sockets: SocketSet::new(vec![]), sides: Vec::new(), clock }
    }

    /// Takes part in a conversation: on a port of its own, or by calling one of station 0.
    pub fn take_part(&mut self, number: usize, calls: Option<bool>, port: u16, own_bytes: u64) {
        let buffer = || SocketBuffer::new(vec![0; 100_000]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.set_congestion_control(CongestionControl::Reno);
        let side = usize::from(calls.is_none());
        match calls {
            None => assert_eq!(socket.listen(port), Ok(())),
            Some(is_v6) => {
                let remote = (smoltcp::wire::IpAddress::from(address(0, is_v6)), port);
                let context = self.interface.context();
                assert_eq!(socket.connect(context, remote, 50_000 + number as u16), Ok(()));
            }
        }
        self.sides.push(Side {
            handle: self.sockets.add(socket),
            own: Content::of(number, side),
            others: Content::of(number, 1 - side),
            own_bytes,
            sent: 0,
            heard: 0,
        });
    }

    /// Does all that can be done now. Says whether there was anything.
    ///
    /// # Errors
    /// If something was heard that was not said.
    pub fn turn(&mut self) -> Result<bool, String> {
        let now = moment(self.clock.now());
        let polled = self.interface.poll(now, &mut self.port, &mut self.sockets);
        let mut did = polled == PollResult::SocketStateChanged;
        for side in &mut self.sides {
            did |= side.go_on(self.sockets.get_mut::<Socket<'_>>(side.handle))?;
        }
        Ok(did)
    }

    /// When it wants to do something.
    pub fn next_due(&mut self) -> Option<Instant> {
        let now = self.clock.now();
        let wished = self.interface.poll_at(moment(now), &self.sockets);
        let wished = wished.map(|at| Instant(at.total_micros() as u64 * 1000));
        let due = wished.map(|at| if at <= now { now + IMPATIENCE } else { at });
        due.into_iter().chain(self.port.cable.next_due(1)).min()
    }

    /// Whether all of its conversations are over.
    pub fn is_done(&self) -> bool {
        self.sides.iter().all(|side| {
            let state = self.sockets.get::<Socket<'_>>(side.handle).state();
            matches!(state, State::Closed | State::TimeWait) && side.sent == side.own_bytes
        })
    }
}

impl Side {
    fn go_on(&mut self, socket: &mut Socket<'_>) -> Result<bool, String> {
        let mut did = false;
        while socket.can_recv() {
            let (heard, others) = (self.heard, self.others);
            let taken =
                socket.recv(|bytes| (bytes.len(), (others.holds(heard, bytes), bytes.len())));
            let (is_right, count) = taken.map_err(|error| format!("the stranger: {error}"))?;
            if !is_right {
                return Err(format!("the stranger heard what was not said, at {heard}"));
            }
            self.heard += count as u64;
            did = true;
        }
        while socket.can_send() && self.sent < self.own_bytes {
            let piece = self.own.pieces(self.sent, (self.own_bytes - self.sent).min(20_000));
            let taken = socket.send_slice(&piece[0]).map_err(|error| format!("{error}"))?;
            self.sent += taken as u64;
            did = true;
        }
        if self.sent == self.own_bytes
            && matches!(socket.state(), State::Established | State::CloseWait)
        {
            socket.close();
            did = true;
        }
        Ok(did)
    }
}

fn moment(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros((now.0 / 1000) as i64)
}
