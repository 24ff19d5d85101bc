//! What services cost that nobody talks to, and how soon they answer who does.

use super::site::{Fleet, NETWORKS, Network, PORTS_MAX, Site};
use crate::bench::process::{Activity, Memory, descriptors_max};
use crate::bench::results::median;
use crate::bench::servers::{Process, Programs};
use crate::bench::settings::Settings;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Services in a fleet.
const COUNTS: [u32; 4] = [1, 100, 1000, 10_000];
/// Services asked for the first time: the host's kernel remembers 1024 neighbours.
const SAMPLE: u32 = 200;
/// Images checked at the end, of those that were opened and of those that were not.
const CHECKED: u32 = 10;
/// Descriptors that are not for sockets of services.
const DESCRIPTORS_KEPT: u32 = 1000;
/// Where these fleets are.
const PLACE: u8 = 30;

/// A process that nothing wakes for so long has come to rest.
const REST: Duration = Duration::from_secs(2);
/// How often that is waited for at most.
const RESTS_MAX: u32 = 20;

/// A fleet that nobody talks to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Density {
    /// How it is reached.
    pub network: Network,
    /// How many services.
    pub services: u32,
    /// From the start of the process until all of them are there.
    pub start_seconds: f64,
    /// Memory of the process at rest.
    pub resident_kib: f64,
    /// Wake-ups of all its threads in a second at rest.
    pub wakeups_per_s: f64,
    /// Its processor time in a second at rest, in milliseconds.
    pub processor_ms_per_s: f64,
    /// First answers.
    pub first: FirstAnswers,
    /// From the signal until the process has ended.
    pub stop_seconds: f64,
}

/// How long services take for their first answer, from the first packet on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FirstAnswers {
    /// How many answered.
    pub answered: f64,
    /// Half of them within this, microseconds.
    #[serde(rename(deserialize = "first_answer_p50_us"))]
    pub p50_us: f64,
    /// All but a hundredth of them.
    #[serde(rename(deserialize = "first_answer_p99_us"))]
    pub p99_us: f64,
    /// All of them.
    #[serde(rename(deserialize = "first_answer_max_us"))]
    pub max_us: f64,
}

/// Measures all sizes both ways.
///
/// # Errors
/// What could not be started or went wrong, or an image that is not clean.
pub fn measure(
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<Vec<Density>, String> {
    // One set of images for all: made by the largest.
    Site::of(Network::Switch, PLACE, COUNTS[COUNTS.len() - 1]).prepare(programs, folder)?;
    let mut rows = Vec::new();
    for network in NETWORKS {
        for count in COUNTS {
            let site = Site::of(network, PLACE, count.min(most(network)?));
            let run = |_| one(programs, folder, &site, settings);
            let runs = (0..settings.repeats).map(run).collect::<Result<Vec<_>, _>>()?;
            let row = Density::of(&site, &runs);
            eprintln!("{row:?}");
            rows.push(row);
        }
    }
    Ok(rows)
}

/// As many services as can be had: on sockets of the host each takes two descriptors.
fn most(network: Network) -> Result<u32, String> {
    match network {
        Network::Switch => Ok(u32::MAX),
        Network::Sockets => {
            Ok((descriptors_max()?.saturating_sub(DESCRIPTORS_KEPT) / 2).clamp(1, PORTS_MAX))
        }
    }
}

fn one(
    programs: &Programs,
    folder: &Path,
    site: &Site,
    settings: &Settings,
) -> Result<Density, String> {
    let fleet = site.start(programs, folder)?;
    come_to_rest(&fleet)?;
    let memory = Memory::of(&fleet.process())?;
    let seconds = settings.seconds * 20.0;
    let idle = activity(&fleet, Duration::from_secs_f64(seconds))?;
    let first = ask(programs, site)?;
    let start = fleet.start;
    let stop = fleet.end()?;
    check(programs, folder, site)?;
    Ok(Density {
        network: site.network,
        services: site.count(),
        start_seconds: start.as_secs_f64(),
        resident_kib: memory.resident_kib,
        wakeups_per_s: idle.wakeups / seconds,
        processor_ms_per_s: idle.processor_seconds * 1e3 / seconds,
        first,
        stop_seconds: stop.as_secs_f64(),
    })
}

/// Waits until announcements of addresses and the like are over.
fn come_to_rest(fleet: &Fleet) -> Result<(), String> {
    for _ in 0..RESTS_MAX {
        if activity(fleet, REST)?.wakeups == 0.0 {
            return Ok(());
        }
    }
    eprintln!("bench: the fleet does not come to rest");
    Ok(())
}

fn activity(fleet: &Fleet, length: Duration) -> Result<Activity, String> {
    let before = Activity::of(&fleet.process())?;
    std::thread::sleep(length);
    Ok(Activity::of(&fleet.process())?.since(before))
}

/// Asks a sample of services for the first time.
fn ask(programs: &Programs, site: &Site) -> Result<FirstAnswers, String> {
    let ((host, port), count) = (site.address(0), site.count().min(SAMPLE));
    let (port, count) = (port.to_string(), count.to_string());
    let whom = ["fleet", "--host", &host, "--nfs-port", &port, "--count", &count];
    let words = [&whom[..], &["--by", site.network.step()]].concat();
    let said = Process::output(&programs.program("nfsload"), &words)?;
    serde_json::from_str(&said).map_err(|why| format!("{said:?}: {why}"))
}

/// Finds the images of some services clean that were asked, and of some that were not.
fn check(programs: &Programs, folder: &Path, site: &Site) -> Result<(), String> {
    let count = site.count();
    for index in (0..count).filter(|index| *index < CHECKED || *index + CHECKED >= count) {
        let image = site.image(folder, index);
        let output = Command::new(programs.program("vnfsd")).arg("fsck").arg(&image).output();
        let output = output.map_err(|why| format!("vnfsd fsck: {why}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            return Err(format!("{} is not clean: {}", image.display(), said.trim()));
        }
    }
    Ok(())
}

impl Density {
    fn of(site: &Site, runs: &[Self]) -> Self {
        let middle = |of: fn(&Self) -> f64| median(runs.iter().map(of).collect());
        Self {
            network: site.network,
            services: site.count(),
            start_seconds: middle(|run| run.start_seconds),
            resident_kib: middle(|run| run.resident_kib),
            wakeups_per_s: middle(|run| run.wakeups_per_s),
            processor_ms_per_s: middle(|run| run.processor_ms_per_s),
            first: FirstAnswers {
                answered: middle(|run| run.first.answered),
                p50_us: middle(|run| run.first.p50_us),
                p99_us: middle(|run| run.first.p99_us),
                max_us: middle(|run| run.first.max_us),
            },
            stop_seconds: middle(|run| run.stop_seconds),
        }
    }

    /// What each service takes beyond the first, in KiB; `None` for a fleet of one.
    pub fn each_kib(&self, all: &[Self]) -> Option<f64> {
        let is_first = |row: &&Self| row.network == self.network && row.services == 1;
        let first = all.iter().find(is_first).filter(|_| self.services > 1)?;
        Some((self.resident_kib - first.resident_kib) / f64::from(self.services - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_takes_is_beyond_the_first() {
        let row = |services, resident_kib| Density {
            network: Network::Switch,
            services,
            start_seconds: 0.0,
            resident_kib,
            wakeups_per_s: 0.0,
            processor_ms_per_s: 0.0,
            first: FirstAnswers::default(),
            stop_seconds: 0.0,
        };
        let all = [row(1, 1000.0), row(101, 2000.0)];
        assert_eq!((all[0].each_kib(&all), all[1].each_kib(&all)), (None, Some(10.0)));
    }

    #[test]
    fn first_answers_are_read_as_they_are_said() {
        let line = r#"{"services":2,"answered":2,"failed":0,"first_answer_p50_us":1.0,
            "first_answer_p99_us":2.0,"first_answer_max_us":3.0}"#;
        let first: FirstAnswers = serde_json::from_str(line).expect("a line");
        assert_eq!((first.answered, first.p50_us, first.max_us), (2.0, 1.0, 3.0));
    }
}
