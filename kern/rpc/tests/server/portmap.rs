//! Portmap: what rpcinfo(8), showmount(8) and mount.nfs(8) ask.

use crate::wire::{self, Call, Outcome};
use crate::world::{ONE, World, limits};
use rpc::Ports;
use xdr::{Reader, Writer};

fn ask(version: u32, procedure: u32, arguments: impl FnOnce(&mut Writer)) -> Outcome {
    ask_at(Ports::one(2049), version, procedure, arguments)
}

fn ask_at(
    ports: Ports,
    version: u32,
    procedure: u32,
    arguments: impl FnOnce(&mut Writer),
) -> Outcome {
    let mut writer = Writer::default();
    arguments(&mut writer);
    let call = Call {
        program: 100_000,
        version,
        credential: (0, vec![]),
        ..Call::new(1, procedure, &writer.into_pieces().concat())
    };
    World::at(limits(), ports).exchange(ONE, &call.record()).remove(0).outcome
}

fn success(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Success(result) => result,
        other => panic!("{other:?}"),
    }
}

fn get_port(program: u32, version: u32, protocol: u32) -> u32 {
    get_port_at(Ports::one(2049), program, version, protocol)
}

fn get_port_at(ports: Ports, program: u32, version: u32, protocol: u32) -> u32 {
    let result = success(ask_at(ports, 2, 3, |writer| {
        [program, version, protocol, 0].into_iter().for_each(|word| writer.u32(word));
    }));
    u32::from_be_bytes(result.try_into().expect("one number"))
}

fn get_address(program: u32) -> Vec<u8> {
    get_address_at(Ports::one(2049), program)
}

fn get_address_at(ports: Ports, program: u32) -> Vec<u8> {
    let result = success(ask_at(ports, 4, 3, |writer| {
        [program, 1].into_iter().for_each(|word| writer.u32(word));
        [b"tcp" as &[u8], b"", b""].into_iter().for_each(|text| writer.opaque(text));
    }));
    Reader::new(&result).opaque(100).expect("one string").to_vec()
}

/// What version 2 dumps: program, version, protocol, port.
fn ports_dumped(ports: Ports) -> Vec<[u32; 4]> {
    let result = success(ask_at(ports, 2, 4, |_| {}));
    let mut reader = Reader::new(&result);
    let mut rows = Vec::new();
    while reader.u32() == Ok(1) {
        rows.push([(); 4].map(|()| reader.u32().expect("a row")));
    }
    assert!(reader.rest().is_empty());
    rows
}

#[test]
fn every_program_answers_on_the_one_port() {
    for protocol in [6, 17] {
        assert_eq!(get_port(wire::PROGRAM, 1, protocol), 2049);
        assert_eq!(get_port(wire::PROGRAM, 9, protocol), 2049, "the program knows its versions");
        assert_eq!(get_port(5, 1, protocol), 0);
    }
    assert_eq!(get_port(wire::PROGRAM, 1, 99), 0);
}

#[test]
fn addresses_are_those_the_client_used() {
    assert_eq!(get_address(wire::PROGRAM), b"192.0.2.1.8.1");
    assert_eq!(get_address(5), b"");
}

#[test]
fn portmap_may_be_where_clients_look_for_it() {
    let (own, other) = (100_000, wire::PROGRAM);
    for protocol in [6, 17] {
        assert_eq!(get_port_at(Ports::WELL_KNOWN, own, 2, protocol), 111);
        assert_eq!(get_port_at(Ports::WELL_KNOWN, other, 1, protocol), 2049);
    }
    assert_eq!(get_address_at(Ports::WELL_KNOWN, own), b"192.0.2.1.0.111");
    assert_eq!(get_address_at(Ports::WELL_KNOWN, other), b"192.0.2.1.8.1");
    let rows = ports_dumped(Ports::WELL_KNOWN);
    assert!(rows.iter().all(|row| row[3] == if row[0] == own { 111 } else { 2049 }), "{rows:?}");
}

#[test]
fn dump_lists_all_programs() {
    let rows = ports_dumped(Ports::one(2049));
    assert_eq!(rows.len(), 2 * (3 + 2));
    assert!(rows.contains(&[100_000, 4, 17, 2049]) && rows.contains(&[wire::PROGRAM, 1, 6, 2049]));
}

#[test]
fn dump_of_rpcbind_lists_addresses() {
    let result = success(ask(3, 4, |_| {}));
    let mut reader = Reader::new(&result);
    let mut networks = Vec::new();
    while reader.u32() == Ok(1) {
        assert!(reader.u32().is_ok() && reader.u32().is_ok());
        networks.push(reader.opaque(255).unwrap());
        assert_eq!(reader.opaque(255), Ok(b"192.0.2.1.8.1" as &[u8]));
        assert_eq!(reader.opaque(255), Ok(b"vnfsd" as &[u8]));
    }
    assert_eq!(networks.len(), 10);
    assert!(networks.chunks(2).all(|pair| pair == [b"tcp", b"udp"]));
}

#[test]
fn nobody_registers_from_outside_and_nobody_is_called_by_proxy() {
    for procedure in [1, 2] {
        assert_eq!(
            ask(2, procedure, |writer| writer.fixed(&[0; 16])),
            Outcome::Success(vec![0; 4])
        );
    }
    for version in [2, 3, 4] {
        assert_eq!(ask(version, 5, |_| {}), Outcome::ProcedureUnavailable);
    }
    assert_eq!(ask(5, 0, |_| {}), Outcome::ProgramMismatch(2, 4));
    assert_eq!(ask(2, 3, |_| {}), Outcome::GarbageArguments);
}

#[test]
fn the_time_is_told() {
    assert_eq!(success(ask(3, 6, |_| {})), 1_000_000_u32.to_be_bytes());
}
