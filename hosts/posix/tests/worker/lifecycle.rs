//! Services come, stop, fail and break; timers fire; neighbours never notice.

use crate::harness::{Actor, Home, connect, spec, with_every_backend};
use bytes::{Bytes, BytesMut};
use hyper::{Clock, Disk, DiskOperation, DiskRequest, StreamEvent};
use posix::{Access, HostClock, Image, Progress, Report, Tenant};
use service::{Next, State};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

fn assert_echoes(address: SocketAddr) {
    let mut client = connect(address);
    client.write_all(b"anybody there?").unwrap();
    let mut answer = [0; 14];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"anybody there?");
}

fn expect_failure(home: &Home, word: &str) {
    match home.report() {
        Report { progress: Progress::Failed(reason), .. } => {
            assert!(reason.contains(word), "{reason}");
        }
        other => panic!("expected a failure: {other:?}"),
    }
}

#[test]
fn a_stopped_service_sends_its_replies_and_leaves_nothing_behind() {
    with_every_backend(|home| {
        let file = tempfile::NamedTempFile::new().unwrap();
        let image = Image::open(file.path(), Access::ReadWrite).unwrap();
        let address = home.serve(move |site| {
            let disk = site.attach(image);
            Actor::new(site, move |host, event| {
                assert!(!disk.geometry().read_only);
                if let StreamEvent::Received { stream, .. } = event {
                    host.streams.send(stream, vec![Bytes::from(vec![5; 8 << 20])]);
                }
            })
        });
        let (mut client, _idle) = (connect(address), connect(address));
        client.write_all(b"much").unwrap();
        client.read_exact(&mut [0; 1000]).unwrap();
        home.pool.stop(home.last()).unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), (8 << 20) - 1000);
        assert_eq!(home.report(), Report { service: home.last(), progress: Progress::Stopped });
        assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
        assert!(std::net::UdpSocket::bind(address).is_ok(), "the port is free");
        Image::open(file.path(), Access::ReadWrite).expect("the image is unlocked");
    });
}

/// Reads begun by a tenant as it is stopped.
const LATE_READS: u64 = 64;

#[test]
fn a_tenant_moves_out_once_its_disk_operations_have_ended() {
    with_every_backend(|home| {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(64 << 20).unwrap();
        for _ in 0..10 {
            let image = Image::open(file.path(), Access::ReadWrite).expect("unlocked again");
            home.serve(move |site| ReadsAhead {
                disk: site.attach(image),
                actor: Actor::echo(site),
            });
            home.pool.stop(home.last()).unwrap();
            assert_eq!(home.report().progress, Progress::Stopped);
        }
    });
}

/// A tenant that is stopped with reads under way, whose ends nobody awaits.
struct ReadsAhead {
    disk: Rc<dyn Disk>,
    actor: Actor,
}

impl Tenant for ReadsAhead {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        self.actor.stream_event(event);
    }

    fn turn(&mut self) -> Next {
        self.actor.turn()
    }

    fn state(&self) -> &State {
        self.actor.state()
    }

    fn stop(&mut self) {
        for token in 0..LATE_READS {
            let buffers = vec![BytesMut::zeroed(1 << 20)];
            let operation = DiskOperation::Read { offset_bytes: token << 20, buffers };
            self.disk.submit(DiskRequest { token, operation });
        }
        self.actor.stop();
    }

    fn is_stopped(&self) -> bool {
        self.actor.is_stopped()
    }
}

/// How long leaving takes: longer than a worker waits for one that does nothing.
const LEAVING: Duration = Duration::from_secs(6);

#[test]
fn a_tenant_at_work_on_its_disk_is_given_time_to_stop() {
    let home = Home::new(posix::Backend::Auto);
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(1 << 20).unwrap();
    let image = Image::open(file.path(), Access::ReadWrite).unwrap();
    let address = home.serve(move |site| LeavesSlowly {
        disk: site.attach(image),
        actor: Actor::echo(site),
        leaves: None,
    });
    let mut client = connect(address);
    let started = Instant::now();
    home.pool.stop(home.last()).unwrap();
    assert_eq!(home.report().progress, Progress::Stopped);
    assert!(started.elapsed() >= LEAVING);
    assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)), "its clients are cut off");
    home.pool.join().unwrap();
}

/// A tenant that writes for a while before it says that it has stopped.
struct LeavesSlowly {
    disk: Rc<dyn Disk>,
    actor: Actor,
    leaves: Option<Instant>,
}

impl Tenant for LeavesSlowly {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        self.actor.stream_event(event);
    }

    fn turn(&mut self) -> Next {
        while self.disk.next_completion().is_some() {}
        if self.leaves.is_none() || self.is_stopped() {
            return Next::Idle;
        }
        self.disk.submit(DiskRequest { token: 0, operation: DiskOperation::Flush });
        Next::At(HostClock.now() + Duration::from_millis(100))
    }

    fn state(&self) -> &State {
        self.actor.state()
    }

    fn stop(&mut self) {
        self.leaves = Some(Instant::now() + LEAVING);
    }

    fn is_stopped(&self) -> bool {
        self.leaves.is_some_and(|moment| moment <= Instant::now())
    }
}

#[test]
fn a_client_that_takes_nothing_cannot_keep_a_service_from_stopping() {
    with_every_backend(|home| {
        let address = home.serve(|site| {
            Actor::new(site, |host, event| {
                if let StreamEvent::Received { stream, .. } = event {
                    host.streams.send(stream, vec![Bytes::from(vec![5; 64 << 20])]);
                }
            })
        });
        let mut client = connect(address);
        client.write_all(b"much").unwrap();
        client.read_exact(&mut [0; 1]).unwrap();
        let started = Instant::now();
        home.pool.stop(home.last()).unwrap();
        assert_eq!(home.report().progress, Progress::Stopped);
        assert!(started.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn a_service_that_panics_ends_alone() {
    with_every_backend(|home| {
        let neighbour = home.serve(Actor::echo);
        let in_event = home.serve(|site| {
            Actor::new(site, |_, event| {
                assert!(!matches!(event, StreamEvent::Received { .. }), "as planned: event");
            })
        });
        let mut client = connect(in_event);
        client.write_all(b"trigger").unwrap();
        assert!(matches!(client.read(&mut [0; 1]), Ok(0) | Err(_)), "its clients are cut off");
        expect_failure(home, "as planned: event");
        home.add(spec("127.0.0.1:0", |site| {
            Actor::new(site, |_, _| {}).turning(|_| panic!("as planned: {}", "turn"))
        }));
        expect_failure(home, "as planned: turn");
        home.add(spec("127.0.0.1:0", |_| -> Actor { panic!("as planned: make") }));
        expect_failure(home, "as planned: make");
        assert_echoes(neighbour);
    });
}

/// A tenant whose mount fails at its third turn.
struct Unmountable(State, usize);

impl Tenant for Unmountable {
    fn stream_event(&mut self, _: StreamEvent<'_>) {
        unreachable!("nobody is let in");
    }

    fn turn(&mut self) -> Next {
        self.1 += 1;
        if self.1 == 3 {
            self.0 = State::Failed("the superblock is not one".into());
        }
        Next::Again
    }

    fn state(&self) -> &State {
        &self.0
    }

    fn stop(&mut self) {}

    fn is_stopped(&self) -> bool {
        false
    }
}

#[test]
fn failures_are_reported_in_words() {
    with_every_backend(|home| {
        home.add(spec("127.0.0.1:0", |_| Unmountable(State::Mounting, 0)));
        expect_failure(home, "superblock");
        let taken = home.serve(Actor::echo);
        home.add(spec(&taken.to_string(), Actor::echo));
        expect_failure(home, "in use");
        let mut refused = spec("127.0.0.1:0", Actor::echo);
        refused.make = Box::new(|_| Err("no such image".into()));
        home.add(refused);
        expect_failure(home, "no such image");
        assert_echoes(taken);
    });
}

#[test]
fn timers_fire_when_they_are_due() {
    with_every_backend(|home| {
        let (ticks, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let count = ticks.clone();
        home.serve(move |site| {
            let mut next = site.host.clock.now();
            Actor::new(site, |_, _| {}).turning(move |host| {
                if host.clock.now() >= next {
                    count.fetch_add(1, SeqCst);
                    next = next + Duration::from_millis(20);
                }
                Next::At(next)
            })
        });
        crate::harness::eventually("ten ticks", || ticks.load(SeqCst) >= 10);
        assert!(started.elapsed() >= Duration::from_millis(160));
    });
}

#[test]
fn a_thousand_services_share_a_worker_and_the_idle_ones_are_not_turned() {
    with_every_backend(|home| {
        let turns = Arc::new(AtomicUsize::new(0));
        let addresses: Vec<_> = (0..1000)
            .map(|_| {
                let turns = turns.clone();
                home.serve(move |site| {
                    Actor::echo(site).turning(move |_| {
                        turns.fetch_add(1, SeqCst);
                        Next::Idle
                    })
                })
            })
            .collect();
        let before = turns.load(SeqCst);
        let mut client = connect(addresses[500]);
        for _ in 0..100 {
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
        }
        let spent = turns.load(SeqCst) - before;
        assert!(spent <= 2 * 100 + 10, "{spent} turns for 100 requests");
        addresses.iter().step_by(37).for_each(|&address| assert_echoes(address));
    });
}

#[test]
fn commands_wake_an_idle_worker() {
    with_every_backend(|home| {
        let address = home.serve(Actor::echo);
        thread::sleep(Duration::from_millis(50));
        let started = Instant::now();
        assert_echoes(home.serve(Actor::echo));
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_echoes(address);
    });
}
