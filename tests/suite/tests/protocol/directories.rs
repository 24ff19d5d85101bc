//! Directories read page by page while their entries come and go.

use fastrand::Rng;
use nfs3_types::nfs3::{
    NFS_PROGRAM, READDIR3args, READDIRPLUS3args, cookieverf3, nfs_fh3, nfsstat3,
};
use std::collections::BTreeMap;
use suite::nfs::{Client, NFS, packed};
use suite::server::{Backend, Server};

fn name(number: usize) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

fn filled(backend: Backend, count: usize) -> (Server, Client, nfs_fh3) {
    let server = Server::memory("64M", backend);
    let (mut client, root) = Client::mount(server.address());
    let folder = client.make_directory(&root, b"folder").expect("a directory");
    for number in 0..count {
        client.create(&folder, &name(number)).expect("a file");
    }
    (server, client, folder)
}

/// What stays is seen exactly once; what comes or goes at most once.
#[test]
fn entries_come_and_go() {
    for backend in Backend::ALL {
        let (_server, mut client, folder) = filled(backend, 600);
        let mut rng = Rng::with_seed(6);
        let (mut seen, mut from) = (BTreeMap::<Vec<u8>, usize>::new(), (0, cookieverf3::default()));
        let mut next = 600;
        loop {
            let page = client.read_directory_page(&folder, from, 512).expect("a page");
            for (name, ..) in &page.names {
                *seen.entry(name.clone()).or_default() += 1;
            }
            if page.end {
                break;
            }
            from = (page.names.last().expect("progress").2, page.verifier);
            // Every third of the first six hundred may go; whoever is new may go too.
            let _ = client.remove(&folder, &name(3 * rng.usize(..200)));
            client.create(&folder, &name(next)).expect("a file");
            next += 1;
            let _ = client.remove(&folder, &name(rng.usize(600..next)));
        }
        assert!(seen.values().all(|&count| count == 1), "nothing is seen twice");
        let stayed = (0..600).filter(|number| number % 3 != 0);
        let missed: Vec<_> = stayed.filter(|&number| !seen.contains_key(&name(number))).collect();
        assert!(missed.is_empty(), "not seen: {missed:?}");
        assert!(seen.contains_key(b".".as_slice()) && seen.contains_key(b"..".as_slice()));
    }
}

/// The way `rm -r` does it: a page, remove all that is on it, the next page.
#[test]
fn removing_page_by_page() {
    let (_server, mut client, folder) = filled(Backend::Uring, 700);
    let (mut from, mut removed) = ((0, cookieverf3::default()), 0);
    loop {
        let page = client.read_directory_page(&folder, from, 1024).expect("a page");
        for (name, _, cookie) in &page.names {
            from = (*cookie, page.verifier);
            if !matches!(name.as_slice(), b"." | b"..") {
                client.remove(&folder, name).expect("it was shown");
                removed += 1;
            }
        }
        if page.end {
            break;
        }
    }
    assert_eq!(removed, 700);
    assert_eq!(client.read_directory(&folder, 4096).expect("a directory").len(), 2);
}

#[test]
fn both_ways_of_reading_agree() {
    let (_server, mut client, folder) = filled(Backend::Uring, 300);
    let plain = client.read_directory(&folder, 2000).expect("a directory");
    for reply_bytes in [600, 4096, 1 << 20] {
        let plus = client.read_directory_plus(&folder, reply_bytes).expect("a directory");
        let names = plus.iter().map(|entry| (entry.name.0.to_vec(), entry.fileid));
        assert_eq!(names.collect::<Vec<_>>(), plain, "pages of {reply_bytes}");
        for entry in plus {
            let attributes = entry.name_attributes.unwrap();
            assert_eq!(attributes.fileid, entry.fileid);
            let asked = client.attributes(&entry.name_handle.unwrap()).expect("attributes");
            assert_eq!(asked.fileid, entry.fileid, "the handle leads to the same file");
        }
    }
}

/// The size asked for is that of the result behind its status (RFC 1813 §3.3.16).
#[test]
fn replies_keep_to_the_size_asked_for() {
    let (_server, mut client, folder) = filled(Backend::Uring, 300);
    let mut result_bytes = |procedure, arguments: &[u8]| {
        client.ask(NFS, procedure as u32, arguments).result().len() - 4
    };
    let cookieverf = cookieverf3::default();
    for size in [300, 512, 1000, 4096, 8192] {
        let plain = READDIR3args { dir: folder.clone(), cookie: 0, cookieverf, count: size };
        let length = result_bytes(NFS_PROGRAM::NFSPROC3_READDIR, &packed(&plain));
        assert!(length <= size as usize, "READDIR of {size}: {length}");
        let (dircount, maxcount) = (size, size);
        let plus =
            READDIRPLUS3args { dir: folder.clone(), cookie: 0, cookieverf, dircount, maxcount };
        let length = result_bytes(NFS_PROGRAM::NFSPROC3_READDIRPLUS, &packed(&plus));
        assert!(length <= size as usize, "READDIRPLUS of {size}: {length}");
    }
}

#[test]
fn too_small_and_never_given() {
    let (_server, mut client, folder) = filled(Backend::Uring, 10);
    let start = (0, cookieverf3::default());
    let refused = client.read_directory_page(&folder, start, 16).err();
    assert_eq!(refused, Some(nfsstat3::NFS3ERR_TOOSMALL));
    let page = client.read_directory_page(&folder, start, 4096).expect("a page");
    let odd = client.read_directory_page(&folder, (u64::MAX, page.verifier), 4096);
    assert!(odd.map_or_else(|error| error == nfsstat3::NFS3ERR_BAD_COOKIE, |page| page.end));
    let file = client.find(&folder, &name(1)).expect("a file");
    let refused = client.read_directory_page(&file, start, 4096).err();
    assert_eq!(refused, Some(nfsstat3::NFS3ERR_NOTDIR));
}

#[test]
fn dot_and_dot_dot() {
    let (_server, mut client, folder) = filled(Backend::Uring, 1);
    let here = client.attributes(&folder).expect("attributes").fileid;
    let up = client.find(&folder, b"..").expect("a parent");
    let above = client.attributes(&up).expect("attributes").fileid;
    let names = client.read_directory(&folder, 4096).expect("a directory");
    assert!(names.contains(&(b".".to_vec(), here)) && names.contains(&(b"..".to_vec(), above)));
    assert_eq!(client.find(&folder, b"."), Ok(folder));
    assert_eq!(client.find(&up, b".."), Ok(up), "the root is its own parent");
}
