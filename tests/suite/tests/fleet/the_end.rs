//! The end of many services that are at work.

use crate::{many, sample};
use nfs3_types::nfs3::{NFS_PROGRAM, Nfs3Result, WRITE3args, WRITE3res, stable_how};
use nfs3_types::xdr_codec::Opaque;
use rustix::process::Signal;
use std::sync::Barrier;
use std::thread::scope;
use suite::fleet::{Fleet, address, images};
use suite::image::expect_clean;
use suite::nfs::Client;

const SERVICES: u16 = 300;

/// Clients, each of all services that are its own.
const CLIENTS: u16 = 6;

const FIRST: u16 = 400;

/// Writes to one service after the other until it is closed to him; returns how often that worked.
fn work(client: u16, all_work: &Barrier) -> u64 {
    let own = (client..SERVICES).step_by(usize::from(CLIENTS));
    let open = |number| {
        let (mut client, root) = Client::mount(address(FIRST + number));
        let file = client.put(&root, b"file", &sample(0, 8192)).expect("it is put");
        (client, file)
    };
    let mut open: Vec<_> = own.map(open).collect();
    all_work.wait();
    let mut written = 0;
    loop {
        for (client, file) in &mut open {
            let data = sample(written, 8192);
            let arguments = WRITE3args {
                file: file.clone(),
                offset: written % 16 * 8192,
                count: 8192,
                stable: stable_how::UNSTABLE,
                data: Opaque::borrowed(&data),
            };
            match client.try_call::<_, WRITE3res>(NFS_PROGRAM::NFSPROC3_WRITE, &arguments) {
                Some(Nfs3Result::Ok(_)) => written += 1,
                Some(Nfs3Result::Err((why, _))) => panic!("{why:?}"),
                None => return written,
            }
        }
    }
}

#[test]
fn three_hundred_services_at_work_end_in_order() {
    let fleet = Fleet::new(&many(SERVICES, FIRST, "2M"));
    let server = fleet.start();
    assert_eq!(fleet.count("failed"), 0, "{}", server.errors());
    let all_work = Barrier::new(usize::from(CLIENTS) + 1);
    scope(|scope| {
        let start = |client| {
            scope.spawn({
                let all_work = &all_work;
                move || work(client, all_work)
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(start).collect();
        all_work.wait();
        let said = server.last_words(Signal::TERM);
        assert!(!said.contains("ERROR"), "{said}");
        let written: u64 = clients.into_iter().map(|it| it.join().expect("it works")).sum();
        eprintln!("{written} writes until the end");
    });
    let images = images(&fleet.path(""));
    assert_eq!(images.len(), usize::from(SERVICES));
    images.iter().for_each(|image| expect_clean(image));
}
