//! What happens to one service stays with it: floods, and damage.

use crate::sample;
use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use suite::fleet::{Fleet, LETS_IN, address};
use suite::image::expect_clean;
use suite::nfs::{Client, NFS, packed};
use suite::process;
use suite::program::vnfsd;
use suite::rpc::{Connection, record};

/// Connections of who floods.
const FLOOD: usize = 64;

/// Calls by which the neighbour's pace is taken.
const CALLS: u32 = 1000;

/// How much slower the neighbour may become: far more than its fair share of one worker and of this
/// machine would cost it, and far less than standing still.
const SLOWER_MAX: u32 = 20;

/// What a flood may take, whatever it sends.
const GROWTH_KIB_MAX: u64 = 256 << 10;

/// Calls of one kind, endlessly, whose answers nobody reads.
fn flood(target: SocketAddr, call: &[u8], is_over: &AtomicBool) -> u64 {
    let batch = record(call).repeat(500);
    let connect = |_| {
        let stream = TcpStream::connect(target).expect("it is let in");
        stream.set_nonblocking(true).expect("a socket may not block");
        (stream, 0)
    };
    let mut streams: Vec<(TcpStream, usize)> = (0..FLOOD).map(connect).collect();
    let mut sent_bytes = 0;
    while !is_over.load(Ordering::Relaxed) {
        for (stream, at) in &mut streams {
            match stream.write(&batch[*at..]) {
                Ok(count) => {
                    (*at, sent_bytes) = ((*at + count) % batch.len(), sent_bytes + count as u64);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        sleep(Duration::from_millis(1));
    }
    sent_bytes
}

#[test]
fn a_flood_of_one_service_leaves_its_neighbour_at_work() {
    let (hostile, neighbour) = (address(0), address(1));
    let service = |name, at| format!("[[service]]\nname = '{name}'\nlisten = '{at}'\n");
    let fleet = Fleet::new(&format!(
        "[process]\nworkers = 1\n[defaults]\nmemory = '16M'\nexports = ['/:no_root_squash']\n{}{}",
        service("hostile", hostile),
        service("neighbour", neighbour)
    ));
    let server = fleet.start();
    let (mut asking, root) = Client::mount(hostile);
    let call = asking.message(NFS, 1, &packed(&root));
    let (mut client, root) = Client::mount(neighbour);
    let file = client.put(&root, b"file", &sample(7, 4096)).expect("it is put");
    let mut pace = || {
        let began = Instant::now();
        for _ in 0..CALLS {
            let read = client.read(&file, 0, 4096).expect("it is read");
            assert_eq!(read.data.as_ref(), sample(7, 4096));
        }
        began.elapsed()
    };
    let alone = pace();
    let before_kib = server.resident_kib();
    let is_over = AtomicBool::new(false);
    let (beside, sent_bytes) = scope(|scope| {
        let flood = scope.spawn(|| flood(hostile, &call, &is_over));
        sleep(Duration::from_millis(200));
        let beside = pace();
        is_over.store(true, Ordering::Relaxed);
        (beside, flood.join().expect("it floods"))
    });
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    eprintln!("{alone:?} alone, {beside:?} beside {sent_bytes} bytes that took {grown_kib} KiB");
    assert!(sent_bytes > 0, "it was no flood");
    assert!(beside < alone * SLOWER_MAX, "{beside:?} beside the flood, {alone:?} alone");
    assert!(grown_kib < GROWTH_KIB_MAX, "{grown_kib} KiB");
    Client::mount(hostile);
    server.stop(Signal::TERM);
}

#[test]
fn a_damaged_image_fails_alone_and_recovers_when_it_is_repaired() {
    let (damaged, sound) = (address(2), address(3));
    let service = |name, at| format!("[[service]]\nname = '{name}'\nlisten = '{at}'\n");
    let fleet = Fleet::new(&format!(
        "[defaults]\nimage = '{{name}}.img'\nexports = ['/:no_root_squash']\nopening = 'at-once'\n{}{}",
        service("damaged", damaged),
        service("sound", sound)
    ));
    let images = ["damaged", "sound"].map(|name| fleet.path(&format!("{name}.img")));
    for image in &images {
        let mut newfs = process::command(vnfsd());
        process::run(newfs.arg("newfs").arg(image).args(["--size", "16M"]));
    }
    let whole = fs::read(&images[0]).expect("it is there");
    let image = OpenOptions::new().write(true).open(&images[0]).expect("it is there");
    (&image).write_all(&[0xa5; 256 << 10]).expect("it is damaged");

    let server = fleet.start();
    let (mut client, root) = Client::mount(sound);
    let status = fleet.await_state("damaged", &["failed"]);
    let reason = status["reason"].as_str().expect("a reason");
    assert!(!reason.is_empty() && status["retry_at"].is_string(), "{status}");
    let summary = fleet.try_ask(&["status"]);
    assert_eq!(summary.status.code(), Some(3), "a service has failed");
    assert!(String::from_utf8_lossy(&summary.stdout).contains(reason), "its reason is told");
    assert!(Connection::try_open(damaged).is_err(), "nobody is let in");
    let attempts = |status: &serde_json::Value| status["attempts"].as_u64().expect("a count");
    let first = attempts(&status);
    suite::fleet::await_that("it is tried again", || attempts(&fleet.status("damaged")) > first);
    client.put(&root, b"file", b"sound").expect("its neighbour works");

    (fs::write(fleet.path("whole"), whole)).expect("it is repaired");
    fs::rename(fleet.path("whole"), &images[0]).expect("and put in its place");
    fleet.await_state("damaged", LETS_IN);
    let (mut repaired, root) = Client::mount(damaged);
    repaired.put(&root, b"file", b"repaired").expect("it works");
    server.stop(Signal::TERM);
    images.iter().for_each(|image| expect_clean(image));
}
