//! Portmap: which programs are here, and on which port (RFC 1833: portmapper version 2, rpcbind
//! versions 3 and 4).
//!
//! It speaks of the table it belongs to: every program answers on one port, over TCP and UDP, and
//! portmap itself perhaps on another, where clients look for it unasked.
//! Nobody registers from outside, so SET and UNSET answer no; CALLIT, a gift to those who flood
//! others by proxy, is PROC_UNAVAIL, as are the procedures that only registration needs.

use crate::{Answer, Bound, Call, Fault, Needs, Procedure, Program, Replay, Table, Version};
use abi::Timestamp;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::ready;
use core::net::IpAddr;
use xdr::{Opaque, Writer, Xdr};

/// Portmap's number.
pub(crate) const PROGRAM: u32 = 100_000;
const VERSIONS: [u32; 3] = [2, 3, 4];
const IPPROTO_TCP: u32 = 6;
const IPPROTO_UDP: u32 = 17;
const STRING_BYTES_MAX: usize = 255;

/// Where programs are told to answer, over TCP and UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Portmap itself.
    pub portmap: u16,
    /// All others.
    pub programs: u16,
}

impl Ports {
    /// Those of a network host of its own: clients ask portmap, or expect NFS where it always is.
    pub const WELL_KNOWN: Self = Self { portmap: 111, programs: 2049 };

    /// One port for all.
    pub const fn one(port: u16) -> Self {
        Self { portmap: port, programs: port }
    }

    /// Where a program answers.
    const fn of(self, program: u32) -> u16 {
        if program == PROGRAM { self.portmap } else { self.programs }
    }
}

/// The programs of one server, as portmap tells of them.
pub(crate) struct Portmap {
    /// Program and version.
    rows: Vec<(u32, u32)>,
    ports: Ports,
    wall: Cell<Timestamp>,
}

impl Portmap {
    /// Tells of `programs`, and of itself.
    pub(crate) fn new(programs: &[Rc<dyn Program>], ports: Ports) -> Self {
        let own = VERSIONS.iter().map(|&version| (PROGRAM, version));
        let others = programs
            .iter()
            .flat_map(|program| program.versions().map(|version| (program.number(), version)));
        Self { rows: own.chain(others).collect(), ports, wall: Cell::default() }
    }

    pub(crate) fn set_time(&self, wall: Timestamp) {
        self.wall.set(wall);
    }

    /// Whether a program is here, in whatever version: a client that asks for another version
    /// learns from the program itself which there are.
    fn offers(&self, program: u32) -> bool {
        self.rows.iter().any(|&(number, _)| number == program)
    }
}

/// An address as rpcbind writes it: the host's, and the port as two numbers.
fn universal_address(host: IpAddr, port: u16) -> String {
    format!("{}.{}.{}", host.to_canonical(), port >> 8, port & 0xff)
}

/// The program of portmap.
pub(crate) fn program(state: Rc<Portmap>) -> Rc<dyn Program> {
    Rc::new(Table { number: PROGRAM, name: "portmapper", versions: PORTMAP, state })
}

const fn procedure(
    number: u32,
    name: &'static str,
    run: crate::Run<Portmap>,
    result_bytes: usize,
) -> Procedure<Portmap> {
    let (replay, bound) = (Replay::Rerun, Bound::Fixed(result_bytes));
    Procedure { number, name, run, replay, result_bytes, bound }
}

const PORTMAP: &[Version<Portmap>] = &[
    Version { number: 2, procedures: VERSION_2, needs: Needs::Nothing },
    Version { number: 3, procedures: RPCBIND, needs: Needs::Nothing },
    Version { number: 4, procedures: RPCBIND, needs: Needs::Nothing },
];

const VERSION_2: &[Procedure<Portmap>] = &[
    procedure(0, "NULL", null, 0),
    procedure(1, "SET", refuse, 4),
    procedure(2, "UNSET", refuse, 4),
    procedure(3, "GETPORT", get_port, 4),
    procedure(4, "DUMP", dump_ports, 512),
];

const RPCBIND: &[Procedure<Portmap>] = &[
    procedure(0, "NULL", null, 0),
    procedure(1, "SET", refuse, 4),
    procedure(2, "UNSET", refuse, 4),
    procedure(3, "GETADDR", get_address, 64),
    procedure(4, "DUMP", dump_addresses, 2048),
    procedure(5, "CALLIT", unavailable, 0),
    procedure(6, "GETTIME", get_time, 4),
];

fn done<'a>(result: Result<(), Fault>) -> Answer<'a> {
    Box::pin(ready(result))
}

fn null<'a>(_: &'a Portmap, _: &'a Call, _: &'a mut Writer) -> Answer<'a> {
    done(Ok(()))
}

fn refuse<'a>(_: &'a Portmap, _: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    false.encode(result);
    done(Ok(()))
}

fn unavailable<'a>(_: &'a Portmap, _: &'a Call, _: &'a mut Writer) -> Answer<'a> {
    done(Err(Fault::Unavailable))
}

fn get_port<'a>(portmap: &'a Portmap, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    done(Mapping::decode(&mut call.reader()).map_err(Fault::from).map(|asked| {
        let known = matches!(asked.protocol, IPPROTO_TCP | IPPROTO_UDP);
        let found = known && portmap.offers(asked.program);
        result.u32(if found { u32::from(portmap.ports.of(asked.program)) } else { 0 });
    }))
}

fn dump_ports<'a>(portmap: &'a Portmap, _: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    for &(program, version) in &portmap.rows {
        for protocol in [IPPROTO_TCP, IPPROTO_UDP] {
            let port = u32::from(portmap.ports.of(program));
            Some(Mapping { program, version, protocol, port }).encode(result);
        }
    }
    false.encode(result);
    done(Ok(()))
}

fn get_address<'a>(portmap: &'a Portmap, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    done(Binding::decode(&mut call.reader()).map_err(Fault::from).map(|asked| {
        let address = match portmap.offers(asked.program) {
            true => universal_address(call.local.ip(), portmap.ports.of(asked.program)),
            false => String::new(),
        };
        result.opaque(address.as_bytes());
    }))
}

fn dump_addresses<'a>(portmap: &'a Portmap, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    let host = call.local.ip().to_canonical();
    let networks: [&[u8]; 2] = if host.is_ipv4() { [b"tcp", b"udp"] } else { [b"tcp6", b"udp6"] };
    for &(program, version) in &portmap.rows {
        let address = universal_address(host, portmap.ports.of(program));
        for network in networks.map(Opaque) {
            let address = Opaque(address.as_bytes());
            let binding = Binding { program, version, network, address, owner: Opaque(b"vnfsd") };
            Some(binding).encode(result);
        }
    }
    false.encode(result);
    done(Ok(()))
}

fn get_time<'a>(portmap: &'a Portmap, _: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    result.u32(portmap.wall.get().seconds as u32);
    done(Ok(()))
}

xdr::xdr_struct! {
    /// A row of version 2 (RFC 1833 §3.1).
    pub struct Mapping {
        /// Program number.
        pub program: u32,
        /// Program version.
        pub version: u32,
        /// IP protocol number.
        pub protocol: u32,
        /// Port.
        pub port: u32,
    }
}

xdr::xdr_struct! {
    /// A row of versions 3 and 4 (RFC 1833 §2.1).
    pub struct Binding<'a> {
        /// Program number.
        pub program: u32,
        /// Program version.
        pub version: u32,
        /// Network: `tcp`, `udp`, `tcp6` or `udp6`.
        pub network: Opaque<'a, STRING_BYTES_MAX>,
        /// Universal address.
        pub address: Opaque<'a, STRING_BYTES_MAX>,
        /// Who registered it.
        pub owner: Opaque<'a, STRING_BYTES_MAX>,
    }
}
