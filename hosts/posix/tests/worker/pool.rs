//! Several workers: who gets which service, and the end of all.

use crate::harness::{Actor, Home, connect, eventually, spec, with_every_backend};
use posix::{Backend, Progress, ServiceId, WorkerStatus};
use service::Next;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::SocketAddr;

fn echoes(address: SocketAddr) {
    let mut client = connect(address);
    client.write_all(b"ping").unwrap();
    client.read_exact(&mut [0; 4]).unwrap();
}

fn counts(home: &Home) -> Vec<usize> {
    home.pool.workers().iter().map(|worker| worker.services).collect()
}

#[test]
fn services_are_spread_over_the_workers_and_each_answers() {
    for backend in [Backend::Auto, Backend::Poll] {
        let home = Home::of(backend, 3);
        let addresses: Vec<_> = (0..30).map(|_| home.serve(Actor::echo)).collect();
        assert!(counts(&home).iter().all(|&count| count >= 5), "{:?}", counts(&home));
        addresses.into_iter().for_each(echoes);
        for id in 0..30 {
            home.pool.stop(ServiceId(id)).unwrap();
            let report = home.report();
            assert_eq!((report.service, report.progress), (ServiceId(id), Progress::Stopped));
        }
        assert_eq!(home.pool.service_count(), 0);
        home.pool.join().unwrap();
    }
}

#[test]
fn who_is_busy_gets_no_more() {
    let home = Home::of(Backend::Auto, 2);
    home.serve(|site| Actor::new(site, |_, _| {}).turning(|_| Next::Again));
    let is_busy = |worker: &WorkerStatus| worker.busy_permille > 600;
    let idle = home.pool.workers().iter().position(|worker| worker.services == 0).unwrap();
    for _ in 0..4 {
        // Others may have the processor for a while. What was just seen is what is gone by.
        eventually("one is busy", || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            home.pool.workers().iter().any(is_busy)
        });
        home.serve(Actor::echo);
    }
    assert!(counts(&home)[idle] >= 3, "{:?}", home.pool.workers());
    home.pool.join().unwrap();
}

#[test]
fn all_are_stopped_and_each_tells_so_once() {
    with_every_backend(|home| {
        let all: BTreeSet<_> =
            (0..500).map(|_| home.add(spec("127.0.0.1:0", Actor::echo))).collect();
        all.iter()
            .for_each(|_| assert!(matches!(home.report().progress, Progress::Serving { .. })));
        home.pool.stop_all();
        let mut left = home.pool.service_count();
        let mut stopped = BTreeSet::new();
        while left > 0 {
            let report = home.report();
            assert_eq!(report.progress, Progress::Stopped);
            assert!(stopped.insert(report.service));
            let now = home.pool.service_count();
            assert!(now <= left, "it only becomes less");
            left = now;
        }
        let rest = all.len() - stopped.len();
        stopped.extend((0..rest).map(|_| home.report().service));
        assert_eq!(stopped, all);
        echoes(home.serve(Actor::echo));
    });
}

#[test]
fn a_number_is_free_again_with_the_last_report() {
    with_every_backend(|home| {
        for _ in 0..20 {
            let id = ServiceId(1000);
            home.pool.add(id, spec("127.0.0.1:0", Actor::echo)).unwrap();
            home.pool.add(id, spec("127.0.0.1:0", Actor::echo)).unwrap();
            assert!(matches!(home.report().progress, Progress::Serving { .. }));
            home.pool.stop(id).unwrap();
            assert_eq!(home.report().progress, Progress::Stopped);
            home.pool.stop(id).unwrap();
        }
        assert!(home.quiet(), "the second of one number is none");
    });
}
