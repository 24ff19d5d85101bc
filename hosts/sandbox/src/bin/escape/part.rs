//! What was asked for, and telling what came of it.

use crate::{attempts, calls, work};
use sandbox::{Rules, TcpPorts};
use std::io;
use std::path::PathBuf;

/// Where everything is.
pub struct World {
    /// The folders of all tenants.
    pub folder: PathBuf,
    /// The abstract name of a socket of the process that started us.
    pub socket_name: String,
    /// The port that is ours.
    pub own_port: u16,
    /// One that is another's, who listens there.
    pub others_port: u16,
}

/// Plays a part to its end.
pub fn play(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let mut next = || arguments.next().ok_or("usage: PART FOLDER NAME PORT PORT");
    let port = |text: String| text.parse().map_err(|error| format!("{text}: {error}"));
    let (part, folder, socket_name) = (next()?, next()?.into(), next()?);
    let (own_port, others_port) = (port(next()?)?, port(next()?)?);
    let world = World { folder, socket_name, own_port, others_port };
    if part != "free" {
        confine(&world).map_err(|error| error.to_string())?;
    }
    if part == "work" {
        work::ALL.iter().for_each(|(name, work)| tell(name, work(&world)));
    } else {
        attempts::ALL.iter().for_each(|(name, attempt)| tell(name, attempt(&world)));
        calls::ALL.iter().for_each(|(name, call)| tell(name, calls::make(*call)));
    }
    Ok(())
}

fn confine(world: &World) -> Result<(), sandbox::Error> {
    let confinement = sandbox::enter(&Rules {
        read_write: vec![world.folder.join("own")],
        read_only: vec![world.folder.join("read/disk.img")],
        sockets: vec![world.folder.join("sockets")],
        tcp_ports: TcpPorts::Only(vec![world.own_port]),
        ..Rules::default()
    })?;
    confinement.lacks.iter().for_each(|lack| println!("lack: {lack}"));
    sandbox::seal()
}

fn tell(name: &str, result: io::Result<()>) {
    match result {
        Ok(()) => println!("{name}: done"),
        Err(error) => println!("{name}: {} ({error})", error.raw_os_error().unwrap_or_default()),
    }
}
