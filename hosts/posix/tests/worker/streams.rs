//! Connections: order, back-pressure, and every way they end.

use crate::harness::{Actor, PATIENCE, connect, eventually, pattern, with_every_backend};
use bytes::Bytes;
use hyper::StreamEvent;
use posix::Site;
use service::Next;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

#[test]
fn many_connections_pipeline_and_each_gets_its_own_bytes_back_in_order() {
    with_every_backend(|home| {
        let address = home.serve(Actor::echo);
        let clients: Vec<_> =
            (0..40).map(|n| thread::spawn(move || pipeline(address, n))).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
}

fn pipeline(address: SocketAddr, seed: usize) {
    let mut client = connect(address);
    let sent: Vec<u8> = pattern(200_000 + seed).split_off(seed);
    let mut writer = client.try_clone().unwrap();
    let expected = sent.clone();
    let writes = thread::spawn(move || {
        sent.chunks(120).for_each(|message| writer.write_all(message).unwrap());
    });
    let mut received = vec![0; expected.len()];
    client.read_exact(&mut received).unwrap();
    assert!(received == expected, "client {seed} got what it sent");
    writes.join().unwrap();
}

/// Sends everything back; wants some of it in buffers, which hold something already.
fn echo_buffers(site: &Site) -> Actor {
    let mut wishes = 0;
    Actor::new(site, move |host, event| {
        let (stream, data) = match event {
            StreamEvent::Received { stream, bytes } => (stream, Bytes::copy_from_slice(bytes)),
            StreamEvent::Filled { stream, buffer } => {
                assert!(buffer.starts_with(b"held") && buffer.len() > 4 && buffer.len() <= 50_004);
                (stream, Bytes::from(buffer).slice(4..))
            }
            _ => return,
        };
        host.streams.send(stream, vec![data]);
        wishes += 1;
        if wishes % 3 > 0 {
            let count_bytes = [1000, 50_000][wishes % 2];
            let mut buffer = Vec::with_capacity(4 + count_bytes);
            buffer.extend_from_slice(b"held");
            host.streams.fill(stream, buffer, count_bytes).expect("this host can");
        }
    })
}

#[test]
fn bytes_come_in_order_wherever_they_are_wanted() {
    with_every_backend(|home| {
        let address = home.serve(echo_buffers);
        let clients: Vec<_> = (0..20).map(|n| thread::spawn(move || trickle(address, n))).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
}

/// Sends parts that no buffer waits for longer than it takes to answer them.
fn trickle(address: SocketAddr, seed: usize) {
    let mut client = connect(address);
    let sent = pattern(150_000 + seed);
    for part in sent.chunks(60_000) {
        client.write_all(part).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received == sent, "client {seed} got what it sent");
}

#[test]
fn a_buffer_that_waits_goes_with_its_connection() {
    with_every_backend(|home| {
        let address = home.serve(echo_buffers);
        for _ in 0..50 {
            let mut client = connect(address);
            client.write_all(&pattern(3000)).unwrap();
        }
        trickle(address, 7);
    });
}

/// Answers each byte with a mebibyte in so many pieces, and counts what the host says has left.
fn send_much(home: &crate::harness::Home, pieces: usize, left: &Arc<AtomicUsize>) -> SocketAddr {
    let left = left.clone();
    home.serve(move |site| {
        Actor::new(site, move |host, event| match event {
            StreamEvent::Received { stream, bytes } => {
                for _ in bytes {
                    let data = Bytes::from(pattern(1 << 20));
                    let each = data.len() / pieces;
                    let pieces = (0..pieces).map(|n| data.slice(n * each..(n + 1) * each));
                    host.streams.send(stream, pieces.collect());
                }
            }
            StreamEvent::Sent { count_bytes, .. } => {
                left.fetch_add(count_bytes, SeqCst);
            }
            _ => {}
        })
    })
}

#[test]
fn gathered_sends_wait_for_slow_readers() {
    with_every_backend(|home| {
        for pieces in [1, 64, 4096] {
            let left = Arc::new(AtomicUsize::new(0));
            let address = send_much(home, pieces, &left);
            let mut client = connect(address);
            socket2::SockRef::from(&client).set_recv_buffer_size(16 << 10).unwrap();
            client.write_all(b"12345678").unwrap();
            thread::sleep(Duration::from_millis(50));
            let before = left.load(SeqCst);
            assert!(before < 8 << 20, "a client that reads nothing holds the rest back");
            let mut received = vec![0; 8 << 20];
            for part in received.chunks_mut(1 << 20) {
                client.read_exact(part).unwrap();
                assert!(part == pattern(1 << 20), "in {pieces} pieces");
            }
            eventually("all of it left", || left.load(SeqCst) == 8 << 20);
        }
    });
}

#[test]
fn a_slow_reader_does_not_slow_its_neighbour() {
    with_every_backend(|home| {
        let left = Arc::default();
        let address = send_much(home, 16, &left);
        let mut slow = connect(address);
        slow.write_all(&[1; 30]).unwrap();
        let mut quick = connect(address);
        let mut received = vec![0; 1 << 20];
        for _ in 0..5 {
            quick.write_all(b"1").unwrap();
            quick.read_exact(&mut received).unwrap();
        }
    });
}

#[test]
fn a_client_that_has_said_its_last_still_gets_its_answers() {
    with_every_backend(|home| {
        let closed = Arc::new(AtomicUsize::new(0));
        let count = closed.clone();
        let address = home.serve(move |site| {
            Actor::new(site, move |host, event| {
                if let StreamEvent::Closed { .. } = event {
                    count.fetch_add(1, SeqCst);
                }
                crate::harness::echo(host, event);
            })
        });
        for size in [10, 3 << 20] {
            let mut client = connect(address);
            let mut writer = client.try_clone().unwrap();
            let writes = thread::spawn(move || {
                writer.write_all(&pattern(size)).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let mut received = Vec::new();
            client.read_to_end(&mut received).unwrap();
            assert!(received == pattern(size));
            writes.join().unwrap();
        }
        eventually("each was told once", || closed.load(SeqCst) == 2);
    });
}

#[test]
fn a_client_that_has_said_its_last_gets_answers_that_wait_for_room() {
    with_every_backend(|home| {
        let address = home.serve(|site| {
            let mut owed = 0;
            Actor::new(site, move |host, event| match event {
                StreamEvent::Received { stream, bytes } => {
                    owed += bytes.len() << 20;
                    host.streams.send(stream, vec![Bytes::from(vec![1; 1 << 20])]);
                }
                StreamEvent::Sent { stream, count_bytes } => {
                    let before = owed;
                    owed -= count_bytes;
                    if owed > 0 && owed.div_ceil(1 << 20) < before.div_ceil(1 << 20) {
                        host.streams.send(stream, vec![Bytes::from(vec![1; 1 << 20])]);
                    }
                }
                _ => {}
            })
        });
        let mut client = connect(address);
        client.write_all(b"12345678").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), 8 << 20);
    });
}

#[test]
fn a_reset_is_told_as_closed_and_only_once() {
    with_every_backend(|home| {
        let (opened, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (opened.clone(), closed.clone());
        let address = home.serve(move |site| {
            Actor::new(site, move |host, event| match event {
                StreamEvent::Opened { .. } => {
                    counts.0.fetch_add(1, SeqCst);
                }
                StreamEvent::Closed { .. } => {
                    counts.1.fetch_add(1, SeqCst);
                }
                StreamEvent::Received { stream, .. } => {
                    host.streams.send(stream, vec![Bytes::from(vec![7; 16 << 20])]);
                }
                _ => {}
            })
        });
        for round in 0..20 {
            let mut client = connect(address);
            eventually("it was accepted", || opened.load(SeqCst) == round + 1);
            if round % 2 == 0 {
                client.write_all(b"send me more than I take").unwrap();
                client.read_exact(&mut [0; 1000]).unwrap();
            }
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        }
        eventually("every reset was told", || closed.load(SeqCst) == 20);
        thread::sleep(Duration::from_millis(30));
        assert_eq!((opened.load(SeqCst), closed.load(SeqCst)), (20, 20));
    });
}

#[test]
fn a_flood_against_a_paused_connection_stays_with_the_client() {
    /// Twice the largest receive buffer of any driver, in bytes.
    const LENT_MAX: usize = 256 << 10;
    with_every_backend(|home| {
        let (taken, resume) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let shared = (taken.clone(), resume.clone());
        let address = home.serve(move |site| {
            let paused = std::rc::Rc::new(std::cell::Cell::new(None));
            let (pauses, (count, resume)) = (paused.clone(), shared);
            let actor = Actor::new(site, move |host, event| {
                if let StreamEvent::Received { stream, bytes } = event
                    && count.fetch_add(bytes.len(), SeqCst) == 0
                {
                    host.streams.pause(stream, true);
                    pauses.set(Some(stream));
                }
            });
            actor.turning(move |host| {
                if let Some(stream) = paused.get()
                    && resume.load(SeqCst) == 1
                {
                    host.streams.pause(stream, false);
                    paused.set(None);
                }
                Next::At(host.clock.now() + Duration::from_millis(10))
            })
        });
        let mut client = connect(address);
        client.set_nonblocking(true).unwrap();
        let mut sent = push(&mut client, 64 << 20);
        thread::sleep(Duration::from_millis(100));
        sent += push(&mut client, 64 << 20);
        assert!(sent < 64 << 20, "the client is held back");
        let lent = taken.load(SeqCst);
        assert!(lent <= LENT_MAX, "{lent} bytes arrived on a paused connection");
        resume.store(1, SeqCst);
        eventually("everything arrives", || taken.load(SeqCst) == sent);
    });
}

/// Writes until the kernel takes no more.
fn push(client: &mut TcpStream, limit: usize) -> usize {
    let (block, mut sent) = ([9; 64 << 10], 0);
    while sent < limit {
        match client.write(&block) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
    sent
}

#[test]
fn close_lets_the_last_words_leave_whatever_the_client_still_says() {
    with_every_backend(|home| {
        let address = home.serve(|site| {
            Actor::new(site, |host, event| {
                if let StreamEvent::Received { stream, .. } = event {
                    host.streams.send(stream, vec![Bytes::from(pattern(2 << 20))]);
                    host.streams.close(stream);
                    host.streams.send(stream, vec![Bytes::from_static(b"after the end")]);
                }
            })
        });
        let mut client = connect(address);
        client.write_all(b"first").unwrap();
        thread::sleep(Duration::from_millis(20));
        client.write_all(&[1; 100_000]).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == pattern(2 << 20), "{} bytes", received.len());
    });
}

#[test]
fn a_client_that_never_closes_is_left_after_a_while() {
    with_every_backend(|home| {
        let address = home.serve(|site| {
            Actor::new(site, |host, event| {
                if let StreamEvent::Opened { stream, .. } = event {
                    host.streams.close(stream);
                }
            })
        });
        let mut client = connect(address);
        assert_eq!(client.read(&mut [0; 10]).unwrap(), 0);
        let started = std::time::Instant::now();
        while client.write_all(b"still here").is_ok() {
            thread::sleep(Duration::from_millis(50));
            assert!(started.elapsed() < PATIENCE, "the socket goes");
        }
    });
}
