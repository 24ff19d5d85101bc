//! SIGINT and SIGTERM: the first asks for a clean end, the second ends at once.

use anyhow::{Context, Result};
use posix::{ServiceId, Worker};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::Builder;

const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// From now on the first of these signals stops `service`.
pub fn stop_on_signal(worker: Arc<Worker>, service: ServiceId) -> Result<()> {
    let mut signals = listen().context("signals cannot be listened to")?;
    let wait = move || {
        if signals.forever().next().is_some() {
            tracing::info!("stopping; a second signal ends at once");
            // A worker that has gone has said why.
            let _ = worker.stop(service);
        }
    };
    Builder::new().name("signals".to_owned()).spawn(wait).context("a thread cannot be started")?;
    Ok(())
}

fn listen() -> std::io::Result<Signals> {
    let seen = Arc::new(AtomicBool::new(false));
    for signal in ENDING {
        // In this order: the first signal finds the flag unset, and sets it.
        flag::register_conditional_default(signal, seen.clone())?;
        flag::register(signal, seen.clone())?;
    }
    Signals::new(ENDING)
}
