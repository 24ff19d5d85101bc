//! Load on several services at once: a load generator for each.

use super::site::Site;
use crate::bench::servers::Programs;
use serde_json::Value;
use std::process::{Child, Command, Stdio};

/// What is asked of each.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The load generator's name of it.
    pub workload: &'static str,
    /// Connections and calls outstanding on each.
    pub shape: &'static str,
    /// How long, in seconds.
    pub seconds: f64,
    /// Whether files are made that are not there, which it needs once.
    pub makes_files: bool,
}

/// Before a measurement: until all load generators are at work, and what rates let through at once is
/// used up.
pub const WARM_UP_SECONDS: f64 = 1.5;

/// A load generator, which ends with its owner.
pub struct Generator(Option<Child>);

impl Load {
    /// Sets a load generator on a service.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn begin(self, programs: &Programs, site: &Site, index: u32) -> Result<Generator, String> {
        let Self { workload, shape, seconds, makes_files } = self;
        let ((host, port), seconds) = (site.address(index), seconds.to_string());
        let mut command = Command::new(programs.program("nfsload"));
        command.args(["bench", "--workloads", workload, "--shapes", shape, "--secs", &seconds]);
        command.args(["--warmup", &WARM_UP_SECONDS.to_string(), "--repeat", "1"]);
        command.args(["--entries", "100", "--big-mib", "1", "--write-mib", "1"]);
        command.args(["--host", &host, "--nfs-port", &port.to_string(), "--table", "/dev/null"]);
        if !makes_files {
            command.arg("--read-only");
        }
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        spawned.map(|child| Generator(Some(child))).map_err(|why| format!("nfsload: {why}"))
    }

    /// Replies in a second of the first `count` services of a fleet together, at work at the same time.
    ///
    /// # Errors
    /// If one gives a wrong answer or none.
    pub fn on(self, programs: &Programs, site: &Site, count: u32) -> Result<f64, String> {
        let begun = (0..count).map(|index| self.begin(programs, site, index));
        let generators = begun.collect::<Result<Vec<_>, _>>()?;
        generators.into_iter().map(Generator::replies_per_s).sum()
    }
}

impl Generator {
    /// Makes sure that it has not given up.
    ///
    /// # Errors
    /// If it has ended.
    pub fn stay_at_work(&mut self) -> Result<(), String> {
        let ended = self.0.as_mut().and_then(|child| child.try_wait().transpose());
        match ended {
            None => Ok(()),
            Some(how) => Err(format!("nfsload ended before it was told to: {how:?}")),
        }
    }

    /// What it says, once it has ended.
    fn replies_per_s(mut self) -> Result<f64, String> {
        let child = self.0.take().ok_or("nfsload has ended")?;
        let output = child.wait_with_output().map_err(|why| format!("nfsload: {why}"))?;
        let (said, complaint) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(format!("nfsload: {}: {}", output.status, complaint.trim()));
        }
        let line: Value = serde_json::from_str(&said).map_err(|why| format!("{said:?}: {why}"))?;
        line["ops_per_s"].as_f64().ok_or_else(|| format!("nfsload does not say how many: {said}"))
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
