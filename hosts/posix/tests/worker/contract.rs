//! The contract of [`Disk`], executed on every disk there is here.

use crate::harness::{Actor, with_every_backend};
use hyper::testkit::{DISK_BYTES_MIN, check_disk};
use hyper::{Disk, DiskCompletion, DiskRequest, Geometry};
use posix::{Access, Image, SyncDisk};
use service::Next;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often requests and completions change threads.
const PERIOD: Duration = Duration::from_millis(1);

/// A disk on a worker's thread, used from the test's.
struct RemoteDisk {
    geometry: Geometry,
    requests: Sender<DiskRequest>,
    completions: Receiver<DiskCompletion>,
}

impl Disk for RemoteDisk {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn submit(&self, request: DiskRequest) {
        self.requests.send(request).unwrap();
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.completions.try_recv().ok()
    }
}

/// Calls `check` with an image that is opened for reading, and for reading and writing.
fn with_images(check: impl Fn(Image)) {
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(2 * DISK_BYTES_MIN).unwrap();
        check(Image::open(file.path(), access).unwrap());
    }
}

#[test]
fn a_disk_on_the_spot_keeps_the_contract() {
    with_images(|image| check_disk(&SyncDisk::new(image), &mut || {}));
}

#[test]
fn a_workers_disk_keeps_the_contract() {
    with_every_backend(|home| {
        with_images(|image| {
            let geometry = image.geometry();
            let (requests, inbox) = channel();
            let (outbox, completions) = channel();
            home.serve(move |site| {
                let disk = site.attach(image);
                Actor::new(site, |_, _| {}).turning(move |host| {
                    inbox.try_iter().for_each(|request| disk.submit(request));
                    while let Some(completion) = disk.next_completion() {
                        outbox.send(completion).unwrap();
                    }
                    Next::At(host.clock.now() + PERIOD)
                })
            });
            let disk = RemoteDisk { geometry, requests, completions };
            check_disk(&disk, &mut || thread::sleep(PERIOD));
            home.pool.stop(home.last()).unwrap();
            home.report();
        });
    });
}
