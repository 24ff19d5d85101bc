//! The same programs by datagram.

use nfs3_types::nfs3::{GETATTR3args, GETATTR3res, NFS_PROGRAM, READ3args, READ3res, nfs_fh3};
use suite::nfs::{Client, MOUNT, NFS, packed, status, unpacked};
use suite::rpc::{Answer, Datagrams};
use suite::server::{Backend, Server};

fn nfs(procedure: NFS_PROGRAM) -> (u32, u32, u32) {
    (NFS.0, NFS.1, procedure as u32)
}

#[test]
fn calls_by_datagram() {
    for backend in Backend::ALL {
        let server = Server::memory("16M", backend);
        let (mut client, root) = Client::mount(server.address());
        let contents: Vec<u8> = (0..8192).map(|index| (index / 7) as u8).collect();
        let file = client.put(&root, b"file", &contents).expect("a file");

        let mut datagrams = Datagrams::open(server.address());
        let null = datagrams.ask((MOUNT.0, MOUNT.1, 0), &[]);
        assert_eq!(null, Answer::Success(vec![]));
        let attributes = packed(&GETATTR3args { object: file.clone() });
        let answer = datagrams.ask(nfs(NFS_PROGRAM::NFSPROC3_GETATTR), &attributes);
        let result: GETATTR3res = unpacked(&answer.result());
        assert_eq!(status(result).map(|found| found.obj_attributes.size), Ok(8192));
        assert_eq!(read(&mut datagrams, &file, 8192), contents);
    }
}

/// More than a datagram carries is cut to what it does.
#[test]
fn reads_larger_than_a_datagram() {
    let server = Server::memory("16M", Backend::Uring);
    let (mut client, root) = Client::mount(server.address());
    let contents = vec![9; 500_000];
    let file = client.put(&root, b"large", &contents).expect("a file");
    let data = read(&mut Datagrams::open(server.address()), &file, 500_000);
    assert!(!data.is_empty() && contents.starts_with(&data), "{} bytes", data.len());
}

fn read(datagrams: &mut Datagrams, file: &nfs_fh3, count: u32) -> Vec<u8> {
    let arguments = packed(&READ3args { file: file.clone(), offset: 0, count });
    let answer = datagrams.ask(nfs(NFS_PROGRAM::NFSPROC3_READ), &arguments);
    let result: READ3res<'static> = unpacked(&answer.result());
    status(result).expect("data").data.0.to_vec()
}

/// PMAPPROC_GETPORT and PMAPPROC_DUMP (RFC 1833 §3).
#[test]
fn portmap_tells_the_port() {
    let server = Server::memory("16M", Backend::Uring);
    let mut datagrams = Datagrams::open(server.address());
    for (program, version) in [NFS, MOUNT] {
        for protocol in [6, 17] {
            let arguments = packed(&vec![program, version, protocol, 0])[4..].to_vec();
            let answer = datagrams.ask((100_000, 2, 3), &arguments);
            let port: u32 = unpacked(&answer.result());
            assert_eq!(port, u32::from(server.port()), "{program} by {protocol}");
        }
    }
    let unknown = packed(&vec![1_u32, 1, 6, 0])[4..].to_vec();
    let answer = datagrams.ask((100_000, 2, 3), &unknown);
    assert_eq!(unpacked::<u32>(&answer.result()), 0, "a program nobody has");
}

/// Datagrams that are no calls are nobody's business.
#[test]
fn noise_by_datagram() {
    let server = Server::memory("16M", Backend::Uring);
    let datagrams = Datagrams::open(server.address());
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let mut noise = vec![0; rng.usize(..200)];
        rng.fill(&mut noise);
        datagrams.send(&noise);
    }
    let mut other = Datagrams::open(server.address());
    assert_eq!(other.ask((NFS.0, NFS.1, 0), &[]), Answer::Success(vec![]));
}
