//! Many services: whether each of them answers, how soon after its first packet, and with files of
//! its own.

use crate::dataset::Target;
use crate::hist::Hist;
use crate::json::Obj;
use crate::nfs3::{self, Fh};
use crate::{procstat, rpc};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Complaints that are told; the others are only counted.
const COMPLAINTS_TOLD: usize = 5;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the services are.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    pub first: SocketAddr,
    pub count: u64,
    /// From one to the next.
    pub step: Step,
    /// Whether each keeps a file with its number, made or else checked.
    pub mark: Option<Mark>,
}

/// What differs between neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Port,
    Address,
}

/// What is done about the files with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Make,
    Check,
}

impl Fleet {
    fn address(&self, index: u64) -> io::Result<SocketAddr> {
        let past = || io::Error::other(format!("no address for service {index}"));
        let mut address = self.first;
        match self.step {
            Step::Port => {
                let port = u64::from(address.port()) + index;
                address.set_port(u16::try_from(port).map_err(|_| past())?);
            }
            Step::Address => address.set_ip(after(address.ip(), index).ok_or_else(past)?),
        }
        Ok(address)
    }
}

fn after(address: IpAddr, index: u64) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(it) => IpAddr::V4(it.to_bits().checked_add(u32::try_from(index).ok()?)?.into()),
        IpAddr::V6(it) => IpAddr::V6(it.to_bits().checked_add(index.into())?.into()),
    })
}

/// Asks every service once, one after another. Says whether all is well.
pub fn run(t: &Target, fleet: Fleet) -> (String, bool) {
    let before = t.pid.map(procstat::usage);
    let (mut answers, mut roots, mut complaints) = (Hist::default(), HashSet::new(), Vec::new());
    let (mut failed, started) = (0, Instant::now());
    for index in 0..fleet.count {
        let asked = fleet.address(index).and_then(|address| ask(t, address, index, fleet.mark));
        let own = asked.and_then(|(taken, root)| match roots.insert(root.bytes().to_vec()) {
            true => Ok(taken),
            false => Err(io::Error::other("its root is another service's, too")),
        });
        match own {
            Ok(taken) => answers.record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX)),
            Err(why) => {
                failed += 1;
                complaints.push(format!("service {index}: {why}"));
                complaints.truncate(COMPLAINTS_TOLD);
            }
        }
    }
    let mut line = Obj::new()
        .str("target", &t.name)
        .int("services", fleet.count)
        .int("answered", answers.count())
        .int("failed", failed)
        .num("secs", started.elapsed().as_secs_f64(), 3)
        .num("first_answer_p50_us", answers.quantile_us(0.5), 1)
        .num("first_answer_p99_us", answers.quantile_us(0.99), 1)
        .num("first_answer_max_us", answers.max_us(), 1);
    if let Some((pid, before)) = t.pid.zip(before) {
        let after = procstat::usage(pid);
        line = line.int("server_rss_kib_before", before.rss_kib);
        line = line.int("server_rss_kib", after.rss_kib).int("server_threads", after.threads);
        line = line.int("server_fds", after.fds).int("server_processes", after.processes);
    }
    for complaint in &complaints {
        eprintln!("nfsload: {complaint}");
    }
    (line.end(), failed == 0)
}

/// Mounts one service. Returns its root, and how long its first answer about files took from the
/// first packet on.
fn ask(
    t: &Target,
    address: SocketAddr,
    index: u64,
    mark: Option<Mark>,
) -> io::Result<(Duration, Fh)> {
    let started = Instant::now();
    let client = |program| rpc::Client::connect(address, program, nfs3::V3, t.cred());
    let mut mounting = client(nfs3::MOUNT_PROGRAM)?;
    mounting.set_timeout(PATIENCE)?;
    let root = nfs3::mount(&mut mounting, &t.export)?;
    let taken = started.elapsed();
    let mut files = client(nfs3::NFS_PROGRAM)?;
    files.set_timeout(PATIENCE)?;
    nfs3::fsinfo(&mut files, &root)?;
    let name = format!("service-{index}");
    match mark {
        None => {}
        Some(Mark::Make) => drop(nfs3::ensure_file(&mut files, &root, &name)?),
        Some(Mark::Check) => {
            let found = nfs3::lookup(&mut files, &root, &name)?;
            found.ok_or_else(|| io::Error::other(format!("{name} is not there")))?;
        }
    }
    Ok((taken, root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(first: &str, step: Step) -> Fleet {
        Fleet { first: first.parse().unwrap(), count: 9, step, mark: None }
    }

    #[test]
    fn neighbours_follow_each_other() {
        let address = |first, step, index| fleet(first, step).address(index).ok();
        let expect = |text: &str| Some(text.parse().unwrap());
        assert_eq!(address("127.0.0.1:7", Step::Port, 3), expect("127.0.0.1:10"));
        assert_eq!(address("127.0.0.1:65535", Step::Port, 1), None);
        assert_eq!(address("10.0.0.255:7", Step::Address, 2), expect("10.0.1.1:7"));
        assert_eq!(address("[fd00::ffff]:7", Step::Address, 1), expect("[fd00::1:0]:7"));
        assert_eq!(address("255.255.255.255:7", Step::Address, 1), None);
    }
}
