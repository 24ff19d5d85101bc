//! One directory that grows, and what its names cost the server.

use crate::dataset::Target;
use crate::json::Obj;
use crate::{nfs3, procstat};
use std::io;

/// Steps before the first that is measured.
const WARMING_STEPS: usize = 5;

/// How a directory grows.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// Names in it at the end.
    pub names: usize,
    /// Names behind each figure.
    pub step: usize,
    /// How many directories, one after another.
    pub repeat: u64,
}

/// Makes the directories; `say` is told a line for each step.
pub fn run(t: &Target, growth: Growth, mut say: impl FnMut(String)) -> io::Result<()> {
    let pid = t.pid.ok_or_else(|| io::Error::other("grow needs --server-pid"))?;
    let root = t.root()?;
    let mut c = t.client()?;
    // What a server's first calls cost, once, is no directory's.
    let warming = nfs3::ensure_dir(&mut c, &root, &format!("grow-{}", std::process::id()))?;
    nfs3::create_many(&mut c, &warming, WARMING_STEPS * growth.step, name)?;
    for rep in 0..growth.repeat {
        let dir = nfs3::ensure_dir(&mut c, &warming, &format!("grow-{rep}"))?;
        let mut before = procstat::cpu_nanoseconds(pid);
        for first in (0..growth.names).step_by(growth.step) {
            let count = growth.step.min(growth.names - first);
            nfs3::create_many(&mut c, &dir, count, |i| name(first + i))?;
            let now = procstat::cpu_nanoseconds(pid);
            let cpu_us = now.saturating_sub(before) as f64 / 1e3 / count as f64;
            before = now;
            let line = Obj::new().str("target", &t.name).int("rep", rep);
            let line = line.int("names", (first + count) as u64);
            say(line.num("server_cpu_us_per_name", cpu_us, 2).end());
        }
    }
    Ok(())
}

fn name(index: usize) -> String {
    format!("name {index:06}")
}
