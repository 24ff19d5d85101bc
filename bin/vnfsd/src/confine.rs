//! What a process that serves keeps of its powers, and telling what came of it. How powers are given
//! up is the sandbox's ([docs/sandbox.md]).
//!
//! [docs/sandbox.md]: ../../../docs/sandbox.md

use crate::cli;
use anyhow::{Context, Result};
use posix::LinkSpec;
use sandbox::{Capability, Rules, TcpPorts};
use std::env;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The first port that everybody may listen on.
const PORT_FREE_MIN: u16 = 1024;

/// Gives up what a service does not need that has opened its image and its link. It has to be done before
/// there are other threads, and [`seal`] when all are there.
///
/// # Errors
/// If nobody knows what is given up and what is not.
pub fn service(options: &cli::Serve, listen: &[SocketAddr]) -> Result<()> {
    if options.no_sandbox {
        tracing::warn!("--no-sandbox: whoever breaks in can do what this user can");
        return Ok(());
    }
    let confinement = sandbox::enter(&rules(options, listen))
        .context("it cannot be confined; --no-sandbox serves without that")?;
    confinement.lacks.iter().for_each(|lack| tracing::warn!("sandbox: {lack}"));
    tracing::debug!("sandbox: {}", confinement.in_force.join(", "));
    Ok(())
}

/// Gives up the last, when every worker has what it takes.
///
/// # Errors
/// As [`service`].
pub fn seal(options: &cli::Serve) -> Result<()> {
    match options.no_sandbox {
        true => Ok(()),
        false => sandbox::seal().context("it cannot be confined; --no-sandbox serves without that"),
    }
}

fn rules(options: &cli::Serve, listen: &[SocketAddr]) -> Rules {
    let is_low = |address: &SocketAddr| (1..PORT_FREE_MIN).contains(&address.port());
    let low_ports = listen.iter().any(is_low).then_some(Capability::LowPorts);
    Rules {
        sockets: sockets(options),
        tcp_ports: tcp_ports(listen),
        abstract_peers: is_told_abstractly(),
        capabilities: low_ports.into_iter().collect(),
        ..Rules::default()
    }
}

/// Where there are sockets that are removed at the end.
fn sockets(options: &cli::Serve) -> Vec<PathBuf> {
    let links = options.network.link.iter().chain(&options.network.uplink);
    let folder = |link: &LinkSpec| match link {
        LinkSpec::Listen(path) => Some(folder(path)),
        _ => None,
    };
    links.filter_map(folder).collect()
}

fn folder(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Several addresses for which the system chooses the port get the same, which nobody knows yet.
fn tcp_ports(listen: &[SocketAddr]) -> TcpPorts {
    let ports: Vec<_> = listen.iter().map(SocketAddr::port).collect();
    match ports.contains(&0) && ports.len() > 1 {
        true => TcpPorts::Any,
        false => TcpPorts::Only(ports),
    }
}

/// Whether the service manager has a socket without a path.
fn is_told_abstractly() -> bool {
    env::var_os("NOTIFY_SOCKET").is_some_and(|name| name.as_bytes().starts_with(b"@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(addresses: &[&str]) -> TcpPorts {
        let listen: Vec<_> = addresses.iter().map(|text| text.parse().expect("one")).collect();
        tcp_ports(&listen)
    }

    #[test]
    fn ports_are_those_that_are_known() {
        assert_eq!(ports(&[]), TcpPorts::Only(vec![]), "a link of its own needs none");
        assert_eq!(ports(&["127.0.0.1:0"]), TcpPorts::Only(vec![0]));
        assert_eq!(ports(&["127.0.0.1:9", "[::1]:9"]), TcpPorts::Only(vec![9, 9]));
        assert_eq!(ports(&["127.0.0.1:0", "[::1]:0"]), TcpPorts::Any);
    }

    #[test]
    fn a_socket_without_a_folder_is_here() {
        assert_eq!(folder(Path::new("socket")), Path::new("."));
        assert_eq!(folder(Path::new("run/socket")), Path::new("run"));
    }
}
