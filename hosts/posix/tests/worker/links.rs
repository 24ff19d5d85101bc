//! Links to virtual machines: streams of frames, whatever the other end does.

use crate::card::{echo, open, plain, serve, stop};
use crate::harness::{PATIENCE, eventually, pattern, with_every_backend};
use hyper::{Link, LinkEvent};
use posix::LinkOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn patient(peer: UnixStream) -> UnixStream {
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.set_write_timeout(Some(PATIENCE)).unwrap();
    peer
}

pub fn connect(path: &Path) -> UnixStream {
    patient(UnixStream::connect(path).unwrap())
}

pub fn framed(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes(), frame].concat()
}

pub fn receive(peer: &mut UnixStream) -> Vec<u8> {
    let mut length = [0; 4];
    peer.read_exact(&mut length).unwrap();
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    peer.read_exact(&mut frame).unwrap();
    frame
}

fn assert_echoes(peer: &mut UnixStream, frame: &[u8]) {
    peer.write_all(&framed(frame)).unwrap();
    assert!(receive(peer) == frame);
}

fn assert_closed(peer: &mut UnixStream) {
    match peer.read(&mut [0; 100]) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn frames_cross_whole_however_they_are_cut() {
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("link");
        let link = open(&format!("unix:{}", path.display()), LinkOptions::default());
        let service = serve(home, link, echo);
        let mut peer = connect(&path);
        let frames: Vec<_> = [60, 1514, 15, 69_000, 1, 9014].map(pattern).into();
        let stream: Vec<_> = frames.iter().flat_map(|frame| framed(frame)).collect();
        for size in [777, 4096, 70_000] {
            let mut writer = peer.try_clone().unwrap();
            std::thread::scope(|scope| {
                let stream = &stream;
                scope.spawn(move || {
                    stream.chunks(size).for_each(|chunk| writer.write_all(chunk).unwrap());
                });
                frames.iter().for_each(|frame| assert!(receive(&mut peer) == *frame, "by {size}"));
            });
        }
        stop(home, service);
        assert!(!path.exists(), "its name is gone");
        assert_closed(&mut peer);
    });
}

#[test]
fn a_peer_that_goes_is_followed_by_the_next() {
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("link");
        let link = open(&format!("unix:{}", path.display()), LinkOptions::default());
        let service = serve(home, link, echo);
        let mut first = connect(&path);
        assert_echoes(&mut first, &pattern(100));
        let mut second = connect(&path);
        second.write_all(&framed(&pattern(70))).unwrap();
        first.write_all(&framed(&pattern(500))[..200]).unwrap();
        assert_echoes(&mut second_is_next(first, &mut second), &pattern(80));
        drop(second);
        for _ in 0..5 {
            let mut next = connect(&path);
            assert_echoes(&mut next, &pattern(90));
        }
        stop(home, service);
    });
}

/// The first goes in the middle of a frame. The second has been heard when it is its turn.
fn second_is_next(first: UnixStream, second: &mut UnixStream) -> UnixStream {
    drop(first);
    assert!(receive(second) == pattern(70));
    second.try_clone().unwrap()
}

#[test]
fn what_is_no_stream_of_frames_is_hung_up_on() {
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("link");
        let link = open(&format!("unix:{}", path.display()), LinkOptions::default());
        let service = serve(home, link, echo);
        let mut stranger = connect(&path);
        stranger.write_all(&framed(&pattern(10))).unwrap();
        stranger.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = stranger.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer == framed(&pattern(10)));
        assert_echoes(&mut connect(&path), &pattern(60));
        stop(home, service);
    });
}

#[test]
fn a_peer_to_connect_to_is_waited_for_and_found_again() {
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("vm");
        let name = format!("unix-connect:{}", path.display());
        let service = serve(home, open(&name, LinkOptions::default()), echo);
        std::thread::sleep(std::time::Duration::from_millis(150));
        for _ in 0..3 {
            let listener = UnixListener::bind(&path).unwrap();
            let mut peer = patient(listener.accept().unwrap().0);
            assert_echoes(&mut peer, &pattern(1000));
            drop(listener);
            std::fs::remove_file(&path).unwrap();
        }
        stop(home, service);
    });
}

#[test]
fn a_full_link_refuses_frames_and_says_when_there_is_room() {
    /// Frames to be sent, and their size in bytes.
    const FRAMES: usize = 3000;
    const FRAME_BYTES: usize = 5000;
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("link");
        let link = open(&format!("unix:{}", path.display()), LinkOptions::default());
        let (sent, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counts = (sent.clone(), refused.clone());
        let service = serve(home, link, move |link: &dyn Link, _: LinkEvent<'_>| {
            while sent.load(Ordering::Relaxed) < FRAMES {
                let number = sent.load(Ordering::Relaxed) as u32;
                let frame = [&number.to_be_bytes()[..], &pattern(FRAME_BYTES)].concat();
                if !link.send(plain(&frame)) {
                    refused.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut peer = connect(&path);
        peer.write_all(&framed(b"go")).unwrap();
        eventually("full", || counts.1.load(Ordering::Relaxed) > 0);
        assert!(counts.0.load(Ordering::Relaxed) * FRAME_BYTES < 4 << 20, "bounded");
        for number in 0..FRAMES as u32 {
            let frame = receive(&mut peer);
            assert_eq!(frame[..4], number.to_be_bytes());
            assert!(frame[4..] == pattern(FRAME_BYTES));
        }
        assert!(counts.1.load(Ordering::Relaxed) < FRAMES / 10, "told when it is worth it");
        stop(home, service);
    });
}

#[test]
fn frames_for_nobody_are_lost_and_the_link_goes_on() {
    with_every_backend(|home| {
        let folder = folder();
        let path = folder.path().join("link");
        let link = open(&format!("unix:{}", path.display()), LinkOptions::default());
        let refused = Arc::new(AtomicUsize::new(0));
        let count = refused.clone();
        // The answer comes when the peer has gone.
        let service = serve(home, link, move |link: &dyn Link, _: LinkEvent<'_>| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            for _ in 0..2000 {
                refused.fetch_add(usize::from(!link.send(plain(&pattern(60)))), Ordering::Relaxed);
            }
        });
        for _ in 0..3 {
            connect(&path).write_all(&framed(b"go")).unwrap();
        }
        let mut peer = connect(&path);
        peer.write_all(&framed(b"go")).unwrap();
        assert!(receive(&mut peer) == pattern(60));
        assert!(count.load(Ordering::Relaxed) > 0, "a turn holds no more than a queue");
        stop(home, service);
    });
}
