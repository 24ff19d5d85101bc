//! A signal in the middle of a change: what has begun is brought to a clean end.

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody wants us to stop.
#[derive(Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on a first signal is noted, and a second one ends the process.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let listens = flag::register_conditional_default(signal, interrupt.0.clone())
                .and_then(|_| flag::register(signal, interrupt.0.clone()));
            listens.context("signals cannot be listened to")?;
        }
        Ok(interrupt)
    }

    /// Ends what is done between two checks.
    ///
    /// # Errors
    /// If there was a signal.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            bail!("interrupted; what was done until now is kept");
        }
        Ok(())
    }
}
