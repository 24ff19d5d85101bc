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
//! | `descriptors` | as many connections as the system allows |
//! | `signals` | the two ways to end |

mod descriptors;
mod exports;
mod network;
mod ready;
mod signals;
mod source;

use crate::cli;
use anyhow::{Context, Result, bail};
use network::Network;
use posix::{Backend, Budgets, Progress, Report, ServiceId, ServiceSpec, Worker, WorkerOptions};
use ready::Announcement;
use service::{Config, ImageOptions, Limits, ProcessLimits};
use source::Source;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// The only service of its worker.
const SERVICE: ServiceId = ServiceId(1);

/// Serves until a signal or a failure ends it.
pub fn run(options: &cli::Serve) -> Result<()> {
    let name = source::name(options);
    let network = Network::open(options, &name)?;
    let exports = exports::choose(&options.export, network.is_this_machines_own())?;
    let source = Source::open(options)?;
    let (source_shown, place) = (source.shown(), network.place());
    let announcement = Announcement { source: source_shown, rules: *exports.rules(), place };
    descriptors::raise_limit();
    network.await_free();
    let (reporter, reports) = channel();
    let worker = WorkerOptions {
        name: "worker".to_owned(),
        backend: backend(options.backend),
        reports: reporter,
        budgets: Budgets::new(&ProcessLimits::default().at_least_for(&limits(options))),
    };
    let worker = Worker::spawn(worker).context("the worker cannot be started")?;
    tracing::debug!("sockets and disks through {}", worker.backend());
    worker.add(SERVICE, spec(name, options, source, exports, network))?;
    let worker = Arc::new(worker);
    signals::stop_on_signal(worker.clone(), SERVICE)?;
    watch(&reports, &announcement)
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

fn spec(
    name: String,
    options: &cli::Serve,
    source: Source,
    exports: nfs::Exports,
    network: Network,
) -> ServiceSpec {
    let limits = limits(options);
    let use_of_image = ImageOptions {
        read_only: options.read_only,
        log: !options.no_journal,
        discard: options.discard,
    };
    let (listen, link, config) = network.into_parts();
    let spec = ServiceSpec::service(name.clone(), listen, move |site| {
        let exports = exports.list().to_vec();
        let source = source.attach(site, use_of_image);
        Ok(Config { name, source, exports, limits, network: network::of_service(site, config)? })
    });
    ServiceSpec { link, ..spec }
}

/// Passes news of the service on until there is no more of it.
fn watch(reports: &Receiver<Report>, announcement: &Announcement) -> Result<()> {
    for report in reports {
        match report.progress {
            Progress::Serving { description, addresses } => {
                announcement.make(&description, &addresses);
            }
            Progress::Failed(reason) => bail!("{}: {reason}", announcement.source),
            Progress::Stopped => return Ok(()),
        }
    }
    bail!("{}: the worker ended without a word", announcement.source)
}
