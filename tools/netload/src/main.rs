//! netload: a path that delays and loses frames, and plain TCP at its ends.

mod bulk;
mod calls;
mod processor;
mod relay;
mod report;
mod serve;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

const USAGE: &str = "\
usage: netload relay --from END --to END [--rtt-us N] [--loss PART] [--rate-mbit N]
                     [--queue-bytes N] [--seed N]      END: tap:NAME | unix:PATH
       netload serve --address IP [--congestion cubic]         echo 7, discard 9, chargen 19
       netload pull|push --server IP:PORT [--seconds N] [--pid PID] [--congestion cubic]
       netload calls --server IP:PORT [--connections N] [--depth N] [--turns first|all]
                     [--seconds N] [--pid PID]
       netload with-tap NAME COMMAND...      `tap-fd:@` among its words is the tap
See README.md.";

type Result<T> = std::result::Result<T, String>;

/// Options as `--key value`.
struct Options(BTreeMap<String, String>);

impl Options {
    fn parse(words: &[String]) -> Result<Self> {
        let pair = |pair: &[String]| match pair {
            [key, value] if key.starts_with("--") => Ok((key[2..].to_owned(), value.clone())),
            _ => Err(format!("{pair:?}: options are --NAME VALUE\n{USAGE}")),
        };
        Ok(Self(words.chunks(2).map(pair).collect::<Result<_>>()?))
    }

    fn get<T: FromStr>(&self, name: &str, usual: &str) -> Result<T> {
        let text = self.0.get(name).map_or(usual, String::as_str);
        text.parse().map_err(|_| format!("--{name}: {text:?} makes no sense\n{USAGE}"))
    }

    fn text(&self, name: &str, usual: &str) -> Result<String> {
        self.get(name, usual)
    }

    fn time(&self) -> Result<Duration> {
        let seconds: f64 = self.get("seconds", "3")?;
        Duration::try_from_secs_f64(seconds).map_err(|why| format!("--seconds: {why}"))
    }

    fn server(&self) -> Result<SocketAddr> {
        self.get("server", "")
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((command, rest)) if command == "with-tap" => with_tap(rest),
        Some((command, rest)) => Options::parse(rest).and_then(|options| run(command, &options)),
        None => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("netload: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, options: &Options) -> Result<()> {
    match command {
        "relay" => relay(options),
        "serve" => {
            let congestion = options.text("congestion", "cubic")?;
            serve::run(options.get("address", "")?, &congestion)
        }
        "pull" | "push" => bulk(command, options),
        "calls" => calls(options),
        _ => Err(format!("unknown command {command:?}\n{USAGE}")),
    }
}

fn with_tap(words: &[String]) -> Result<()> {
    let (name, command) = words.split_first().ok_or(USAGE)?;
    relay::hand_over(name, command)
}

fn relay(options: &Options) -> Result<()> {
    let rtt_us: u64 = options.get("rtt-us", "0")?;
    let rate_mbit: u64 = options.get("rate-mbit", "0")?;
    let terms = relay::Terms {
        delay_ns: rtt_us * 500,
        loss: options.get("loss", "0")?,
        rate_bits: rate_mbit * 1_000_000,
        queue_bytes: options.get("queue-bytes", "1000000")?,
        seed: options.get("seed", "1")?,
    };
    let (from, to) = (options.text("from", "")?, options.text("to", "")?);
    relay::run([&from, &to], terms)
}

fn bulk(command: &str, options: &Options) -> Result<()> {
    let (server, time) = (options.server()?, options.time()?);
    let process = options.text("pid", "0")?;
    let congestion = options.text("congestion", "cubic")?;
    let measured = match command {
        "pull" => bulk::pull(server, time, &process),
        _ => bulk::push(server, time, &process, &congestion),
    };
    let measured = measured.map_err(|why| format!("{command} {server}: {why}"))?;
    println!("{}", measured.to_json());
    Ok(())
}

fn calls(options: &Options) -> Result<()> {
    let (server, process) = (options.server()?, options.text("pid", "0")?);
    let turns = match options.text("turns", "first")?.as_str() {
        "first" => calls::Turns::First,
        "all" => calls::Turns::All,
        other => return Err(format!("--turns {other}: first or all")),
    };
    let connections: usize = options.get("connections", "1")?;
    let depth: usize = options.get("depth", "16")?;
    if connections == 0 || depth == 0 {
        return Err("no connection, or no call: nothing to measure".into());
    }
    allow_descriptors();
    let load = calls::Load { connections, depth, turns, time: options.time()? };
    let answered =
        calls::run(server, load, &process).map_err(|why| format!("calls to {server}: {why}"))?;
    let (measured, bytes) = (answered.measured.to_json(), answered.connection_bytes);
    println!("{{\"measured\":{measured},\"connection_bytes\":{bytes}}}");
    Ok(())
}

/// As many descriptors as this process may have.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // If it may not, it says so when it opens one too many.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
