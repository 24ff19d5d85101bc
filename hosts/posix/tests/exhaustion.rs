//! More images than descriptors. Alone in its process, because the limit is the process's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use abi::{FileSystemId, Timestamp};
use ffscheck::newfs;
use posix::{Access, Backend, Pool, PoolOptions, Progress, ServiceId, ServiceSpec, Site};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use service::{Config, ImageOptions, Limits, Network, Opening, Source};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Descriptors the process may have.
const DESCRIPTORS_MAX: u64 = 48;

/// Services with an image each.
const SERVICES: u64 = 120;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn image(folder: &Path, number: u64) -> PathBuf {
    let path = folder.join(format!("{number}.img"));
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).unwrap();
    let now = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };
    let options = newfs::Options::new(4 << 20);
    newfs::newfs(&mut file, &options, FileSystemId(number + 1), now).unwrap();
    path
}

/// A service that opens its image at once, and that nobody can reach.
fn spec(path: PathBuf) -> ServiceSpec {
    ServiceSpec::service("image".into(), Vec::new(), move |site: &Site| {
        let backing = site.image(path, Access::ReadWrite);
        Ok(Config {
            name: "image".into(),
            source: Source::Image { backing, options: ImageOptions::default() },
            opening: Opening::AtOnce,
            exports: vec!["/".parse().unwrap()],
            limits: Limits::default(),
            network: Network::Host { port: 0 },
        })
    })
}

#[test]
fn descriptors_used_up_are_waited_for_and_nobody_fails() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..SERVICES).map(|number| image(folder.path(), number)).collect();
    let limit = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(DESCRIPTORS_MAX), maximum: limit.maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    for backend in [Backend::Auto, Backend::Poll] {
        let (sender, reports) = channel();
        let options = PoolOptions {
            workers: 2,
            backend,
            // Far more than there can be.
            open_images_max: Some(10 * SERVICES as usize),
            ..PoolOptions::new(sender)
        };
        let pool = Pool::spawn(options).unwrap();
        for (number, path) in (0..).zip(&paths) {
            pool.add(ServiceId(number), spec(path.clone())).unwrap();
        }
        let mut serving = 0;
        while serving < SERVICES {
            match reports.recv_timeout(PATIENCE).unwrap().progress {
                Progress::Serving { .. } => serving += 1,
                Progress::Resting { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(pool.open_images() < DESCRIPTORS_MAX as usize);
        pool.join().unwrap();
    }
}
