//! SIGINT and SIGTERM: the first asks for a clean end, one that comes later ends at once. SIGHUP asks
//! for a file to be read again. SIGXFSZ ends nothing.
//!
//! What comes right behind the first belongs to it: a supervisor may signal a process and its
//! group in one breath, as timeout(1) does.

use super::manager;
use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
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

/// From now on the first of these signals is answered by `end`, which asks for a clean end.
pub fn end_by(end: impl FnOnce() + Send + 'static) -> Result<()> {
    let mut signals = Signals::new(ENDING).context("signals cannot be listened to")?;
    spawn(move || {
        if signals.forever().next().is_some() {
            tracing::info!("stopping; another signal in a second or later ends at once");
            manager::tell_stopping();
            end();
            sleep(ECHO);
            end_on_signal();
        }
    })
}

/// From now on SIGHUP is answered by `reload`, each time.
pub fn reload_by(reload: impl Fn() + Send + 'static) -> Result<()> {
    let mut signals = Signals::new([SIGHUP]).context("signals cannot be listened to")?;
    spawn(move || signals.forever().for_each(|_| reload()))
}

fn spawn(wait: impl FnOnce() + Send + 'static) -> Result<()> {
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
