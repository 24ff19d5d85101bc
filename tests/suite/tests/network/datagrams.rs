//! NFS by datagrams that are longer than a frame: they cross in fragments.

use nfs3_types::nfs3::{
    NFS_PROGRAM, READ3args, READ3res, WRITE3args, WRITE3res, nfs_fh3, stable_how,
};
use nfs3_types::xdr_codec::Opaque;
use std::net::{IpAddr, SocketAddr};
use suite::nfs::{Client, NFS, packed, status, unpacked};
use suite::rpc::Datagrams;

/// Longer than any frame of an ordinary link, and than one of 9000 bytes.
pub const BYTES: usize = 32_000;

/// Writes a file and reads it, each by one datagram.
pub fn cross(service: &str) {
    let address: IpAddr = service.parse().expect("an address");
    let server = SocketAddr::new(address, NFS_PORT);
    let (mut client, root) = Client::mount(server);
    let file = client.create(&root, b"by datagram").expect("a file");
    let contents: Vec<u8> = (0..BYTES).map(|index| (index / 7) as u8).collect();
    let mut datagrams = Datagrams::open(server);
    for _ in 0..ROUNDS {
        write(&mut datagrams, &file, &contents);
        assert!(read(&mut datagrams, &file) == contents);
    }
    client.remove(&root, b"by datagram").expect("removed");
}

const NFS_PORT: u16 = 2049;

const ROUNDS: usize = 20;

fn nfs(procedure: NFS_PROGRAM) -> (u32, u32, u32) {
    (NFS.0, NFS.1, procedure as u32)
}

fn write(datagrams: &mut Datagrams, file: &nfs_fh3, contents: &[u8]) {
    let arguments = packed(&WRITE3args {
        file: file.clone(),
        offset: 0,
        count: contents.len() as u32,
        stable: stable_how::FILE_SYNC,
        data: Opaque::borrowed(contents),
    });
    let answer = datagrams.ask(nfs(NFS_PROGRAM::NFSPROC3_WRITE), &arguments);
    let result: WRITE3res = unpacked(&answer.result());
    assert_eq!(status(result).expect("written").count as usize, contents.len());
}

fn read(datagrams: &mut Datagrams, file: &nfs_fh3) -> Vec<u8> {
    let arguments = READ3args { file: file.clone(), offset: 0, count: BYTES as u32 };
    let answer = datagrams.ask(nfs(NFS_PROGRAM::NFSPROC3_READ), &packed(&arguments));
    let result: READ3res<'static> = unpacked(&answer.result());
    status(result).expect("data").data.0.to_vec()
}
