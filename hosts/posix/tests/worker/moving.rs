//! Services that move from worker to worker while clients use them.

use crate::files::{self, Client};
use crate::harness::{Actor, Home, PATIENCE, pattern, spec};
use posix::{
    Answer, Backend, Configure, Inquiry, Moved, Progress, ServiceId, ServiceSpec, ServiceStatus,
    WEIGHT_USUAL,
};
use service::{Limits, Opening};
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How often the service moves.
const MOVES: usize = 100;

/// Moves a service, and waits for what comes of it.
fn moved(home: &Home, service: ServiceId, worker: usize) -> Result<usize, String> {
    let (sender, replies) = channel();
    home.pool.move_to(service, worker, &sender).unwrap();
    drop(sender);
    let Moved { service: who, outcome } = replies.recv_timeout(PATIENCE).unwrap();
    assert_eq!(who, service);
    outcome
}

fn status(home: &Home, service: ServiceId) -> ServiceStatus {
    let (sender, answers) = channel();
    home.pool.inspect(Inquiry::Service(service), &sender).unwrap();
    match answers.recv_timeout(PATIENCE).unwrap() {
        Answer::Services(mut one) => one.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Where it serves or rests.
fn address(home: &Home) -> SocketAddr {
    match home.report().progress {
        Progress::Serving { addresses, .. } | Progress::Resting { addresses } => addresses[0],
        other => panic!("{other:?}"),
    }
}

/// A client at work until it is told to end: says how many calls it made.
fn works(address: SocketAddr, name: &str, is_over: &AtomicBool) -> u64 {
    let mut client = Client::new(address);
    let root = client.mount();
    let file = client.create(&root, name);
    let mut calls = 2;
    let mut round = 0;
    while !is_over.load(SeqCst) {
        // Large ones are received into their records, small ones are not.
        let length = [100, 5000, 200_000][round % 3];
        let data: Vec<_> = pattern(length + round % 251).split_off(round % 251);
        client.write(&file, 0, &data, round % 4 == 0);
        assert!(client.read(&file, 0, length as u32) == data, "{name}, round {round}");
        let other = format!("{name}.{round}");
        client.create(&root, &other);
        assert_eq!(client.remove(&root, &other), 0);
        (calls, round) = (calls + 4, round + 1);
    }
    calls
}

#[test]
fn clients_at_work_do_not_notice_a_hundred_moves() {
    for backend in [Backend::Auto, Backend::Poll] {
        let home = Home::of(backend, 2);
        let folder = tempfile::tempdir().unwrap();
        let path = files::image(folder.path(), 1);
        let id = home.add(files::lazy(path.clone(), Opening::AtOnce, Limits::default()));
        let address = address(&home);
        let is_over = AtomicBool::new(false);
        let calls: u64 = std::thread::scope(|scope| {
            let names = ["one", "two", "three"];
            let is_over = &is_over;
            let clients = names.map(|name| scope.spawn(move || works(address, name, is_over)));
            let first = status(&home, id).worker;
            for number in 1..=MOVES {
                let to = (first + number) % 2;
                assert_eq!(moved(&home, id, to), Ok(to), "move {number}");
                std::thread::sleep(Duration::from_millis(number as u64 % 4));
            }
            is_over.store(true, SeqCst);
            clients.map(|client| client.join().unwrap()).iter().sum()
        });
        let last = status(&home, id);
        assert_eq!(last.statistics.rpc.calls, calls, "counts go along");
        home.pool.join().unwrap();
        assert_eq!(files::findings(&path), Vec::<String>::new());
    }
}

#[test]
fn what_has_begun_to_arrive_or_to_leave_moves_too() {
    for backend in [Backend::Auto, Backend::Poll] {
        let home = Home::of(backend, 2);
        let folder = tempfile::tempdir().unwrap();
        let path = files::image(folder.path(), 1);
        let id = home.add(files::lazy(path, Opening::AtOnce, Limits::default()));
        let address = address(&home);
        let mut client = Client::new(address);
        let root = client.mount();
        let file = client.create(&root, "file");
        let data = pattern(1 << 20);
        client.write(&file, 0, &data, true);
        client.create(&root, "goes");
        assert_eq!(client.remove(&root, "goes"), 0);
        let removal = client.asked.clone();
        // One that asks for much and takes nothing yet, and one in the middle of a large record.
        let mut slow = Client::new(address);
        (0..8).for_each(|_| slow.ask_read(&file, 0, 1 << 20));
        let mut half = Client::new(address);
        half.write(&file, 0, &data[..300_000], false);
        let again = half.asked.clone();
        let (begun, rest) = again.split_at(150_000);
        half.stream.write_all(begun).unwrap();
        let worker = status(&home, id).worker;
        for number in 1..6 {
            let to = (worker + number) % 2;
            assert_eq!(moved(&home, id, to), Ok(to));
            assert_eq!(status(&home, id).worker, to);
        }
        half.stream.write_all(rest).unwrap();
        half.answer();
        for _ in 0..8 {
            assert!(slow.data() == data);
        }
        client.stream.write_all(&removal).unwrap();
        assert_eq!(client.answer()[..4], [0; 4], "it was removed once, and that is remembered");
        assert_eq!(client.remove(&root, "goes"), 2, "it is not there");
        Client::new(address).mount();
        assert_datagrams(address);
        home.pool.join().unwrap();
    }
}

/// Asks by datagrams, which may be lost.
fn assert_datagrams(server: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let null = [7, 0, 2, 100_003, 3, 0, 0, 0, 0, 0_u32].map(u32::to_be_bytes).concat();
    let is_answered = (0..100).any(|_| {
        socket.send_to(&null, server).unwrap();
        socket.recv(&mut [0; 100]).is_ok()
    });
    assert!(is_answered);
}

#[test]
fn what_is_said_to_a_service_follows_it_in_order() {
    let home = Home::of(Backend::Auto, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = files::image(folder.path(), 1);
    let id = home.add(files::lazy(path, Opening::WhenUsed, Limits::default()));
    let address = address(&home);
    let mut client = Client::new(address);
    let worker = status(&home, id).worker;
    let (sender, replies) = channel();
    for number in 1..=50 {
        home.pool.move_to(id, (worker + number) % 2, &sender).unwrap();
        for records in [1, number] {
            let limits =
                Limits { memory_bytes: Some((64 + records as u64) << 20), ..Limits::default() };
            home.pool.set_limits(id, limits, WEIGHT_USUAL).unwrap();
        }
        home.pool.pause(id).unwrap();
        home.pool.resume(id).unwrap();
    }
    drop(sender);
    while replies.recv_timeout(PATIENCE).is_ok() {}
    client.mount();
    home.pool.stop_all();
    home.pool.join().unwrap();
    assert_eq!(client.stream.read(&mut [0]).unwrap_or(0), 0, "all is over");
}

#[test]
fn who_cannot_move_stays_and_says_why() {
    let home = Home::of(Backend::Auto, 2);
    let stays = |id, why: &str| {
        let worker = status_worker(&home, id);
        let reason = moved(&home, id, 1 - worker).unwrap_err();
        assert!(reason.contains(why), "{reason}");
        assert!(moved(&home, id, 7).unwrap_err().contains("no worker 7"));
    };
    let memory = home.add(files::memory(Limits::default()));
    let server = address(&home);
    stays(memory, "one worker");
    let mut client = Client::new(server);
    let root = client.mount();
    assert_eq!(client.attributes_status(&root), 0);
    let other = home.add(spec("127.0.0.1:0", Actor::echo));
    address(&home);
    let reason = (0..2).filter_map(|worker| moved(&home, other, worker).err());
    assert!(reason.into_iter().all(|reason| reason.contains("one worker")));
    let folder = tempfile::tempdir().unwrap();
    let path = files::image(folder.path(), 1);
    let paused = home.add(files::lazy(path, Opening::AtOnce, Limits::default()));
    let server = address(&home);
    let mut client = Client::new(server);
    let root = client.mount();
    home.pool.pause(paused).unwrap();
    assert_eq!(home.report().progress, Progress::Paused);
    client.ask_attributes(&root);
    let worker = status_worker(&home, paused);
    // Whether the call is there by now is luck; if it is, it keeps the service where it is.
    match moved(&home, paused, 1 - worker) {
        Ok(to) => assert_eq!(to, 1 - worker),
        Err(reason) => assert!(reason.contains("paused"), "{reason}"),
    }
    home.pool.resume(paused).unwrap();
    assert_eq!(client.answer()[..4], [0; 4]);
    home.pool.join().unwrap();
}

fn status_worker(home: &Home, id: ServiceId) -> usize {
    status(home, id).worker
}

#[test]
fn who_keeps_a_worker_busy_is_given_room_and_small_differences_are_let_be() {
    let home = Home::of(Backend::Auto, 2);
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..4)
        .map(|number| {
            let path = files::image(folder.path(), number);
            let id = home.add(files::lazy(path, Opening::AtOnce, Limits::default()));
            (id, address(&home))
        })
        .collect();
    // All on one worker, and two of them busy.
    for &(id, _) in &all {
        assert_eq!(moved(&home, id, 0), Ok(0));
    }
    let (is_over, count) = (AtomicBool::new(false), || {
        status(&home, all[0].0).worker + status(&home, all[1].0).worker
    });
    std::thread::scope(|scope| {
        for (_, address) in &all[..2] {
            scope.spawn(|| works(*address, "file", &is_over));
        }
        let is_apart = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            home.pool.balance();
            count() == 1
        });
        is_over.store(true, SeqCst);
        assert!(is_apart, "one has moved: {:?}", home.pool.workers());
    });
    assert_eq!([2, 3].map(|idle| status(&home, all[idle].0).worker), [0, 0]);
    home.pool.join().unwrap();
}

#[test]
fn who_cannot_be_made_anew_ends_and_his_clients_with_him() {
    let home = Home::of(Backend::Auto, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = files::image(folder.path(), 1);
    let spec = files::lazy(path, Opening::AtOnce, Limits::default());
    let refuses: Configure = Box::new(|_| Err("no such image any more".to_owned()));
    let id = home.add(ServiceSpec { remake: Some(refuses), ..spec });
    let address = address(&home);
    let mut client = Client::new(address);
    client.mount();
    let reason = moved(&home, id, 1 - status(&home, id).worker).unwrap_err();
    assert!(reason.contains("no such image"), "{reason}");
    let is_last = |progress: &Progress| matches!(progress, Progress::Failed(_));
    let told = std::iter::from_fn(|| Some(home.report().progress)).find(is_last);
    assert_eq!(told, Some(Progress::Failed("no such image any more".to_owned())));
    assert_eq!(client.stream.read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(home.pool.service_count(), 0);
    home.pool.join().unwrap();
}
