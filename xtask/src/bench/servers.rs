//! The servers side by side, and the measurements taken of them.

use crate::bench::namespace::{command, is_superuser};
use crate::bench::results::{Section, Startup};
use crate::bench::settings::{Plan, READS, Settings, WRITES};
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Size of the file that is read: below the server's cache, since reads from cache are measured.
const BIG_MIB: &str = "128";
const ENTRIES: &str = "10000";
/// Size of the image that is written to.
const IMAGE_SIZE: &str = "4G";
/// Longest wait for a server to answer.
const START_SECONDS_MAX: u64 = 20;

/// Where the programs are that are built for the run.
pub struct Programs {
    /// Folder of the release build.
    pub folder: PathBuf,
}

impl Programs {
    /// Builds them.
    ///
    /// # Errors
    /// If cargo fails.
    pub fn build(root: &Path) -> Result<Self, String> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let status = Command::new(cargo)
            .current_dir(root)
            .args(["build", "--release", "--package", "vnfsd", "--package", "nfsload"])
            .args([
                "--package",
                "netload",
                "--package",
                "vnfsd-posix",
                "--bins",
                "--example",
                "bulk",
            ])
            .status();
        match status {
            Ok(status) if status.success() => Ok(Self::find(root)),
            Ok(status) => Err(format!("cargo build --release: {status}")),
            Err(why) => Err(format!("cargo: {why}")),
        }
    }

    /// Where they were built.
    pub fn find(root: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        Self { folder: target.unwrap_or_else(|| root.join("target")).join("release") }
    }

    /// One of them.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// One of the servers: how it is started and where it answers.
pub struct Server {
    /// Its name in the tables.
    pub name: &'static str,
    /// What is started,
    pub program: PathBuf,
    /// and with what.
    pub arguments: Vec<String>,
    /// Where it answers.
    pub host: &'static str,
    /// Port of NFS.
    pub nfs_port: u16,
    /// Port of MOUNT.
    pub mount_port: u16,
    /// What it is asked to mount.
    pub export: &'static str,
    /// Whether nothing can be written.
    pub read_only: bool,
}

const LOOPBACK: &str = "127.0.0.1";
/// The first of the ports of nfs-ganesha.
const GANESHA_PORT: u16 = 12048;

impl Server {
    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub fn start(&self) -> Result<Running<'_>, String> {
        self.answering(Process::start(&self.program, &self.arguments)?)
    }

    /// The same with what it says on standard error in a file.
    ///
    /// # Errors
    /// If the file cannot be made, or it does not answer.
    pub fn start_with_errors(&self, errors: &Path) -> Result<Running<'_>, String> {
        let file = File::create(errors).map_err(|why| format!("{}: {why}", errors.display()))?;
        self.answering(Process::spawn(&self.program, &self.arguments, file.into())?)
    }

    fn answering(&self, mut process: Process) -> Result<Running<'_>, String> {
        process.wait_until(self.name, || TcpStream::connect((self.host, self.nfs_port)).is_ok())?;
        Ok(Running { server: self, process })
    }
}

/// A process that ends with its owner.
pub struct Process(Child);

impl Process {
    fn start(program: &Path, arguments: &[String]) -> Result<Self, String> {
        Self::spawn(program, arguments, Stdio::inherit())
    }

    fn spawn(program: &Path, arguments: &[String], errors: Stdio) -> Result<Self, String> {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .map_err(|why| format!("{}: {why}", program.display()))?;
        Ok(Self(child))
    }

    /// Its number.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// What a program prints until it ends well.
    ///
    /// # Errors
    /// If it cannot be started, or fails.
    pub fn output(program: &Path, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output();
        let output = output.map_err(|why| format!("{}: {why}", program.display()))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(format!("{}: {}", program.display(), output.status)),
        }
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// If it ends badly.
    pub fn end(mut self) -> Result<(), String> {
        command("kill", &["-TERM", &self.0.id().to_string()])?;
        match self.0.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("a server ended with {status}")),
            Err(why) => Err(format!("a server's end: {why}")),
        }
    }

    fn wait_until(&mut self, name: &str, ready: impl Fn() -> bool) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while !ready() {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(format!("{name} ended at its start: {status}"));
            }
            if Instant::now() > end {
                return Err(format!("{name} does not answer after {START_SECONDS_MAX} s"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that answers.
pub struct Running<'a> {
    server: &'a Server,
    /// Its process.
    pub process: Process,
}

impl Running<'_> {
    /// The argument by which nfsload knows the server.
    pub fn target(&self) -> String {
        let Server { name, host, nfs_port, mount_port, export, read_only, .. } = self.server;
        let pid = self.process.0.id();
        let read_only = u8::from(*read_only);
        format!(
            "name={name},host={host},nfs={nfs_port},mount={mount_port},export={export},pid={pid},\
             ro={read_only}"
        )
    }
}

/// Makes the files, measures every server's start, then all of them in turns. Every single
/// measurement stays in `bench-runs.jsonl` beside the programs, for whoever doubts a median.
///
/// # Errors
/// What could not be started or went wrong.
pub fn compare_reads(
    programs: &Programs,
    folder: &Path,
    settings: &Settings,
) -> Result<(Vec<Startup>, Section), String> {
    let (export, image) = (folder.join("export"), folder.join("image"));
    make_files(programs, &export, &image)?;
    let mut servers = vec![ours_read_only(programs, &image), ours_in_memory(programs)];
    let _rpcbind = add_ganesha(&mut servers, folder, &export)?;
    let startups = servers.iter().map(|server| startup(programs, server, settings));
    let startups = startups.collect::<Result<Vec<_>, _>>()?;
    let running = servers.iter().map(Server::start).collect::<Result<Vec<_>, _>>()?;
    let warming = Plan { workloads: &["seqread-1m"], shapes: &["1x1"], ..READS };
    load(programs, &running, &warming, &settings.warming())?;
    let lines = load(programs, &running, &READS, settings)?;
    keep(&programs.program("bench-runs.jsonl"), &lines)?;
    Ok((startups, section(&READS, &servers, &lines)?))
}

/// The same for what changes files, which are in `disk`, a folder on a disk of the host: our image
/// and the directory that the peer serves. What was measured stays in `bench-writes.jsonl`.
///
/// # Errors
/// As [`compare_reads`].
pub fn compare_writes(
    programs: &Programs,
    folder: &Path,
    disk: &Path,
    settings: &Settings,
) -> Result<Section, String> {
    let (export, image) = (disk.join("export"), disk.join("image"));
    std::fs::create_dir_all(&export).map_err(|why| format!("{}: {why}", export.display()))?;
    let program = programs.program("vnfsd");
    let newfs = ["newfs", &image.to_string_lossy(), "--size", IMAGE_SIZE];
    command(&program.to_string_lossy(), &newfs)?;
    let image = image.to_string_lossy().into_owned();
    let mut servers = vec![ours(programs, "vnfsd FFS", 20493, vec![image], false)];
    let _rpcbind = add_ganesha(&mut servers, folder, &export)?;
    let running = servers.iter().map(Server::start).collect::<Result<Vec<_>, _>>()?;
    let lines = load(programs, &running, &WRITES, settings)?;
    keep(&programs.program("bench-writes.jsonl"), &lines)?;
    section(&WRITES, &servers, &lines)
}

fn section(plan: &'static Plan, servers: &[Server], lines: &str) -> Result<Section, String> {
    let names: Vec<_> = servers.iter().map(|server| server.name).collect();
    Section::new(plan, &names, lines)
}

fn keep(path: &Path, lines: &str) -> Result<(), String> {
    std::fs::write(path, lines).map_err(|why| format!("{}: {why}", path.display()))
}

fn add_ganesha(
    servers: &mut Vec<Server>,
    folder: &Path,
    export: &Path,
) -> Result<Option<Process>, String> {
    let registry = ganesha(folder, export)?;
    Ok(registry.map(|(server, rpcbind)| {
        servers.insert(0, server);
        rpcbind
    }))
}

fn make_files(programs: &Programs, export: &Path, image: &Path) -> Result<(), String> {
    let (export, image) = (export.to_string_lossy(), image.to_string_lossy());
    let nfsload = programs.program("nfsload");
    let files = ["files", "--dir", &export, "--entries", ENTRIES, "--big-mib", BIG_MIB];
    command(&nfsload.to_string_lossy(), &files)?;
    let layout = "version=2,bsize=16384,fsize=2048";
    command("makefs", &["-t", "ffs", "-o", layout, "-b", "5%", "-f", "5%", &image, &export])
}

fn ours_read_only(programs: &Programs, image: &Path) -> Server {
    let image = image.to_string_lossy().into_owned();
    ours(programs, "vnfsd FFS", 20491, vec![image, "--read-only".into()], true)
}

fn ours_in_memory(programs: &Programs) -> Server {
    ours(programs, "vnfsd memory", 20492, vec!["--memory".into(), "1G".into()], false)
}

/// One of ours on `port`: what it is to serve is said by `what`.
pub fn ours(
    programs: &Programs,
    name: &'static str,
    port: u16,
    what: Vec<String>,
    read_only: bool,
) -> Server {
    let mut arguments = vec!["serve".into()];
    arguments.extend(what);
    arguments.extend(["--listen".into(), format!("127.0.0.1:{port}")]);
    let program = programs.program("vnfsd");
    let (nfs_port, mount_port) = (port, port);
    let (host, export) = (LOOPBACK, "/");
    Server { name, program, arguments, host, nfs_port, mount_port, export, read_only }
}

/// nfs-ganesha and the rpcbind it insists on, if it is installed and can serve here.
fn ganesha(folder: &Path, export: &Path) -> Result<Option<(Server, Process)>, String> {
    let both = ganeshas(folder, export, 1)?;
    Ok(both.and_then(|(mut servers, rpcbind)| Some((servers.pop()?, rpcbind))))
}

/// So many of them, each a process at ports of its own.
///
/// # Errors
/// If they cannot be prepared.
pub fn ganeshas(
    folder: &Path,
    export: &Path,
    count: u16,
) -> Result<Option<(Vec<Server>, Process)>, String> {
    let program = Path::new("/usr/bin/ganesha.nfsd");
    if !program.exists() || !is_superuser() {
        eprintln!("bench: without nfs-ganesha: it is not installed, or this is not the superuser");
        return Ok(None);
    }
    for path in [export, Path::new("/run/ganesha")] {
        std::fs::create_dir_all(path).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let rpcbind = rpcbind()?;
    let servers = (0..count).map(|index| numbered_ganesha(program, folder, export, index));
    Ok(Some((servers.collect::<Result<_, _>>()?, rpcbind)))
}

fn rpcbind() -> Result<Process, String> {
    let socket = Path::new("/run/rpcbind.sock");
    if socket.exists() {
        std::fs::remove_file(socket).map_err(|why| format!("{}: {why}", socket.display()))?;
    }
    let mut rpcbind = Process::start(Path::new("rpcbind"), &["-f".into()])?;
    rpcbind.wait_until("rpcbind", || socket.exists())?;
    Ok(rpcbind)
}

fn numbered_ganesha(
    program: &Path,
    folder: &Path,
    export: &Path,
    index: u16,
) -> Result<Server, String> {
    let (nfs_port, mount_port) = (GANESHA_PORT + 2 * index, GANESHA_PORT + 2 * index + 1);
    let configuration = folder.join(format!("ganesha-{index}.conf"));
    let text = include_str!("../../../benches/ganesha.conf")
        .replace("@EXPORT@", &export.to_string_lossy())
        .replace("@NFS_PORT@", &nfs_port.to_string())
        .replace("@MOUNT_PORT@", &mount_port.to_string());
    let failed = |why| format!("{}: {why}", configuration.display());
    std::fs::write(&configuration, text).map_err(failed)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (log, process) =
        (text(&folder.join(format!("ganesha-{index}.log"))), format!("/run/ganesha/pid-{index}"));
    let arguments = ["-F", "-N", "NIV_CRIT", "-p", &process, "-L", &log, "-f"];
    let mut arguments: Vec<String> = arguments.map(String::from).into();
    arguments.push(text(&configuration));
    let (name, host, export, read_only) = ("nfs-ganesha", LOOPBACK, "/e", false);
    let program = program.to_owned();
    Ok(Server { name, program, arguments, host, nfs_port, mount_port, export, read_only })
}

fn startup(programs: &Programs, server: &Server, settings: &Settings) -> Result<Startup, String> {
    let mut command = Command::new(programs.program("nfsload"));
    command.args(["startup", "--idle-secs", "0.5", "--export", server.export]);
    command.args(["--repeat", &settings.repeats.to_string()]);
    command.args(["--name", server.name, "--nfs-port", &server.nfs_port.to_string(), "--"]);
    let output = command.arg(&server.program).args(&server.arguments).output();
    let output = output.map_err(|why| format!("nfsload: {why}"))?;
    if !output.status.success() {
        return Err(format!("nfsload startup: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Startup::parse(&String::from_utf8_lossy(&output.stdout))
}

/// What `nfsload` says of all servers under all loads of a plan, in turns: a line for each run.
///
/// # Errors
/// If a server gives a wrong answer or none.
pub fn load(
    programs: &Programs,
    running: &[Running<'_>],
    plan: &Plan,
    settings: &Settings,
) -> Result<String, String> {
    let mut command = Command::new(programs.program("nfsload"));
    command.args(["bench", "--entries", ENTRIES, "--big-mib", BIG_MIB]);
    command.args(["--write-mib", plan.write_mib]);
    command.args([
        "--one-core",
        "--workloads",
        &plan.workloads.join(","),
        "--shapes",
        &plan.shapes.join(","),
    ]);
    command.args(["--secs", &settings.seconds.to_string()]);
    command.args(["--repeat", &settings.repeats.to_string(), "--table", "/dev/null"]);
    for server in running {
        command.arg("--target").arg(server.target());
    }
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|why| format!("nfsload: {why}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => {
            Err(format!("nfsload bench: {}: a server gave a wrong answer or none", output.status))
        }
    }
}
