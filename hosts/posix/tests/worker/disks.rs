//! Images as disks, through the worker and on the spot.

use crate::harness::{Actor, Home, PATIENCE, connect, pattern, with_every_backend};
use abi::Errno;
use bytes::{Bytes, BytesMut};
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, StreamEvent};
use posix::{Access, Image, SyncDisk};
use service::Next;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::sync::mpsc::channel;
use tempfile::NamedTempFile;

/// Bytes of the test image.
const SIZE_BYTES: u64 = 4 << 20;

fn image_file() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    file.as_file().set_len(SIZE_BYTES).unwrap();
    file
}

fn read(token: u64, offset_bytes: u64, lengths: &[usize]) -> DiskRequest {
    let buffers = lengths.iter().map(|&length| BytesMut::zeroed(length)).collect();
    DiskRequest { token, operation: DiskOperation::Read { offset_bytes, buffers } }
}

fn write(token: u64, offset_bytes: u64, pieces: &[&[u8]]) -> DiskRequest {
    let data = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
    DiskRequest { token, operation: DiskOperation::Write { offset_bytes, data } }
}

fn flush(token: u64) -> DiskRequest {
    DiskRequest { token, operation: DiskOperation::Flush }
}

/// Carries out requests one after another.
type Run<'a> = &'a dyn Fn(Image, Vec<DiskRequest>) -> Vec<DiskCompletion>;

/// A tenant that submits requests one after another and passes the completions on.
fn run_on(home: &Home, image: Image, requests: Vec<DiskRequest>) -> Vec<DiskCompletion> {
    let (done, completions) = channel();
    let count = requests.len();
    home.serve(move |site| {
        let disk = site.attach(image);
        let mut requests = requests.into_iter();
        let mut waits = false;
        Actor::new(site, |_, _| {}).turning(move |_| {
            while let Some(completion) = disk.next_completion() {
                waits = false;
                done.send(completion).unwrap();
            }
            if !waits && let Some(request) = requests.next() {
                waits = true;
                disk.submit(request);
            }
            Next::Idle
        })
    });
    let completions = (0..count).map(|_| completions.recv_timeout(PATIENCE).unwrap()).collect();
    home.pool.stop(home.last()).unwrap();
    home.report();
    completions
}

fn run_on_the_spot(image: Image, requests: Vec<DiskRequest>) -> Vec<DiskCompletion> {
    let disk = SyncDisk::new(image);
    let run = |request| {
        disk.submit(request);
        disk.next_completion().unwrap()
    };
    requests.into_iter().map(run).collect()
}

fn with_every_disk(test: impl Fn(Run<'_>)) {
    with_every_backend(|home| test(&|image, requests| run_on(home, image, requests)));
    test(&run_on_the_spot);
}

#[test]
fn what_is_written_is_read_back_in_other_pieces() {
    with_every_disk(|run| {
        let file = image_file();
        let data = pattern(3 << 20);
        let pieces: Vec<_> = data.chunks(1000).collect();
        let image = Image::open(file.path(), Access::ReadWrite).unwrap();
        let lengths = [0, 1, 4095, 1 << 20, 0, (2 << 20) - 4096, 0];
        let requests = vec![write(5, 12_345, &pieces), flush(6), read(7, 12_345, &lengths)];
        let completions = run(image, requests);
        assert_eq!(completions.iter().map(|done| done.token).collect::<Vec<_>>(), [5, 6, 7]);
        assert!(completions[0].result.as_ref().unwrap().is_empty());
        assert!(completions[1].result.as_ref().unwrap().is_empty());
        let buffers = completions[2].result.as_ref().unwrap();
        assert!(buffers.iter().map(BytesMut::len).eq(lengths));
        assert!(buffers.concat() == data);
    });
}

#[test]
fn what_cannot_be_is_an_error_and_the_next_request_is_served() {
    with_every_disk(|run| {
        let file = image_file();
        let image = Image::open(file.path(), Access::ReadOnly).unwrap();
        let requests = vec![
            read(0, SIZE_BYTES - 10, &[11]),
            read(1, u64::MAX, &[1]),
            write(2, 0, &[b"no"]),
            read(3, SIZE_BYTES, &[]),
            read(4, 0, &[0, 0]),
            read(5, SIZE_BYTES - 10, &[10]),
        ];
        let results = run(image, requests).into_iter().map(|done| done.result);
        let lengths = results.map(|result| result.map(|buffers| buffers.concat().len()));
        let (io, read_only) = (Err(Errno::Io), Err(Errno::ReadOnly));
        assert!(lengths.eq([io, io, read_only, Ok(0), Ok(0), Ok(10)]));
    });
}

#[test]
fn an_image_cut_short_under_us_is_an_error() {
    with_every_disk(|run| {
        let file = image_file();
        let image = Image::open(file.path(), Access::ReadOnly).unwrap();
        file.as_file().set_len(6000).unwrap();
        let completions = run(image, vec![read(0, 4096, &[8192]), read(1, 0, &[6000])]);
        assert_eq!(completions[0].result, Err(Errno::Io));
        assert_eq!(completions[1].result.as_ref().map(Vec::len), Ok(1));
    });
}

#[test]
fn hundreds_of_requests_at_once_complete_each_once() {
    with_every_backend(|home| {
        let file = image_file();
        let image = Image::open(file.path(), Access::ReadWrite).unwrap();
        let (done, completions) = channel();
        home.serve(move |site| {
            let disk: Rc<dyn Disk> = site.attach(image);
            let mut begun = false;
            Actor::new(site, |_, _| {}).turning(move |_| {
                if !std::mem::replace(&mut begun, true) {
                    (0..900).for_each(|token| disk.submit(read(token, token * 4096, &[4096])));
                }
                while let Some(completion) = disk.next_completion() {
                    completion.result.unwrap();
                    done.send(completion.token).unwrap();
                }
                Next::Idle
            })
        });
        let tokens = (0..900).map(|_| completions.recv_timeout(PATIENCE).unwrap());
        let mut tokens: Vec<_> = tokens.collect();
        tokens.sort_unstable();
        assert!(tokens.into_iter().eq(0..900));
    });
}

#[test]
fn a_client_that_has_said_its_last_gets_answers_that_come_from_disk() {
    with_every_backend(|home| {
        let mut file = image_file();
        file.write_all(&pattern(100_000)).unwrap();
        let image = Image::open(file.path(), Access::ReadOnly).unwrap();
        let address = home.serve(move |site| {
            let disk = site.attach(image);
            let asks = disk.clone();
            let actor = Actor::new(site, move |_, event| {
                if let StreamEvent::Received { stream, .. } = event {
                    asks.submit(read(stream.0, 0, &[100_000]));
                }
            });
            actor.turning(move |host| {
                while let Some(DiskCompletion { token, result }) = disk.next_completion() {
                    let data = result.unwrap().into_iter().map(BytesMut::freeze).collect();
                    host.streams.send(hyper::StreamId(token), data);
                }
                Next::Idle
            })
        });
        let mut client = connect(address);
        client.write_all(b"read").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == pattern(100_000));
    });
}
