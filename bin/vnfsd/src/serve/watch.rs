//! What the main thread does while others serve: passes on what there is to tell, until the end.

use super::ready::Announcement;
use crate::process::manager;
use anyhow::{Result, bail};
use posix::{Pool, Progress, Report, ServiceId};
use std::collections::BTreeSet;
use std::sync::mpsc::Receiver;

/// A pool with one service, and perhaps uplinks of the switch that it is on.
pub struct Watch<'a> {
    /// Its worker.
    pub pool: &'a Pool,
    /// What it reports.
    pub reports: &'a Receiver<Report>,
    /// The service.
    pub service: ServiceId,
    /// The uplinks, which carry its last frames: they end after it.
    pub uplinks: BTreeSet<ServiceId>,
    /// What is told once it serves.
    pub announcement: &'a Announcement,
}

impl Watch<'_> {
    /// Passes news on until everybody has ended.
    ///
    /// # Errors
    /// Why somebody could not go on.
    pub fn until_the_end(mut self) -> Result<()> {
        let (mut is_over, mut failure) = (false, None);
        for Report { service, progress } in self.reports {
            match progress {
                Progress::Serving { description, addresses } if service == self.service => {
                    self.announcement.make(&description, &addresses);
                    manager::tell_ready();
                }
                Progress::Serving { .. } | Progress::Resting { .. } | Progress::Paused => {}
                Progress::ExportsSet(_) => {}
                Progress::Failed(reason) if self.uplinks.remove(&service) => {
                    if self.uplinks.is_empty() {
                        // Nobody reaches the service any more.
                        self.pool.stop(self.service)?;
                        failure = Some(reason);
                    }
                }
                Progress::Failed(reason) => bail!("{}: {reason}", self.announcement.source),
                Progress::Stopped if service == self.service => {
                    is_over = true;
                    self.uplinks.iter().try_for_each(|&uplink| self.pool.stop(uplink))?;
                }
                Progress::Stopped => drop(self.uplinks.remove(&service)),
            }
            if is_over && self.uplinks.is_empty() {
                return failure.map_or(Ok(()), |why| bail!("{}: {why}", self.announcement.source));
            }
        }
        bail!("{}: the worker ended without a word", self.announcement.source)
    }
}
