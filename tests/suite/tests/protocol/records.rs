//! Records: fragments of every shape, and lengths that nobody should believe (RFC 5531 §11).

use nfs3_types::nfs3::{GETATTR3args, NFS_PROGRAM};
use std::time::Duration;
use suite::nfs::{Client, NFS, packed};
use suite::rpc::{Answer, Connection, Credential, call, record};
use suite::server::{Backend, Server};

const LAST: u32 = 1 << 31;

/// A message as fragments of these lengths and one with the rest.
fn fragments(message: &[u8], lengths: &[usize]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), message);
    for &length in lengths {
        let (fragment, behind) = rest.split_at(length);
        bytes.extend_from_slice(&(length as u32).to_be_bytes());
        bytes.extend_from_slice(fragment);
        rest = behind;
    }
    bytes.extend_from_slice(&(LAST | rest.len() as u32).to_be_bytes());
    bytes.extend_from_slice(rest);
    bytes
}

fn question(server: &Server) -> Vec<u8> {
    let (_, root) = Client::mount(server.address());
    let arguments = packed(&GETATTR3args { object: root });
    let procedure = NFS_PROGRAM::NFSPROC3_GETATTR as u32;
    call(77, (NFS.0, NFS.1, procedure), &Credential::ROOT, &arguments)
}

fn expect_answer(connection: &mut Connection, what: &str) {
    let (xid, answer) = Answer::parse(&connection.receive());
    assert!(xid == 77 && matches!(answer, Answer::Success(_)), "{what}: {answer:?}");
}

#[test]
fn fragments_split_everywhere() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let message = question(&server);
        let mut connection = Connection::open(server.address());
        for at in 0..=message.len() {
            connection.send_raw(&fragments(&message, &[at])).expect("a record");
            expect_answer(&mut connection, "two fragments");
        }
        let ones = vec![1; message.len()];
        connection.send_raw(&fragments(&message, &ones)).expect("a record");
        expect_answer(&mut connection, "fragments of one byte");
        connection.send_raw(&fragments(&message, &[0, 4, 0, 0, 8])).expect("a record");
        expect_answer(&mut connection, "empty fragments");
    }
}

#[test]
fn segments_split_everywhere() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let record = record(&question(&server));
        let mut connection = Connection::open(server.address());
        for at in 1..record.len() {
            connection.send_raw(&record[..at]).expect("half a record");
            connection.send_raw(&record[at..]).expect("the other half");
            expect_answer(&mut connection, "two segments");
        }
        for byte in &record {
            connection.send_raw(&[*byte]).expect("one byte");
        }
        expect_answer(&mut connection, "segments of one byte");
    }
}

/// One write that ends in the middle of a record: what is whole is answered before the rest comes.
#[test]
fn a_record_and_a_half() {
    let server = Server::memory("16M", Backend::Uring);
    let record = record(&question(&server));
    let mut connection = Connection::open(server.address());
    let both = [record.clone(), record.clone()].concat();
    connection.send_raw(&both[..record.len() + 10]).expect("one and a part");
    expect_answer(&mut connection, "the whole one");
    connection.send_raw(&both[record.len() + 10..]).expect("the rest");
    expect_answer(&mut connection, "the other one");
}

/// A record too long is refused by closing the connection, before memory is taken for it.
#[test]
fn absurd_records_cost_nothing() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let message = question(&server);
        let before = server.resident_kib();
        for length in [0x7fff_ffff, 0x4000_0000, 64 << 20] {
            let mut connections: Vec<_> =
                (0..50).map(|_| Connection::open(server.address())).collect();
            for connection in &mut connections {
                let header = (length | LAST).to_be_bytes();
                let _ = connection.send_raw(&header).and_then(|()| connection.send_raw(&message));
            }
            for connection in &mut connections {
                assert_eq!(connection.try_receive(), None, "a record of {length} bytes");
            }
        }
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 16 << 10, "{grown} KiB for records nobody sent");
    }
}

/// As many fragments as fit the limit each, and together do not.
#[test]
fn fragments_without_end() {
    let server = Server::memory("16M", Backend::Uring);
    let before = server.resident_kib();
    let mut connection = Connection::open(server.address());
    let mut fragment = (64_u32 << 10).to_be_bytes().to_vec();
    fragment.resize(4 + (64 << 10), 0);
    // The server may read on for a while, so that its answers are not lost, and forgets what.
    let _ = (0..4096).take_while(|_| connection.send_raw(&fragment).is_ok()).count();
    assert_eq!(connection.try_receive(), None, "the connection is closed");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB for a record without end");
}

/// Fragments of no bytes at all, for ever: a record that never grows is no reason to loop.
#[test]
fn empty_fragments_without_end() {
    let server = Server::memory("16M", Backend::Uring);
    let mut connection = Connection::open(server.address());
    let nothing = vec![0; 4 << 20];
    let _ = connection.send_raw(&nothing);
    let mut other = Client::open(server.address());
    other.mount_path(b"/").expect("others are served meanwhile");
}

/// Records that are begun and never finished, by many: together they take what one may.
#[test]
fn records_never_finished() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let before = server.resident_kib();
        let mut record = (LAST | 1_000_000).to_be_bytes().to_vec();
        record.resize(900_000, 0);
        let mut connections: Vec<_> =
            (0..200).map(|_| Connection::open(server.address())).collect();
        for connection in &mut connections {
            let timeout = Some(Duration::from_millis(20));
            connection.stream().set_write_timeout(timeout).expect("sockets have time-outs");
            let _ = connection.send_raw(&record);
        }
        let mut client = Client::open(server.address());
        client.mount_path(b"/").expect("others are served meanwhile");
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 96 << 10, "{grown} KiB for records nobody finished");
    }
}
