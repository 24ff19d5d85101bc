//! A host that runs out of descriptors. Alone in its process, because the limit is the process's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use hyper::StreamEvent;
use posix::{Backend, Pool, PoolOptions, Report, ServiceId, ServiceSpec, Site, Tenant};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use service::{Description, Host, Next, State};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Descriptors the process may have.
const DESCRIPTORS_MAX: u64 = 120;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Echo(Host, State);

impl Tenant for Echo {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        if let StreamEvent::Received { stream, bytes } = event {
            self.0.streams.send(stream, vec![bytes::Bytes::copy_from_slice(bytes)]);
        }
    }

    fn turn(&mut self) -> Next {
        Next::Idle
    }

    fn state(&self) -> &State {
        &self.1
    }

    fn stop(&mut self) {}

    fn is_stopped(&self) -> bool {
        true
    }
}

fn echo(site: &Site) -> Result<Box<dyn Tenant>, String> {
    let description = Description {
        format: "test".into(),
        byte_order: None,
        size_bytes: 0,
        read_only: None,
        exports: Vec::new(),
    };
    Ok(Box::new(Echo(site.host.clone(), State::Serving(description))))
}

#[test]
fn accepting_rests_without_descriptors_and_goes_on_with_them() {
    let limit = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(DESCRIPTORS_MAX), maximum: limit.maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    for backend in [Backend::Auto, Backend::Poll] {
        run_out_and_recover(backend);
    }
}

fn run_out_and_recover(backend: Backend) {
    let (sender, reports) = channel::<Report>();
    let options = PoolOptions { workers: 1, backend, ..PoolOptions::new(sender) };
    let pool = Pool::spawn(options).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let spec = ServiceSpec::new("test".into(), vec![address], Box::new(echo));
    pool.add(ServiceId(1), spec).unwrap();
    let posix::Progress::Serving { addresses, .. } = reports.recv().unwrap().progress else {
        panic!("it serves");
    };
    let mut inside = Vec::new();
    // Both ends are ours: at some point there is a descriptor for the client, and none for the
    // worker.
    let mut spare = File::open("/dev/null").ok();
    let mut outside = loop {
        let client = TcpStream::connect(addresses[0]).or_else(|_| {
            spare = None;
            TcpStream::connect(addresses[0])
        });
        let mut client = client.unwrap();
        if !echoes(&mut client, Duration::from_millis(300)) {
            break client;
        }
        inside.push(client);
    };
    assert!(inside.len() > 20);
    assert!(inside.iter_mut().all(|client| echoes(client, PATIENCE)), "those inside are served");
    drop(inside);
    let mut answer = [0; 4];
    outside.set_read_timeout(Some(PATIENCE)).unwrap();
    outside.read_exact(&mut answer).expect("let in once there is room, its question not lost");
    pool.join().unwrap();
}

fn echoes(client: &mut TcpStream, patience: Duration) -> bool {
    client.set_read_timeout(Some(patience)).unwrap();
    client.write_all(b"ping").is_ok() && client.read_exact(&mut [0; 4]).is_ok()
}
