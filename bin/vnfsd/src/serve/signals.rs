//! SIGINT and SIGTERM: the first asks for a clean end, one that comes later ends at once. SIGXFSZ ends
//! nothing.
//!
//! What comes right behind the first belongs to it: a supervisor may signal a process and its
//! group in one breath, as timeout(1) does.

use super::manager;
use anyhow::{Context, Result};
use posix::{Pool, ServiceId};
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{Builder, sleep};
use std::time::Duration;

const ENDING: [i32; 2] = [SIGINT, SIGTERM];

/// How long further signals are taken for the first one's echo.
const ECHO: Duration = Duration::from_secs(1);

/// From now on a file that may grow no longer (`ulimit -f`) is an error of its write, as a full disk is,
/// and not the end of the process.
pub fn bear_limits() -> Result<()> {
    let register = flag::register(SIGXFSZ, Arc::default());
    register.map(drop).context("signals cannot be listened to")
}

/// From now on the first of these signals stops `service`.
pub fn stop_on_signal(pool: Arc<Pool>, service: ServiceId) -> Result<()> {
    let mut signals = Signals::new(ENDING).context("signals cannot be listened to")?;
    let wait = move || {
        if signals.forever().next().is_some() {
            tracing::info!("stopping; another signal in a second or later ends at once");
            manager::tell_stopping();
            // A worker that has gone has said why.
            let _ = pool.stop(service);
            sleep(ECHO);
            end_on_signal();
        }
    };
    Builder::new().name("signals".to_owned()).spawn(wait).context("a thread cannot be started")?;
    Ok(())
}

/// From now on each of these signals ends the process as if nobody listened.
fn end_on_signal() {
    for signal in ENDING {
        let always = Arc::new(AtomicBool::new(true));
        if let Err(error) = flag::register_conditional_default(signal, always) {
            tracing::warn!("only SIGKILL ends this at once: {error}");
        }
    }
}
