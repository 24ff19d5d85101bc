//! nfsload: load generator and side-by-side bench for NFSv3 servers.

mod dataset;
mod engine;
mod fleet;
mod flows;
mod grow;
mod hist;
mod json;
mod limits;
mod nfs3;
mod pattern;
mod procstat;
mod rpc;
mod xdr;

use dataset::{Dataset, Shape, Target};
use engine::{Stats, Window};
use json::Obj;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: nfsload bench   [target options] [--workloads LIST|all|read] [--shapes 1x1,1x16,8x4]
                       [--secs 2] [--warmup 0.3] [--repeat 3] [--table FILE] [--one-core]
       nfsload prep    [target options]            make the dataset, nothing else
       nfsload files   --dir DIR [--entries N] [--big-mib N]
                       make what the read workloads need in a local directory
       nfsload startup [target options] [--repeat 5] [--idle-secs 1] -- COMMAND...
       nfsload scale   [target options] [--steps 1,100,1000] [--touch]
       nfsload grow    [target options] [--names 100000] [--step 1000] [--repeat 1]
       nfsload fleet   [target options] --count N [--by port|address] [--mark make|check]
                       ask each of N services once, on ports or addresses that follow each other
       nfsload limits  [--dir DIR] [--secs 1] [--tap]

target options, for one server:
  --host 127.0.0.1 --nfs-port 2049 --mount-port 20048 --export / [--server-pid PID]
  [--name NAME] [--uid 0] [--read-only]
or, for several servers side by side, once each:
  --target name=NAME,host=HOST,nfs=PORT,mount=PORT,export=PATH,pid=PID
dataset options: --entries 10000 --big-mib 256 --write-mib 64 --verify edges|full|none
See README.md.";

type Result<T> = std::result::Result<T, String>;

/// Options as `--key value`; a key may come more than once.
struct Args {
    opts: BTreeMap<String, Vec<String>>,
    rest: Vec<String>,
}

const FLAGS: [&str; 4] = ["read-only", "touch", "tap", "one-core"];

impl Args {
    fn parse(argv: impl Iterator<Item = String>) -> Result<Args> {
        let mut a = Args { opts: BTreeMap::new(), rest: Vec::new() };
        let mut argv = argv;
        while let Some(w) = argv.next() {
            if w == "--" {
                a.rest = argv.collect();
                break;
            }
            let key = w.strip_prefix("--").ok_or_else(|| format!("unexpected argument {w:?}"))?;
            let v = if FLAGS.contains(&key) {
                String::new()
            } else {
                argv.next().ok_or_else(|| format!("--{key} needs a value"))?
            };
            a.opts.entry(key.to_string()).or_default().push(v);
        }
        Ok(a)
    }
    fn has(&self, key: &str) -> bool {
        self.opts.contains_key(key)
    }
    fn get<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.opts.get(key).and_then(|v| v.last()).map_or(default, String::as_str)
    }
    fn num<T: std::str::FromStr>(&self, key: &str, default: &str) -> Result<T> {
        let v = self.get(key, default);
        v.parse().map_err(|_| format!("--{key}: bad value {v:?}"))
    }
    fn only(&self, known: &[&str]) -> Result<()> {
        const COMMON: [&str; 14] = [
            "host",
            "nfs-port",
            "mount-port",
            "export",
            "server-pid",
            "name",
            "uid",
            "read-only",
            "target",
            "entries",
            "big-mib",
            "write-mib",
            "verify",
            "threads",
        ];
        match self
            .opts
            .keys()
            .find(|k| !known.contains(&k.as_str()) && !COMMON.contains(&k.as_str()))
        {
            Some(k) => Err(format!("unknown option --{k}")),
            None => Ok(()),
        }
    }

    fn targets(&self) -> Result<Vec<Target>> {
        let base = Target {
            name: self.get("name", "server").to_string(),
            host: self.get("host", "127.0.0.1").to_string(),
            nfs_port: self.num("nfs-port", "2049")?,
            mount_port: self.num("mount-port", self.get("nfs-port", "2049"))?,
            export: self.get("export", "/").to_string(),
            pid: match self.get("server-pid", "") {
                "" => None,
                _ => Some(self.num("server-pid", "")?),
            },
            uid: self.num("uid", "0")?,
            read_only: self.has("read-only"),
        };
        let Some(specs) = self.opts.get("target") else { return Ok(vec![base]) };
        specs
            .iter()
            .map(|spec| {
                let mut t = base.clone();
                let (mut nfs, mut mount) = (None, None);
                for kv in spec.split(',') {
                    let (k, v) = kv
                        .split_once('=')
                        .ok_or_else(|| format!("--target: {kv:?} is not key=value"))?;
                    let bad = || format!("--target: bad value {kv:?}");
                    match k {
                        "name" => t.name = v.to_string(),
                        "host" => t.host = v.to_string(),
                        "export" => t.export = v.to_string(),
                        "nfs" => nfs = Some(v.parse().map_err(|_| bad())?),
                        "mount" => mount = Some(v.parse().map_err(|_| bad())?),
                        "pid" => t.pid = Some(v.parse().map_err(|_| bad())?),
                        "ro" => t.read_only = v == "1",
                        _ => return Err(format!("--target: unknown key {k:?}")),
                    }
                }
                t.nfs_port = nfs.unwrap_or(t.nfs_port);
                t.mount_port = mount.or(nfs).unwrap_or(t.mount_port);
                Ok(t)
            })
            .collect()
    }

    fn shape(&self) -> Result<Shape> {
        Ok(Shape {
            entries: self.num::<usize>("entries", "10000")?.clamp(1, 99_999),
            big_bytes: self.num::<u64>("big-mib", "256")?.max(1) << 20,
            write_bytes: self.num::<u64>("write-mib", "64")?.max(1) << 20,
            verify: match self.get("verify", "edges") {
                "none" => pattern::Verify::None,
                "edges" => pattern::Verify::Edges,
                "full" => pattern::Verify::Full,
                v => return Err(format!("--verify: bad value {v:?}")),
            },
        })
    }
}

fn main() -> ExitCode {
    let mut argv = std::env::args().skip(1);
    let cmd = argv.next().unwrap_or_default();
    let r = match Args::parse(argv) {
        Err(e) => Err(e),
        Ok(a) => match cmd.as_str() {
            "bench" => a
                .only(&["workloads", "shapes", "secs", "warmup", "repeat", "table", "one-core"])
                .and_then(|()| bench(&a)),
            "prep" => a.only(&[]).and_then(|()| prep(&a)),
            "files" => a.only(&["dir"]).and_then(|()| files(&a)),
            "startup" => a.only(&["repeat", "idle-secs"]).and_then(|()| startup(&a)),
            "scale" => a.only(&["steps", "touch"]).and_then(|()| scale(&a)),
            "grow" => a.only(&["names", "step", "repeat"]).and_then(|()| grow(&a)),
            "fleet" => a.only(&["count", "by", "mark"]).and_then(|()| ask_fleet(&a)),
            "limits" => a.only(&["dir", "secs", "tap"]).and_then(|()| {
                let dir = PathBuf::from(a.get("dir", "."));
                println!(
                    "{}",
                    limits::run(&dir, a.num("secs", "1")?, a.has("tap"))
                        .map_err(|e| e.to_string())?
                );
                Ok(true)
            }),
            "" | "-h" | "--help" | "help" => {
                println!("{USAGE}");
                Ok(true)
            }
            c => Err(format!("unknown command {c:?}")),
        },
    };
    match r {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => {
            eprintln!("nfsload: {e}");
            ExitCode::from(2)
        }
    }
}

fn shapes(s: &str) -> Result<Vec<(usize, usize)>> {
    s.split(',')
        .map(|p| {
            let (c, q) = p.split_once('x').unwrap_or((p, "1"));
            match (c.parse(), q.parse()) {
                (Ok(c @ 1..=10_000), Ok(q @ 1..=4096)) => Ok((c, q)),
                _ => Err(format!("--shapes: {p:?} is not CONNECTIONSxOUTSTANDING")),
            }
        })
        .collect()
}

/// One measured run.
struct Run {
    stats: Stats,
    secs: f64,
    /// Server and client CPU seconds inside the window.
    server_cpu: Option<f64>,
    client_cpu: f64,
}

/// What a server is asked to do in one run.
struct Load<'a> {
    workload: &'a str,
    conns: usize,
    depth: usize,
    threads: usize,
    warmup: Duration,
    length: Duration,
    /// A number of the run's own, so that it makes names of its own.
    serial: u64,
}

fn measure(t: &Target, ds: &Dataset, load: &Load<'_>) -> io::Result<Run> {
    let Load { workload, conns, depth, threads, warmup, length, serial } = *load;
    let addr = t.addr(t.nfs_port)?;
    let mut socks: Vec<TcpStream> =
        (0..conns).map(|_| engine::connect(addr)).collect::<io::Result<_>>()?;
    let mut flows = Vec::new();
    for i in 0..conns {
        flows.push(flows::make(workload, ds, i, depth, serial).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("no workload {workload:?}"))
        })?);
    }
    let threads = threads.clamp(1, conns);
    let from = Instant::now() + warmup;
    let w = Window { from, until: from + length, give_up: from + length + Duration::from_secs(60) };
    let cred = t.cred();
    let per = conns.div_ceil(threads);
    let mut stats = Stats::default();
    let (mut server_cpu, mut client_cpu) = (None, 0.0);
    std::thread::scope(|s| {
        let mut workers = Vec::new();
        while !socks.is_empty() {
            let n = per.min(socks.len());
            let (a, b): (Vec<_>, Vec<_>) = (socks.drain(..n).collect(), flows.drain(..n).collect());
            let cred = cred.clone();
            workers.push(s.spawn(move || engine::run(a, b, depth, &cred, w)));
        }
        let sample = |at: Instant| {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            (t.pid.map(procstat::cpu_seconds), procstat::own_cpu_seconds())
        };
        let (a, b) = (sample(w.from), sample(w.until));
        server_cpu = a.0.zip(b.0).map(|(x, y)| y - x);
        client_cpu = b.1 - a.1;
        for wk in workers {
            match wk.join() {
                Ok(st) => stats.merge(st),
                Err(_) => stats.aborted = Some("load thread panicked".into()),
            }
        }
    });
    Ok(Run { stats, secs: length.as_secs_f64(), server_cpu, client_cpu })
}

fn run_json(t: &Target, workload: &str, conns: usize, depth: usize, rep: u64, r: &Run) -> String {
    let all = r.stats.all();
    let ops = all.count() as f64;
    let mut per = Obj::new();
    for (i, h) in r.stats.per_proc.iter().enumerate() {
        if let Some(h) = h {
            let o = Obj::new()
                .int("count", h.count())
                .num("p50_us", h.quantile_us(0.5), 1)
                .num("p99_us", h.quantile_us(0.99), 1)
                .end();
            per = per.raw(nfs3::PROC_NAMES[i], &o);
        }
    }
    let mut errors = Obj::new();
    for (k, v) in &r.stats.errors {
        errors = errors.int(k, *v);
    }
    let mut o = Obj::new()
        .str("target", &t.name)
        .str("workload", workload)
        .int("conns", conns as u64)
        .int("depth", depth as u64)
        .int("rep", rep)
        .num("secs", r.secs, 2)
        .int("ops", all.count())
        .num("ops_per_s", ops / r.secs, 1)
        .num("mb_per_s", r.stats.bytes as f64 / r.secs / 1e6, 2)
        .num("items_per_s", r.stats.items as f64 / r.secs, 1)
        .num("mean_us", all.mean_us(), 1)
        .num("p50_us", all.quantile_us(0.5), 1)
        .num("p90_us", all.quantile_us(0.9), 1)
        .num("p99_us", all.quantile_us(0.99), 1)
        .num("p999_us", all.quantile_us(0.999), 1)
        .num("max_us", all.max_us(), 1)
        .int("errors", r.stats.error_count())
        .int("corrupt", r.stats.corrupt)
        .raw("errors_by_kind", &errors.end())
        .num("client_cpu_us_per_op", r.client_cpu * 1e6 / ops, 2);
    if let Some(c) = r.server_cpu {
        o = o.num("server_cpu_s", c, 3).num("server_cpu_us_per_op", c * 1e6 / ops, 2);
    }
    if let Some(p) = t.pid {
        o = usage_json(o, &procstat::usage(p));
    }
    if let Some(a) = &r.stats.aborted {
        o = o.str("aborted", a);
    }
    o.raw("per_proc", &per.end()).end()
}

fn usage_json(o: Obj, u: &procstat::Usage) -> Obj {
    o.int("server_rss_kib", u.rss_kib)
        .int("server_pss_kib", u.pss_kib)
        .int("server_private_kib", u.private_kib)
        .int("server_threads", u.threads)
        .int("server_processes", u.processes)
        .int("server_fds", u.fds)
}

fn median(v: &mut [f64]) -> f64 {
    v.sort_by(f64::total_cmp);
    match v.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => v[n / 2],
        n => (v[n / 2 - 1] + v[n / 2]) / 2.0,
    }
}

/// Medians of the repeats, for the table.
#[derive(Default)]
struct Cell {
    ops: Vec<f64>,
    mb: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
    errors: u64,
}

fn bench(a: &Args) -> Result<bool> {
    let targets = a.targets()?;
    let shape = a.shape()?;
    let shapes = shapes(a.get("shapes", "1x1,8x4"))?;
    let workloads: Vec<&str> = match a.get("workloads", "all") {
        "all" => flows::ALL.to_vec(),
        "read" => flows::ALL.iter().copied().filter(|w| !flows::writes(w)).collect(),
        list => list.split(',').collect(),
    };
    if let Some(w) = workloads.iter().find(|w| !flows::ALL.contains(w)) {
        return Err(format!("no workload {w:?}; there are {}", flows::ALL.join(", ")));
    }
    let length = Duration::from_secs_f64(a.num::<f64>("secs", "2")?.clamp(0.05, 3600.0));
    let warmup = Duration::from_secs_f64(a.num::<f64>("warmup", "0.3")?.clamp(0.0, 60.0));
    let repeat: u64 = a.num("repeat", "3")?;
    let threads: usize = a.num("threads", "1")?;
    let one_core = a.has("one-core");
    raise_fd_limit();

    let most = shapes.iter().map(|s| s.0).max().unwrap_or(1);
    let mut ds = Vec::new();
    for t in &targets {
        let started = Instant::now();
        let d = dataset::prepare(t, shape, most).map_err(|e| format!("{}: {e}", t.name))?;
        eprintln!(
            "{}: dataset ready in {:.1} s; rtmax {} wtmax {}",
            t.name,
            started.elapsed().as_secs_f64(),
            d.rtmax,
            d.wtmax
        );
        ds.push(d);
    }
    let mut cells: BTreeMap<(usize, usize, usize), Cell> = BTreeMap::new();
    let mut clean = true;
    let mut dead = vec![false; targets.len()];
    let mut serial = std::process::id() as u64 * 100_000;
    for rep in 0..repeat {
        for (wi, w) in workloads.iter().enumerate() {
            for (si, &(conns, depth)) in shapes.iter().enumerate() {
                // The servers take turns within each step, so that whatever
                // else the machine does hits all of them alike.
                for k in 0..targets.len() {
                    let ti = (k + rep as usize) % targets.len();
                    let t = &targets[ti];
                    if dead[ti] || (t.read_only && flows::writes(w)) {
                        continue;
                    }
                    serial += 1;
                    let cell = cells.entry((wi, si, ti)).or_default();
                    let load = Load { workload: w, conns, depth, threads, warmup, length, serial };
                    let alone = one_core && conns * depth == 1;
                    let both = [Some(std::process::id()), t.pid];
                    let keep =
                        |on| both.iter().flatten().for_each(|p| procstat::keep_on_one_core(*p, on));
                    if alone {
                        keep(true);
                    }
                    let measured = measure(t, &ds[ti], &load);
                    if alone {
                        keep(false);
                    }
                    let r = match measured {
                        Ok(r) => r,
                        Err(e) => {
                            eprintln!("{} {w} {conns}x{depth}: {e}", t.name);
                            clean = false;
                            dead[ti] = true;
                            continue;
                        }
                    };
                    println!("{}", run_json(t, w, conns, depth, rep, &r));
                    io::stdout().flush().ok();
                    let all = r.stats.all();
                    cell.ops.push(all.count() as f64 / r.secs);
                    cell.mb.push(r.stats.bytes as f64 / r.secs / 1e6);
                    cell.p50.push(all.quantile_us(0.5));
                    cell.p99.push(all.quantile_us(0.99));
                    if let Some(c) = r.server_cpu {
                        cell.cpu.push(c * 1e6 / all.count() as f64);
                    }
                    let bad = r.stats.error_count() + r.stats.aborted.is_some() as u64;
                    cell.errors += bad;
                    clean &= bad == 0;
                }
            }
        }
    }
    let mut md = String::from(
        "| workload | conns x out | server | ops/s | MB/s | p50 µs | p99 µs | CPU µs/op | errors | runs |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for ((wi, si, ti), mut c) in cells {
        let cpu = median(&mut c.cpu);
        let mb = median(&mut c.mb);
        md += &format!(
            "| {} | {}x{} | {} | {:.0} | {} | {:.0} | {:.0} | {} | {} | {} |\n",
            workloads[wi],
            shapes[si].0,
            shapes[si].1,
            targets[ti].name,
            median(&mut c.ops),
            if mb > 0.0 { format!("{mb:.1}") } else { String::new() },
            median(&mut c.p50),
            median(&mut c.p99),
            if cpu.is_nan() { String::new() } else { format!("{cpu:.1}") },
            c.errors,
            c.ops.len()
        );
    }
    match a.get("table", "") {
        "" => eprint!("{md}"),
        f => std::fs::write(f, md).map_err(|e| format!("{f}: {e}"))?,
    }
    Ok(clean)
}

fn prep(a: &Args) -> Result<bool> {
    for t in a.targets()? {
        let d = dataset::prepare(&t, a.shape()?, 8).map_err(|e| format!("{}: {e}", t.name))?;
        println!(
            "{}",
            Obj::new()
                .str("target", &t.name)
                .int("rtmax", d.rtmax as u64)
                .int("wtmax", d.wtmax as u64)
                .end()
        );
    }
    Ok(true)
}

fn files(a: &Args) -> Result<bool> {
    let dir = PathBuf::from(a.opts.get("dir").and_then(|v| v.last()).ok_or("files needs --dir")?);
    dataset::make_locally(&dir, a.shape()?).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(true)
}

/// One NULL call to the NFS program, on a fresh connection. A guest that is
/// still booting drops the SYN, so a try at connecting is short.
fn null_call(t: &Target, timeout: Duration) -> io::Result<()> {
    let addr = t.addr(t.nfs_port)?;
    let soon = Duration::from_millis(20);
    let mut c = rpc::Client::connect_within(addr, nfs3::NFS_PROGRAM, nfs3::V3, t.cred(), soon)?;
    c.set_timeout(timeout)?;
    c.call(nfs3::proc3::NULL, |_| {}, |_| Ok(()))
}

struct Stop(Child);

impl Drop for Stop {
    fn drop(&mut self) {
        for (sig, wait) in [(Signal::TERM, 3000u64), (Signal::KILL, 3000)] {
            for p in procstat::tree(self.0.id()).into_iter().rev() {
                if let Some(pid) = Pid::from_raw(p as i32) {
                    kill_process(pid, sig).ok();
                }
            }
            let until = Instant::now() + Duration::from_millis(wait);
            while Instant::now() < until {
                if !matches!(self.0.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Starts the server command, times it to its first NULL reply, and looks at
/// it after it has been idle for a while.
fn startup(a: &Args) -> Result<bool> {
    let t = a.targets()?.remove(0);
    let idle = Duration::from_secs_f64(a.num("idle-secs", "1")?);
    let (prog, args) = a.rest.split_first().ok_or("startup needs -- COMMAND")?;
    let (mut ms, mut rss, mut pss) = (Vec::new(), Vec::new(), Vec::new());
    for rep in 0..a.num::<u64>("repeat", "5")? {
        let start = Instant::now();
        let child = Command::new(prog)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{prog}: {e}"))?;
        let mut child = Stop(child);
        let up = loop {
            if null_call(&t, Duration::from_millis(500)).is_ok() {
                break start.elapsed();
            }
            if let Ok(Some(st)) = child.0.try_wait() {
                return Err(format!("{prog} ended: {st}"));
            }
            if start.elapsed() > Duration::from_secs(60) {
                return Err("no NULL reply within 60 s".into());
            }
            std::thread::sleep(Duration::from_micros(500));
        };
        std::thread::sleep(idle);
        let u = procstat::usage(child.0.id());
        let cpu = procstat::cpu_seconds(child.0.id());
        ms.push(up.as_secs_f64() * 1e3);
        rss.push(u.rss_kib as f64);
        pss.push(u.pss_kib as f64);
        let o = Obj::new().str("target", &t.name).int("rep", rep).num(
            "first_null_ms",
            ms[ms.len() - 1],
            2,
        );
        println!("{}", usage_json(o.num("cpu_s", cpu, 2), &u).end());
    }
    println!(
        "{}",
        Obj::new()
            .str("target", &t.name)
            .num("median_first_null_ms", median(&mut ms), 2)
            .num("median_rss_kib", median(&mut rss), 0)
            .num("median_pss_kib", median(&mut pss), 0)
            .int("runs", ms.len() as u64)
            .end()
    );
    Ok(true)
}

/// Lets one directory grow.
fn grow(a: &Args) -> Result<bool> {
    let t = a.targets()?.remove(0);
    let growth = grow::Growth {
        names: a.num("names", "100000")?,
        step: a.num::<usize>("step", "1000")?.max(1),
        repeat: a.num("repeat", "1")?,
    };
    let grown = grow::run(&t, growth, |line| println!("{line}"));
    grown.map(|()| true).map_err(|e| format!("{}: {e}", t.name))
}

/// Asks many services once each.
fn ask_fleet(a: &Args) -> Result<bool> {
    let t = a.targets()?.remove(0);
    let step = match a.get("by", "port") {
        "port" => fleet::Step::Port,
        "address" => fleet::Step::Address,
        other => return Err(format!("--by: {other:?} is neither port nor address")),
    };
    let mark = match a.get("mark", "") {
        "" => None,
        "make" => Some(fleet::Mark::Make),
        "check" => Some(fleet::Mark::Check),
        other => return Err(format!("--mark: {other:?} is neither make nor check")),
    };
    let first = t.addr(t.nfs_port).map_err(|e| e.to_string())?;
    let (line, clean) =
        fleet::run(&t, fleet::Fleet { first, count: a.num("count", "1")?, step, mark });
    println!("{line}");
    Ok(clean)
}

fn raise_fd_limit() {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).ok();
}

/// Opens more and more connections, idle after one call each, and reports
/// what the server holds for them.
fn scale(a: &Args) -> Result<bool> {
    let t = a.targets()?.remove(0);
    let pid = t.pid.ok_or("scale needs --server-pid")?;
    raise_fd_limit();
    let root = if a.has("touch") { Some(t.root().map_err(|e| e.to_string())?) } else { None };
    let mut held = Vec::new();
    let report = |held: &[rpc::Client], note: Option<String>, base: u64| {
        let u = procstat::usage(pid);
        let mut o = Obj::new().str("target", &t.name).int("connections", held.len() as u64);
        if base > 0 && !held.is_empty() {
            o = o.num(
                "rss_growth_kib_per_conn",
                (u.rss_kib as f64 - base as f64) / held.len() as f64,
                2,
            );
        }
        o = usage_json(o, &u);
        if let Some(n) = note {
            o = o.str("stopped", &n);
        }
        println!("{}", o.end());
        u.rss_kib
    };
    let base = report(&held, None, 0);
    for step in a.get("steps", "1,100,1000").split(',') {
        let n: usize = step.parse().map_err(|_| format!("--steps: bad value {step:?}"))?;
        while held.len() < n {
            let one = t.client().and_then(|mut c| {
                c.set_timeout(Duration::from_secs(10))?;
                match &root {
                    None => c.call(nfs3::proc3::NULL, |_| {}, |_| Ok(()))?,
                    Some(fh) => {
                        nfs3::fsinfo(&mut c, fh)?;
                    }
                }
                Ok(c)
            });
            match one {
                Ok(c) => held.push(c),
                Err(e) => {
                    report(&held, Some(e.to_string()), base);
                    return Ok(false);
                }
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        report(&held, None, base);
    }
    Ok(true)
}
