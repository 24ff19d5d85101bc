//! Many at once: calls, connections, and clients that do not listen.

use nfs3_types::nfs3::{GETATTR3args, NFS_PROGRAM, READ3args, nfs_fh3};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::thread;
use std::time::Duration;
use suite::compare;
use suite::nfs::{Client, NFS, Pieces, packed};
use suite::rpc::{Answer, Connection, Credential, call, record};
use suite::server::{Backend, Server};

fn nfs_call(xid: u32, procedure: NFS_PROGRAM, arguments: &[u8]) -> Vec<u8> {
    record(&call(xid, (NFS.0, NFS.1, procedure as u32), &Credential::ROOT, arguments))
}

#[test]
fn a_thousand_calls_in_flight() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let (mut client, root) = Client::mount(server.address());
        let attributes = packed(&GETATTR3args { object: root });
        let all =
            (0..1000).flat_map(|xid| nfs_call(xid, NFS_PROGRAM::NFSPROC3_GETATTR, &attributes));
        client.connection().send_raw(&all.collect::<Vec<_>>()).expect("a burst");
        let mut answered = BTreeSet::new();
        for _ in 0..1000 {
            let (xid, answer) = Answer::parse(&client.connection().receive());
            assert!(matches!(answer, Answer::Success(_)), "{answer:?}");
            assert!(answered.insert(xid), "call {xid} answered twice");
        }
        assert_eq!(answered, (0..1000).collect());
    }
}

/// A client that asks for gigabytes and reads nothing: the server stops listening to it, takes
/// no more memory, and serves others. What the client reads at last is whole.
#[test]
fn a_client_that_does_not_read() {
    for backend in Backend::ALL {
        let server = Server::memory("64M", backend);
        let (mut client, root) = Client::mount(server.address());
        let file = client.put(&root, b"file", &vec![5; 1 << 20]).expect("a file");
        let before = server.resident_kib();
        let mut deaf = Connection::open(server.address());
        let sent = send_until_stuck(&mut deaf, &file);
        assert!(sent > READ_AT_LAST, "{sent} calls were taken");
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 64 << 10, "{grown} KiB for a client that does not read");
        client.attributes(&root).expect("others are served");
        let mut answered = BTreeSet::new();
        for _ in 0..READ_AT_LAST {
            let (xid, answer) = Answer::parse(&deaf.receive());
            assert!(xid < sent && answered.insert(xid), "call {xid}");
            assert!(answer.result().len() > 1 << 20, "a whole MiB");
        }
    }
}

const READ_AT_LAST: u32 = 100;

/// Sends READs of 1 MiB until the socket has been full for a while; how many went out whole.
fn send_until_stuck(connection: &mut Connection, file: &nfs_fh3) -> u32 {
    let arguments = packed(&READ3args { file: file.clone(), offset: 0, count: 1 << 20 });
    let mut stream = connection.stream();
    stream.set_write_timeout(Some(Duration::from_millis(700))).expect("sockets have time-outs");
    for xid in 0..100_000 {
        let mut call = nfs_call(xid, NFS_PROGRAM::NFSPROC3_READ, &arguments);
        while !call.is_empty() {
            match stream.write(&call) {
                Ok(count) => drop(call.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return xid,
                Err(error) => panic!("the server gave up: {error}"),
            }
        }
    }
    panic!("100,000 MiB were asked for, and the server still listens")
}

#[test]
fn idle_connections_are_cheap() {
    raise_descriptor_limit();
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let mut connections: Vec<_> = (0..50).map(|_| talk(&server)).collect();
        let before = server.resident_kib();
        connections.extend((0..1000).map(|_| talk(&server)));
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 8 << 10, "1000 idle connections take {grown} KiB");
        for client in &mut connections {
            client.mount_path(b"/").expect("each of them still works");
        }
    }
}

fn talk(server: &Server) -> Client {
    let mut client = Client::open(server.address());
    client.mount_path(b"/").expect("the root is exported");
    client
}

fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to the maximum");
}

/// Connections that come and go leave nothing behind.
#[test]
fn connections_come_and_go() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let churn = |count| (0..count).for_each(|_| drop(talk(&server)));
        churn(500);
        let before = server.resident_kib();
        churn(3000);
        let grown = server.resident_kib().saturating_sub(before);
        assert!(grown < 2 << 10, "3000 connections left {grown} KiB behind");
    }
}

/// Eight clients at work in one tree, each on its own files and all in one directory.
#[test]
fn many_clients_at_work() {
    for backend in Backend::ALL {
        let server = Server::memory("64M", backend);
        let (mut client, root) = Client::mount(server.address());
        let shared = client.make_directory(&root, b"shared").expect("a directory");
        thread::scope(|scope| {
            for worker in 0..8 {
                let (shared, address) = (&shared, server.address());
                scope.spawn(move || work(&mut Client::open(address), shared, worker));
            }
        });
        let names = client.read_directory(&shared, 8192).expect("a directory");
        assert_eq!(names.len(), 2 + 8 * 20, "twenty names of each are left");
        let whole = client.walk(&root, Pieces::LARGE);
        compare::same("walked twice", &whole, &client.walk(&root, Pieces::SMALL));
    }
}

/// Makes, moves and removes files; of each five names one is left.
fn work(client: &mut Client, shared: &nfs_fh3, worker: u32) {
    for number in 0..100 {
        let [first, second] = ["a", "b"].map(|kind| format!("{kind}-{worker}-{number}"));
        let (first, second) = (first.as_bytes(), second.as_bytes());
        let contents = vec![worker as u8; 1000 * number % 7001];
        let file = client.put(shared, first, &contents).expect("a file");
        client.rename((shared, first), (shared, second)).expect("renamed");
        assert_eq!(client.read_all(&file, 4096), Ok(contents));
        if number % 5 != 0 {
            client.remove(shared, second).expect("removed");
        }
    }
}
