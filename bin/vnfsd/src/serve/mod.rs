//! `vnfsd serve`: one service on one worker, watched over by the main thread.
//!
//! ```text
//!  main thread ── add, stop ──► worker's thread: service on host
//!       ▲                            │
//!       └──────── reports ───────────┘      signals ── first: stop, second: die
//! ```
//! | file | what it does |
//! |---|---|
//! | `network` | how clients reach it: sockets of this machine, or a link of its own |
//! | `source` | what is served: an image, made first if asked for, or memory |
//! | `exports` | what clients may mount if nothing is said |
//! | `ready` | the one line that says what is served and how to mount it |
//! | `watch` | what the main thread does meanwhile |

mod exports;
pub mod network;
mod ready;
mod source;
mod watch;

use crate::process::{descriptors, manager, signals};
use crate::{cli, confine};
use anyhow::{Context, Result};
use network::Network;
use posix::{Backend, Budgets, Inquiry, Pool, PoolOptions, ServiceId, ServiceSpec, Uplink};
use ready::Announcement;
use service::{Config, ImageOptions, Limits, Opening, ProcessLimits};
use source::Source;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use watch::Watch;

/// The only service of its worker.
const SERVICE: ServiceId = ServiceId(1);

/// Serves until a signal or a failure ends it.
pub fn run(options: &cli::Serve) -> Result<()> {
    signals::bear_limits()?;
    let name = source::name(options);
    let network = Network::open(options, &name)?;
    let exports = exports::choose(&options.export, network.is_this_machines_own())?;
    let source = Source::open(options)?;
    let place = network.own.as_ref().map(|own| own.place.clone());
    let announcement = Announcement { source: source.shown(), exports: exports.clone(), place };
    descriptors::raise_limit();
    posix::await_free(&network.listen);
    confine::service(options, &network.listen)?;
    let (reporter, reports) = channel();
    let pool = PoolOptions {
        workers: 1,
        backend: backend(options.backend),
        budgets: Budgets::new(&ProcessLimits::default().at_least_for(&limits(options))),
        ..PoolOptions::new(reporter)
    };
    let pool = Pool::spawn(pool).context("the worker cannot be started")?;
    confine::seal(options)?;
    tracing::debug!("sockets and disks through {}", pool.backend());
    let (spec, uplinks) = specs(name, options, source, exports, network);
    let uplinks = add_uplinks(&pool, uplinks)?;
    pool.add(SERVICE, spec)?;
    let pool = Arc::new(pool);
    let ended = pool.clone();
    signals::end_by(move || {
        // A worker that has gone has said why.
        let _ = ended.stop(SERVICE);
    })?;
    let watched = pool.clone();
    manager::tell_alive_while(move |patience| answers(&watched, patience))?;
    let (pool, reports, announcement) = (&*pool, &reports, &announcement);
    Watch { pool, reports, service: SERVICE, uplinks, announcement }.until_the_end()
}

/// Whether the worker takes up what it is told. That there is no such service yet, or no more, is an
/// answer, too.
fn answers(pool: &Pool, patience: Duration) -> bool {
    let (reply, answer) = channel();
    let asked = pool.inspect(Inquiry::Service(SERVICE), &reply);
    drop(reply);
    asked.is_ok() && !matches!(answer.recv_timeout(patience), Err(RecvTimeoutError::Timeout))
}

/// Adds what carries frames between a switch and the world.
fn add_uplinks(pool: &Pool, uplinks: Vec<Uplink>) -> Result<BTreeSet<ServiceId>> {
    let ids = (SERVICE.0 + 1..).map(ServiceId);
    let add = |(id, uplink)| pool.add(id, ServiceSpec::uplink(uplink)).map(|()| id);
    Ok(ids.zip(uplinks).map(add).collect::<Result<_, _>>()?)
}

fn backend(backend: cli::Backend) -> Backend {
    match backend {
        cli::Backend::Auto => Backend::Auto,
        cli::Backend::Uring => Backend::Uring,
        cli::Backend::Poll => Backend::Poll,
    }
}

fn limits(options: &cli::Serve) -> Limits {
    Limits { cache_bytes: options.cache, dirty_bytes: options.dirty, ..Limits::default() }
}

/// The service, and what its link needs beside it.
fn specs(
    name: String,
    options: &cli::Serve,
    source: Source,
    exports: nfs::Exports,
    network: Network,
) -> (ServiceSpec, Vec<Uplink>) {
    let limits = limits(options);
    let use_of_image = ImageOptions {
        read_only: options.read_only,
        log: !options.no_journal,
        discard: options.discard,
    };
    let Network { listen, own } = network;
    let (own, uplinks) = own.map(|own| ((own.link, own.config), own.uplinks)).unzip();
    let (link, identity) = own.unzip();
    let spec = ServiceSpec::service(name.clone(), listen, move |site| {
        let exports = exports.list().to_vec();
        let source = source.attach(site, use_of_image);
        let (opening, network) = (Opening::AtOnce, network::of_service(site, identity)?);
        Ok(Config { name, source, opening, exports, limits, network })
    });
    (ServiceSpec { link, ..spec }, uplinks.unwrap_or_default())
}
