//! Data: what is written is read, wherever and however stably.

use fastrand::Rng;
use nfs3_types::nfs3::{nfs_fh3, nfsstat3, stable_how};
use suite::nfs::{Client, size_of};
use suite::server::{Backend, Server};

fn served(size: &str) -> (Server, Client, nfs_fh3) {
    let server = Server::memory(size, Backend::Uring);
    let (client, root) = Client::mount(server.address());
    (server, client, root)
}

#[test]
fn writes_at_every_boundary() {
    let (_server, mut client, root) = served("64M");
    let file = client.create(&root, b"file").expect("a file");
    let (mut model, mut rng) = (Vec::new(), Rng::with_seed(4));
    for _ in 0..600 {
        let edge = rng.usize(..20) * 4096;
        let offset = (edge + rng.usize(..7)).saturating_sub(3);
        let mut data = vec![0; rng.usize(..9000)];
        rng.fill(&mut data);
        client.write(&file, offset as u64, &data, stable_how::UNSTABLE).expect("a write");
        if !data.is_empty() {
            model.resize(model.len().max(offset + data.len()), 0);
            model[offset..offset + data.len()].copy_from_slice(&data);
        }
    }
    assert_eq!(client.read_all(&file, 1 << 20), Ok(model.clone()));
    assert_eq!(client.read_all(&file, 777), Ok(model));
}

#[test]
fn a_mebibyte_at_once() {
    for backend in Backend::ALL {
        let server = Server::memory("64M", backend);
        let (mut client, root) = Client::mount(server.address());
        let mut contents = vec![0; 3 << 20];
        Rng::with_seed(5).fill(&mut contents);
        let file = client.create(&root, b"large").expect("a file");
        for (number, piece) in contents.chunks(1 << 20).enumerate() {
            let written = client.write(&file, (number << 20) as u64, piece, stable_how::DATA_SYNC);
            assert_eq!(written.expect("a write").count, 1 << 20);
        }
        assert!(client.read_all(&file, 1 << 20).expect("data") == contents);
    }
}

#[test]
fn the_verifier_stays_while_the_server_does() {
    let (_server, mut client, root) = served("16M");
    let file = client.create(&root, b"file").expect("a file");
    let first = client.write(&file, 0, b"one", stable_how::UNSTABLE).expect("a write").verf;
    let second = client.write(&file, 3, b"two", stable_how::FILE_SYNC).expect("a write").verf;
    assert_eq!((first, second), (second, client.commit(&file).expect("a commit")));
}

#[test]
fn files_far_larger_than_the_memory() {
    let (_server, mut client, root) = served("16M");
    let file = client.create(&root, b"sparse").expect("a file");
    let far = 5 << 30;
    client.write(&file, far, b"far away", stable_how::UNSTABLE).expect("a hole costs nothing");
    assert_eq!(client.attributes(&file).expect("attributes").size, far + 8);
    let read = client.read(&file, far - 4, 100).expect("data");
    assert_eq!((&*read.data.0, read.eof), (b"\0\0\0\0far away".as_slice(), true));
    client.set(&file, size_of(3), None).expect("cut");
    client.set(&file, size_of(10), None).expect("and grown");
    assert_eq!(client.read_all(&file, 100), Ok(vec![0; 10]));
}

#[test]
fn the_end_of_a_file() {
    let (_server, mut client, root) = served("16M");
    let file = client.put(&root, b"file", b"0123456789").expect("a file");
    for (offset, count, expected, end) in [
        (0, 10, b"0123456789".as_slice(), true),
        (0, 9, b"012345678", false),
        (9, 5, b"9", true),
        (10, 5, b"", true),
        (u64::MAX, 5, b"", true),
        (3, 0, b"", false),
    ] {
        let read = client.read(&file, offset, count).expect("an answer");
        assert_eq!((&*read.data.0, read.eof), (expected, end), "{offset}+{count}");
    }
}

#[test]
fn places_no_file_reaches() {
    let (_server, mut client, root) = served("16M");
    let file = client.create(&root, b"file").expect("a file");
    for offset in [u64::MAX, u64::MAX - 3, 1 << 63, (1 << 63) - 1] {
        let refused = client.write(&file, offset, b"data", stable_how::FILE_SYNC);
        let refused = refused.expect_err("beyond every file");
        assert!(matches!(refused, nfsstat3::NFS3ERR_FBIG | nfsstat3::NFS3ERR_INVAL), "{refused}");
    }
    let refused = client.set(&file, size_of(u64::MAX), None);
    assert!(matches!(refused, Err(nfsstat3::NFS3ERR_FBIG | nfsstat3::NFS3ERR_INVAL)));
    assert_eq!(client.attributes(&file).expect("attributes").size, 0);
}

#[test]
fn space_runs_out_and_comes_back() {
    let (_server, mut client, root) = served("4M");
    let piece = vec![7; 256 << 10];
    let mut names = Vec::new();
    let refused = loop {
        let name = format!("file {}", names.len());
        let put = client.create(&root, name.as_bytes()).and_then(|file| {
            names.push(name);
            client.write(&file, 0, &piece, stable_how::FILE_SYNC)
        });
        match put {
            Ok(written) if written.count as usize == piece.len() => assert!(names.len() < 20),
            Ok(_) => {}
            Err(status) => break status,
        }
    };
    assert_eq!(refused, nfsstat3::NFS3ERR_NOSPC);
    assert!(names.len() > 10, "nearly all of 4 MiB can be used, not {} files", names.len());
    for name in &names {
        client.remove(&root, name.as_bytes()).expect("a full one can be emptied");
    }
    client.put(&root, b"again", &piece).expect("there is space again");
}

#[test]
fn only_files_hold_data() {
    let (_server, mut client, root) = served("16M");
    let link = client.make_link(&root, b"link", b"target").expect("a link");
    assert_eq!(client.read(&root, 0, 10).err(), Some(nfsstat3::NFS3ERR_ISDIR));
    assert_eq!(client.read(&link, 0, 10).err(), Some(nfsstat3::NFS3ERR_INVAL));
    let write = client.write(&link, 0, b"x", stable_how::FILE_SYNC);
    assert_eq!(write.err(), Some(nfsstat3::NFS3ERR_INVAL));
    assert_eq!(client.read_link(&root).err(), Some(nfsstat3::NFS3ERR_INVAL));
}
