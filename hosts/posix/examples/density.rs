//! What thousands of services cost that nobody talks to.
//!
//! ```text
//! density sockets|resting|switch SERVICES [WORKERS]
//! ```
//!
//! Adds that many services, to addresses of this host (memory, or images that are never opened), or
//! to ports of a switch with a stack each, and prints: seconds until all are ready; resident bytes of
//! each; how often workers woke up, and their processor time, in two idle seconds; seconds to stop all.
//! Two descriptors for each that has sockets: `ulimit -n`.

use net::{AddressSource, Prefix};
use posix::{
    Access, Pool, PoolOptions, Progress, Report, ServiceId, ServiceSpec, SharedSwitch, Site, Vlan,
    WorkerStatus,
};
use service::{Config, ImageOptions, Limits, Network, Opening, Source};
use std::fs;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long nothing happens before resident memory is looked at: what is spare is given back then.
const SETTLING: Duration = Duration::from_millis(2500);

/// How long idle workers are watched.
const IDLE: Duration = Duration::from_secs(2);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, count, rest @ ..] = &words[..] else { panic!("see the top of this file") };
    let count: u64 = count.parse().expect("a number of services");
    let workers = rest.first().map_or(1, |text| text.parse().expect("a number of workers"));
    let (sender, reports) = channel();
    let options = PoolOptions { workers, ..PoolOptions::new(sender) };
    let pool = Pool::spawn(options).expect("the workers start");
    let switch = SharedSwitch::new("lan", None).expect("a switch");
    let spec = |number| match kind.as_str() {
        "sockets" => on_sockets(number, false),
        "resting" => on_sockets(number, true),
        "switch" => on_switch(number, &switch),
        _ => panic!("see the top of this file"),
    };
    // The first pays for what all share.
    add(&pool, &reports, (0..1).map(|_| spec(count)), count);
    let (before, started) = (resident_bytes(), Instant::now());
    add(&pool, &reports, (0..count).map(spec), 0);
    let ready = started.elapsed();
    sleep(SETTLING);
    let each = resident_bytes().saturating_sub(before) / count;
    println!("ready after {:.2} s; {each} bytes resident each", ready.as_secs_f64());
    let (wakes, busy) = (wake_ups(), processor_ns(&pool.workers()));
    sleep(IDLE);
    let (wakes, busy) = (wake_ups() - wakes, processor_ns(&pool.workers()) - busy);
    println!("idle for {} s: woken {wakes} times, {busy} ns of processor time", IDLE.as_secs());
    let started = Instant::now();
    pool.stop_all();
    (0..=count).for_each(|_| drop(reports.recv().expect("each reports its end")));
    println!("stopped after {:.2} s", started.elapsed().as_secs_f64());
    pool.join().expect("the workers end");
}

/// Adds services and waits until all are ready.
fn add(
    pool: &Pool,
    reports: &Receiver<Report>,
    specs: impl Iterator<Item = ServiceSpec>,
    first: u64,
) {
    let mut waiting = 0;
    for (number, spec) in (first..).zip(specs) {
        pool.add(ServiceId(number), spec).expect("the worker lives");
        waiting += 1;
    }
    for _ in 0..waiting {
        match reports.recv().expect("the workers report").progress {
            Progress::Serving { .. } | Progress::Resting { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

fn on_sockets(number: u64, rests: bool) -> ServiceSpec {
    let listen = vec!["127.0.0.1:0".parse().expect("an address")];
    ServiceSpec::service(format!("service {number}"), listen, move |site| {
        let network = Network::Host { port: site.port() };
        Ok(config(number, source(site, number, rests), network))
    })
}

fn on_switch(number: u64, switch: &SharedSwitch) -> ServiceSpec {
    let [.., second, third, fourth] = number.to_be_bytes();
    let mac = [2, 0, 0, second, third, fourth];
    let vlan = Vlan::new((1 + number / 4000) as u16).expect("a VLAN");
    let link = switch.card(vlan, mac, Default::default()).expect("a card");
    let spec = ServiceSpec::service(format!("service {number}"), Vec::new(), move |site| {
        let address: IpAddr = [10, second, third, fourth].into();
        let network = net::Config {
            mac,
            addresses: vec![AddressSource::Fixed(Prefix { address, bits: 8 })],
            gateways: Vec::new(),
            detects_duplicates: false,
            stable_secret: None,
        };
        let link = site.link.clone().ok_or("it has no link")?;
        Ok(config(number, source(site, number, true), Network::Own { link, config: network }))
    });
    ServiceSpec { link: Some(link), ..spec }
}

fn source(site: &Site, number: u64, rests: bool) -> Source {
    if !rests {
        return Source::Memory { size_bytes: 64 << 20, id: number };
    }
    let backing = site.image(format!("/nowhere/{number}.img").into(), Access::ReadWrite);
    Source::Image { backing, options: ImageOptions::default() }
}

fn config(number: u64, source: Source, network: Network) -> Config {
    let exports = vec!["/".parse().expect("an export")];
    let (name, opening) = (format!("service {number}"), Opening::WhenUsed);
    Config { name, source, opening, exports, limits: Limits::default(), network }
}

/// Resident memory of this process.
fn resident_bytes() -> u64 {
    let statistics = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statistics.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number of pages") * 4096
}

/// How often threads of this process went to sleep so far, but the one that asks.
fn wake_ups() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let own = std::process::id().to_string();
    let others = tasks.filter(|task| task.file_name().to_str() != Some(&own));
    others
        .map(|task| {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
        })
        .sum()
}

fn processor_ns(workers: &[WorkerStatus]) -> u64 {
    workers.iter().map(|worker| worker.processor_ns).sum()
}
