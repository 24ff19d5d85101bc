//! Images that are open only while they are used: more services than may be open at a time.

use crate::files::{self, Client};
use crate::harness::{Home, eventually, with_every_backend};
use posix::{Backend, PoolOptions, Progress, WEIGHT_USUAL};
use service::{Limits, Opening};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

fn resting(home: &Home) -> SocketAddr {
    match home.report().progress {
        Progress::Resting { addresses } => addresses[0],
        other => panic!("expected to rest: {other:?}"),
    }
}

fn add(home: &Home, path: &Path) -> SocketAddr {
    home.add(files::lazy(path.to_owned(), Opening::WhenUsed, Limits::default()));
    resting(home)
}

/// Services of the test, and images of them that may be open.
const SERVICES: u64 = 40;
const OPEN_MAX: usize = 4;

#[test]
fn many_services_take_turns_with_few_open_images() {
    let home = Home::with(|options| PoolOptions {
        workers: 2,
        open_images_max: Some(OPEN_MAX),
        ..options
    });
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..SERVICES).map(|number| files::image(folder.path(), number)).collect();
    let addresses: Vec<_> = paths.iter().map(|path| add(&home, path)).collect();
    assert_eq!(home.pool.open_images(), 0, "nothing is opened before it is used");
    let mut handles = BTreeMap::new();
    for (number, &address) in addresses.iter().enumerate() {
        let mut client = Client::new(address);
        let root = client.mount();
        let file = client.create(&root, "file");
        client.write(&file, 0, format!("of {number}").as_bytes(), false);
        handles.insert(number, (client, file));
        assert!(home.pool.open_images() <= OPEN_MAX);
    }
    for (number, (client, file)) in &mut handles {
        assert_eq!(client.read(file, 0, 100), format!("of {number}").as_bytes());
        assert!(home.pool.open_images() <= OPEN_MAX);
    }
    home.pool.join().unwrap();
    for path in &paths {
        assert_eq!(files::findings(path), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn who_is_at_work_keeps_his_image_and_the_others_wait_for_room() {
    let home = Home::with(|options| PoolOptions { open_images_max: Some(1), ..options });
    let folder = tempfile::tempdir().unwrap();
    let addresses = [0, 1, 2].map(|number| add(&home, &files::image(folder.path(), number)));
    let answered = std::thread::scope(|scope| {
        let ask = |&address| {
            scope.spawn(move || {
                let mut client = Client::new(address);
                let root = client.mount();
                (0..50).filter(|_| client.attributes_status(&root) == 0).count()
            })
        };
        let clients: Vec<_> = addresses.iter().map(ask).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    assert_eq!(answered, 150);
    assert!(home.pool.open_images() <= 1);
    home.pool.join().unwrap();
}

#[test]
fn an_image_that_cannot_be_opened_fails_its_service_alone() {
    with_every_backend(|home| {
        let folder = tempfile::tempdir().unwrap();
        let good = add(home, &files::image(folder.path(), 1));
        let absent = add(home, &folder.path().join("absent.img"));
        let mut client = Client::new(absent);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.mount()))
            });
        });
        match home.report().progress {
            Progress::Failed(reason) => assert!(reason.contains("absent.img"), "{reason}"),
            other => panic!("{other:?}"),
        }
        Client::new(good).mount();
        assert!(matches!(home.report().progress, Progress::Serving { .. }));
    });
}

#[test]
fn who_is_not_used_rests_by_himself_and_tells_so() {
    with_every_backend(|home| {
        let folder = tempfile::tempdir().unwrap();
        let path = files::image(folder.path(), 1);
        let limits = Limits { rest_after: Some(Duration::from_millis(20)), ..Limits::default() };
        home.add(files::lazy(path, Opening::AtOnce, limits));
        let Progress::Serving { addresses, .. } = home.report().progress else { panic!("serves") };
        assert_eq!(resting(home), addresses[0]);
        eventually("the image is closed", || home.pool.open_images() == 0);
        let mut client = Client::new(addresses[0]);
        client.mount();
        assert!(matches!(home.report().progress, Progress::Serving { .. }));
        resting(home);
    });
}

#[test]
fn a_paused_service_keeps_its_clients_waiting_and_goes_on() {
    for backend in [Backend::Auto, Backend::Poll] {
        let home = Home::new(backend);
        let id = home.add(files::memory(Limits::default()));
        let Progress::Serving { addresses, .. } = home.report().progress else { panic!("serves") };
        let mut client = Client::new(addresses[0]);
        let root = client.mount();
        home.pool.pause(id).unwrap();
        assert_eq!(home.report().progress, Progress::Paused);
        client.ask_attributes(&root);
        assert!(home.quiet());
        home.pool.resume(id).unwrap();
        assert!(matches!(home.report().progress, Progress::Serving { .. }));
        assert_eq!(client.answer()[..4], [0; 4]);
        home.pool.pause(id).unwrap();
        home.pool.stop(id).unwrap();
        assert_eq!(
            [home.report().progress, home.report().progress],
            [Progress::Paused, Progress::Stopped]
        );
        home.pool.join().unwrap();
    }
}

#[test]
fn exports_and_limits_change_while_a_client_is_there() {
    with_every_backend(|home| {
        let id = home.add(files::memory(Limits::default()));
        let Progress::Serving { addresses, .. } = home.report().progress else { panic!("serves") };
        let mut client = Client::new(addresses[0]);
        let root = client.mount();
        let set = |text: &str| {
            home.pool.set_exports(id, vec![text.parse().unwrap()]).unwrap();
            home.report().progress
        };
        let refused = set("/absent");
        assert!(matches!(refused, Progress::ExportsSet(Err(_))), "{refused:?}");
        assert_eq!(client.attributes_status(&root), 0);
        assert_eq!(set("/:ro"), Progress::ExportsSet(Ok(())));
        let limits = Limits { cache_bytes: 1 << 20, ..Limits::default() };
        home.pool.set_limits(id, limits, 3 * WEIGHT_USUAL).unwrap();
        assert_eq!(client.attributes_status(&root), 0);
    });
}
