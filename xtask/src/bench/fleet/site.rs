//! A fleet of ours: the file that describes it, the process that serves it, and where it is reached.

use crate::bench::namespace::{await_gone, command};
use crate::bench::servers::Programs;
use serde::Serialize;
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The first port on host sockets.
const PORT_FIRST: u32 = 20_000;
/// Largest network on host sockets.
pub const PORTS_MAX: u32 = 12_000;

/// How services are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Network {
    /// Each by its own stack, on a switch in the process, through one tap.
    Switch,
    /// Each at a port of this machine.
    Sockets,
}

/// Both, in the order of the tables.
pub const NETWORKS: [Network; 2] = [Network::Switch, Network::Sockets];

/// Services that are alike.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// How many.
    pub count: u32,
    /// What else is said of them in the file.
    pub words: &'static str,
}

/// What is to be served, and where. Fleets that run at the same time have places of their own.
#[derive(Clone, Debug)]
pub struct Site {
    /// How it is reached.
    pub network: Network,
    /// Which of the places: its tap, its addresses and its images are named by it.
    pub place: u8,
    /// Who is served.
    pub groups: Vec<Group>,
}

/// A fleet that runs. Dropped, it is killed.
pub struct Fleet {
    child: Child,
    output: BufReader<ChildStdout>,
    /// From the start of the process to its ready line.
    pub start: Duration,
    tap: String,
}

impl Network {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Switch => "own stacks, one switch",
            Self::Sockets => "host sockets",
        }
    }

    /// What differs between neighbours, in the load generator's words.
    pub fn step(self) -> &'static str {
        match self {
            Self::Switch => "address",
            Self::Sockets => "port",
        }
    }
}

impl Site {
    /// Services that are all alike.
    pub fn of(network: Network, place: u8, count: u32) -> Self {
        Self { network, place, groups: vec![Group { count, words: "" }] }
    }

    /// All services.
    pub fn count(&self) -> u32 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// Where a service is reached: host and port.
    pub fn address(&self, index: u32) -> (String, u32) {
        let (place, behind) = (self.place, index + 1);
        match self.network {
            Network::Switch => (format!("10.{place}.{}.{}", behind / 256, behind % 256), 2049),
            Network::Sockets => (format!("127.0.0.{place}"), PORT_FIRST + index),
        }
    }

    /// The image of a service.
    pub fn image(&self, folder: &Path, index: u32) -> PathBuf {
        self.images(folder).join(format!("s{index:05}.img"))
    }

    fn images(&self, folder: &Path) -> PathBuf {
        folder.join(format!("images-{}", self.place))
    }

    fn tap(&self) -> String {
        format!("fleet{}", self.place)
    }

    /// The fleet file.
    fn file(&self, folder: &Path) -> String {
        let mut file = String::new();
        if self.network == Network::Switch {
            let _ = writeln!(file, "[switch.lan]\nuplinks = [\"tap:{}\"]\n", self.tap());
        }
        let _ = writeln!(file, "[defaults]\nexports = [\"/:no_root_squash\"]\ncreate = \"8M\"");
        let mut first = 0;
        for group in &self.groups {
            self.describe(&mut file, folder, first, *group);
            first += group.count;
        }
        file
    }

    fn describe(&self, file: &mut String, folder: &Path, first: u32, group: Group) {
        let Group { count, words } = group;
        let images = self.images(folder);
        let (host, port) = self.address(first);
        let network = match self.network {
            Network::Switch => format!("link = \"switch:lan\"\naddress = \"{host}/16\""),
            Network::Sockets => format!("listen = \"{host}:{port}-{}\"", port + count - 1),
        };
        let _ = writeln!(
            file,
            "\n[[services]]\ncount = {count}\nindex_first = {first}\nname = \"s{{index:05}}\"\n\
             image = \"{}/{{name}}.img\"\n{network}\n{words}",
            images.display()
        );
    }

    /// Makes images that are not there: the fleet does, when it starts.
    ///
    /// # Errors
    /// If it does not.
    pub fn prepare(&self, programs: &Programs, folder: &Path) -> Result<(), String> {
        match self.image(folder, self.count() - 1).exists() {
            true => Ok(()),
            false => self.start(programs, folder)?.end().map(drop),
        }
    }

    /// Starts it, and waits until all of it rests.
    ///
    /// # Errors
    /// If it ends before, or one of its services fails.
    pub fn start(&self, programs: &Programs, folder: &Path) -> Result<Fleet, String> {
        let (file, images) =
            (folder.join(format!("fleet-{}.toml", self.place)), self.images(folder));
        let failed = |why| format!("{}: {why}", file.display());
        fs::create_dir_all(images)
            .and_then(|()| fs::write(&file, self.file(folder)))
            .map_err(failed)?;
        await_gone(&self.tap())?;
        let mut fleet = Fleet::spawn(&programs.program("vnfsd"), &file, self.tap())?;
        fleet.await_ready(self.count())?;
        if self.network == Network::Switch {
            let address = format!("10.{}.255.254/16", self.place);
            command("ip", &["addr", "add", &address, "dev", &fleet.tap])?;
            command("ip", &["link", "set", &fleet.tap, "up"])?;
        }
        Ok(fleet)
    }
}

impl Fleet {
    fn spawn(program: &Path, file: &Path, tap: String) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(["run", "--log-level", "warn"]).arg(file).stdin(Stdio::null());
        command.env_remove("VNFSD_CONTROL").env_remove("RUNTIME_DIRECTORY");
        let spawned = command.stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|why| format!("{}: {why}", program.display()))?;
        let output = BufReader::new(child.stdout.take().ok_or("a program without output")?);
        Ok(Self { child, output, start: Duration::ZERO, tap })
    }

    fn await_ready(&mut self, count: u32) -> Result<(), String> {
        let (began, mut line) = (Instant::now(), String::new());
        self.output.read_line(&mut line).map_err(|why| format!("the ready line: {why}"))?;
        self.start = began.elapsed();
        let expected = format!(
            "vnfsd: {count} services: 0 serving, {count} resting, 0 paused, 0 stopped, 0 failed"
        );
        match line.trim_end() == expected {
            true => Ok(()),
            false => Err(format!("not all services rest, as was expected: {line:?}")),
        }
    }

    /// Its process.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks it to end, and returns how long that took.
    ///
    /// # Errors
    /// If it ends badly.
    pub fn end(mut self) -> Result<Duration, String> {
        let began = Instant::now();
        command("kill", &["-TERM", &self.process()])?;
        let mut said = String::new();
        self.output.read_to_string(&mut said).map_err(|why| format!("its last words: {why}"))?;
        match self.child.wait() {
            Ok(status) if status.success() => Ok(began.elapsed()),
            Ok(status) => Err(format!("a fleet ended with {status}")),
            Err(why) => Err(format!("a fleet's end: {why}")),
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_its_services_are_reached() {
        let groups = vec![Group { count: 9, words: "weight = 7" }, Group { count: 1, words: "" }];
        let mut site = Site { network: Network::Switch, place: 21, groups };
        let file = site.file(Path::new("/run"));
        assert!(file.contains("uplinks = [\"tap:fleet21\"]"), "{file}");
        assert!(file.contains("address = \"10.21.0.1/16\"\nweight = 7"), "{file}");
        assert!(file.contains("index_first = 9") && file.contains("\"10.21.0.10/16\""), "{file}");
        assert_eq!(site.address(9_999), ("10.21.39.16".into(), 2049));
        site.network = Network::Sockets;
        let file = site.file(Path::new("/run"));
        assert!(file.contains("listen = \"127.0.0.21:20000-20008\""), "{file}");
        assert!(file.contains("image = \"/run/images-21/{name}.img\""), "{file}");
        assert!(!file.contains("switch"), "{file}");
    }
}
