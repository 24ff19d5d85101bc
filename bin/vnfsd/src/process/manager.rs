//! Who started the service and watches over it: systemd, or what speaks like it (sd_notify(3),
//! sd_listen_fds(3)). Without such a one nothing of this does anything.

use anyhow::{Context, Result};
use sd_notify::NotifyState;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::thread::{Builder, sleep};
use std::time::Duration;

/// So many times within the manager's patience it is told that all is well: one may come late.
const BEATS: u32 = 3;

/// Says that clients are let in.
pub fn tell_ready() {
    complain(sd_notify::notify(&[NotifyState::Ready]));
}

/// Says that the end has begun.
pub fn tell_stopping() {
    complain(sd_notify::notify(&[NotifyState::Stopping]));
}

/// Says again and again that all is well, if the manager wants to know (`WatchdogSec=`), as long as
/// `answers` says so within the time that it is given. If it does not, the manager ends the process and
/// starts another.
pub fn tell_alive_while(answers: impl Fn(Duration) -> bool + Send + 'static) -> Result<()> {
    let Some(patience) = sd_notify::watchdog_enabled() else { return Ok(()) };
    let between = patience / BEATS;
    let beat = move || {
        loop {
            if answers(patience) {
                complain(sd_notify::notify(&[NotifyState::Watchdog]));
            } else {
                tracing::error!(
                    "workers do not answer: the service manager is not told that all is well"
                );
            }
            sleep(between);
        }
    };
    let thread = Builder::new().name("watchdog".to_owned()).spawn(beat);
    thread.map(drop).context("a thread cannot be started")
}

/// Gives a descriptor into keeping: after a restart [`kept`] finds it by its name.
pub fn keep(name: &str, descriptor: BorrowedFd<'_>) {
    let states = [NotifyState::FdStore, NotifyState::FdName(name)];
    complain(sd_notify::notify_with_fds(&states, &[descriptor]));
}

/// Lets go of what was given into keeping under this name.
pub fn give_up(name: &str) {
    complain(sd_notify::notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]));
}

/// The descriptor that was given into keeping under this name.
pub fn kept(name: &str) -> Option<RawFd> {
    match sd_notify::listen_fds_with_names() {
        Ok(mut all) => all.find(|(_, label)| label == name).map(|(number, _)| number),
        Err(error) => {
            tracing::warn!("descriptors handed over by the service manager are not used: {error}");
            None
        }
    }
}

fn complain(told: io::Result<()>) {
    if let Err(error) = told {
        tracing::warn!("the service manager (NOTIFY_SOCKET) cannot be told: {error}");
    }
}
