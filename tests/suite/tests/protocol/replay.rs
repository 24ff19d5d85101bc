//! Calls that arrive twice: what changes something is done once and answered twice, the same.

use crate::calls;
use nfs3_types::nfs3::{NFS_PROGRAM, nfs_fh3};
use std::net::UdpSocket;
use suite::nfs::{Client, NFS};
use suite::rpc::{Answer, Credential, call, record};
use suite::server::{Backend, PATIENCE, Server};

/// What is remembered, not run again.
fn remembered(directory: &nfs_fh3, file: &nfs_fh3) -> Vec<calls::Call> {
    let changing = calls::changing(directory, file).into_iter();
    changing.filter(|(procedure, _)| *procedure != NFS_PROGRAM::NFSPROC3_COMMIT).collect()
}

fn served(backend: Backend) -> (Server, Client, nfs_fh3, nfs_fh3) {
    let server = Server::memory("16M", backend);
    let (mut client, root) = Client::mount(server.address());
    let file = client.put(&root, b"file", b"contents").expect("a file");
    client.make_directory(&root, b"folder").expect("a directory");
    (server, client, root, file)
}

#[test]
fn a_call_sent_again_is_answered_the_same() {
    for backend in Backend::ALL {
        let (_server, mut client, root, file) = served(backend);
        for (procedure, arguments) in remembered(&root, &file) {
            let message = client.message(NFS, procedure as u32, &arguments);
            client.connection().send(&message);
            let first = client.connection().receive();
            let result = Answer::parse(&first).1.result();
            assert_eq!(result[..4], [0; 4], "{procedure} succeeds the first time");
            client.attributes(&root).expect("something in between");
            client.connection().send(&message);
            assert_eq!(client.connection().receive(), first, "{procedure} sent again");
        }
    }
}

/// Both copies in one segment: the second arrives while the first is at work, or just after.
#[test]
fn a_call_sent_twice_at_once_is_done_once() {
    let (_server, mut client, root, file) = served(Backend::Uring);
    for (procedure, arguments) in remembered(&root, &file) {
        let message = client.message(NFS, procedure as u32, &arguments);
        let null = client.message(NFS, 0, &[]);
        let twice = [record(&message), record(&message)].concat();
        client.connection().send_raw(&twice).expect("two records");
        let first = client.connection().receive();
        assert_eq!(Answer::parse(&first).1.result()[..4], [0; 4], "{procedure}");
        client.connection().send(&null);
        let second = client.connection().receive();
        if Answer::parse(&second).0 == Answer::parse(&first).0 {
            assert_eq!(second, first, "{procedure} answered twice");
            client.connection().receive();
        }
    }
}

/// The same xid with other arguments is another call.
#[test]
fn an_xid_used_again_is_another_call() {
    let (_server, mut client, root, _) = served(Backend::Uring);
    for name in [b"one", b"two"] {
        let (procedure, arguments) = making(&root, name);
        let message = call(5, (NFS.0, NFS.1, procedure as u32), &Credential::ROOT, &arguments);
        client.connection().send(&message);
        let answer = Answer::parse(&client.connection().receive()).1;
        assert_eq!(answer.result()[..4], [0; 4]);
        client.lookup(&root, name).expect("it was made");
    }
}

fn making(root: &nfs_fh3, name: &[u8]) -> calls::Call {
    use nfs3_types::nfs3::MKDIR3args;
    let place = suite::nfs::place(root, name);
    let arguments = MKDIR3args { where_: place, attributes: suite::nfs::sattr() };
    (NFS_PROGRAM::NFSPROC3_MKDIR, suite::nfs::packed(&arguments))
}

#[test]
fn datagrams_sent_again_are_answered_the_same() {
    let (server, _client, root, file) = served(Backend::Uring);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(server.address()).expect("loopback");
    socket.set_read_timeout(Some(PATIENCE)).expect("sockets have time-outs");
    for (xid, (procedure, arguments)) in (1..).zip(remembered(&root, &file)) {
        let message = call(xid, (NFS.0, NFS.1, procedure as u32), &Credential::ROOT, &arguments);
        let mut replies = [vec![0; 8192], vec![0; 8192]];
        for reply in &mut replies {
            socket.send(&message).expect("a datagram leaves");
            let length = socket.recv(reply).expect("an answer");
            reply.truncate(length);
        }
        assert_eq!(Answer::parse(&replies[0]).1.result()[..4], [0; 4], "{procedure}");
        assert_eq!(replies[0], replies[1], "{procedure} sent again");
    }
}
