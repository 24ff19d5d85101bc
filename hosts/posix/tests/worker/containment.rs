//! A service that breaks in the midst of its work: nobody else notices, and its image is as after a
//! power cut.

use crate::files::{self, Client};
use crate::harness::{Actor, Home, connect, eventually, pattern, with_every_backend};
use hyper::{LinkEvent, StreamEvent};
use posix::{MakeTenant, PoolOptions, Progress, ServiceSpec, Site, Tenant};
use service::{Limits, Next, Opening, Service, State};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A service that breaks when it is told to, in its next turn, behind what the turn began.
struct Fragile {
    service: Box<dyn Tenant>,
    breaks: Arc<AtomicBool>,
}

impl Tenant for Fragile {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        self.service.stream_event(event);
    }

    fn link_event(&mut self, event: LinkEvent<'_>) {
        self.service.link_event(event);
    }

    fn turn(&mut self) -> Next {
        let next = self.service.turn();
        assert!(!self.breaks.load(SeqCst), "as planned: in a turn");
        next
    }

    fn state(&self) -> &State {
        self.service.state()
    }

    fn stop(&mut self) {
        self.service.stop();
    }

    fn is_stopped(&self) -> bool {
        self.service.is_stopped()
    }

    fn service(&mut self) -> Option<&mut Service> {
        self.service.service()
    }
}

fn fragile(path: PathBuf, breaks: Arc<AtomicBool>) -> ServiceSpec {
    let spec = files::lazy(path, Opening::WhenUsed, Limits::default());
    let make: MakeTenant = Box::new(move |site: &Site| {
        let service = (spec.make)(site)?;
        Ok(Box::new(Fragile { service, breaks }))
    });
    ServiceSpec::new("fragile".into(), spec.listen, make)
}

/// Bytes that are written without asking for durability.
const UNSTABLE: &[u8] = b"this was in memory when the service broke";

#[test]
fn what_a_broken_service_had_unsaved_never_reaches_its_image() {
    with_every_backend(|home| {
        let folder = tempfile::tempdir().unwrap();
        let path = files::image(folder.path(), 1);
        let breaks = Arc::new(AtomicBool::new(false));
        home.add(fragile(path.clone(), breaks.clone()));
        let Progress::Resting { addresses } = home.report().progress else { panic!("it rests") };
        let neighbour = home.serve(Actor::echo);
        let mut client = Client::new(addresses[0]);
        let root = client.mount();
        let file = client.create(&root, "file");
        client.write(&file, 0, b"durable", true);
        client.write(&file, 1 << 20, UNSTABLE, false);
        assert!(home.budgets.dirty.taken_bytes() > 0);
        assert!(matches!(home.report().progress, Progress::Serving { .. }));
        breaks.store(true, SeqCst);
        client.ask_attributes(&root);
        match home.report().progress {
            Progress::Failed(reason) => assert!(reason.contains("as planned: in a turn")),
            other => panic!("{other:?}"),
        }
        assert_eq!(home.budgets.dirty.taken_bytes(), 0, "its memory is given back");
        eventually("its image is closed", || home.pool.open_images() == 0);
        let image = std::fs::read(&path).unwrap();
        assert!(!image.windows(UNSTABLE.len()).any(|bytes| bytes == UNSTABLE));
        let mut other = connect(neighbour);
        other.write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
        is_whole_again(home, path, &file);
    });
}

/// The next service of the image plays its log back, finds what was durable, and leaves it in order.
fn is_whole_again(home: &Home, path: PathBuf, file: &[u8]) {
    let id = home.add(files::lazy(path.clone(), Opening::AtOnce, Limits::default()));
    let Progress::Serving { addresses, .. } = home.report().progress else { panic!("it serves") };
    let mut client = Client::new(addresses[0]);
    assert_eq!(client.read(file, 0, 7), b"durable");
    home.pool.stop(id).unwrap();
    assert_eq!(home.report().progress, Progress::Stopped);
    assert_eq!(files::findings(&path), Vec::<String>::new());
}

#[test]
fn it_breaks_while_it_is_asked_to_stop_or_dropped_and_its_neighbour_goes_on() {
    struct Breaks(Actor, bool);

    impl Tenant for Breaks {
        fn stream_event(&mut self, event: StreamEvent<'_>) {
            self.0.stream_event(event);
        }

        fn turn(&mut self) -> Next {
            self.0.turn()
        }

        fn state(&self) -> &State {
            self.0.state()
        }

        fn stop(&mut self) {
            assert!(self.1, "as planned: in stop");
            self.0.stop();
        }

        fn is_stopped(&self) -> bool {
            self.0.is_stopped()
        }
    }

    impl Drop for Breaks {
        fn drop(&mut self) {
            panic!("as planned: when dropped");
        }
    }

    with_every_backend(|home| {
        let neighbour = home.serve(Actor::echo);
        for is_polite in [false, true] {
            home.serve(move |site| Breaks(Actor::echo(site), is_polite));
            home.pool.stop(home.last()).unwrap();
            match home.report().progress {
                Progress::Failed(reason) => assert!(reason.contains("in stop") && !is_polite),
                other => assert!(other == Progress::Stopped && is_polite, "{other:?}"),
            }
        }
        let mut client = connect(neighbour);
        client.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
    });
}

/// Connections of the process in the test of floods.
const CONNECTIONS_MAX: usize = 40;

#[test]
fn a_flood_of_connections_leaves_room_for_other_services() {
    let home = Home::with(|options| PoolOptions {
        workers: 2,
        connections_max: Some(CONNECTIONS_MAX),
        ..options
    });
    let (flooded, other) = (home.serve(Actor::echo), home.serve(Actor::echo));
    let is_in = |client: &mut TcpStream| {
        client.write_all(b"x").is_ok() && client.read_exact(&mut [0]).is_ok()
    };
    let mut flood: Vec<_> = (0..2 * CONNECTIONS_MAX).map(|_| connect(flooded)).collect();
    flood.retain_mut(is_in);
    assert!(flood.len() < CONNECTIONS_MAX && flood.len() > CONNECTIONS_MAX / 2, "{}", flood.len());
    let mut few: Vec<_> = (0..4).map(|_| connect(other)).collect();
    assert!(few.iter_mut().all(is_in), "the other's clients are let in");
    drop(flood);
    eventually("room again", || is_in(&mut connect(flooded)));
    home.pool.join().unwrap();
}

#[test]
fn many_services_with_many_connections_end_one_by_one() {
    let home = Home::with(|options| PoolOptions { workers: 2, ..options });
    let addresses: Vec<_> = (0..100).map(|_| home.serve(Actor::echo)).collect();
    let clients: Vec<_> = addresses.iter().flat_map(|&at| [connect(at), connect(at)]).collect();
    let data = pattern(1000);
    for mut client in &clients {
        client.write_all(&data).unwrap();
        client.read_exact(&mut vec![0; 1000]).unwrap();
    }
    for id in (0..100).step_by(3) {
        home.pool.stop(posix::ServiceId(id)).unwrap();
        assert_eq!(home.report().progress, Progress::Stopped);
    }
    for (index, mut client) in clients.iter().enumerate() {
        let echoes = client.write_all(b"x").is_ok() && client.read(&mut [0]).is_ok_and(|n| n == 1);
        assert_eq!(echoes, (index / 2) % 3 != 0, "client {index}");
    }
    home.pool.join().unwrap();
}

#[test]
fn a_pool_that_is_dropped_ends_by_itself() {
    let home = Home::new(posix::Backend::Auto);
    let address = home.serve(Actor::echo);
    let mut client = connect(address);
    drop(home);
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)), "its services end");
}
