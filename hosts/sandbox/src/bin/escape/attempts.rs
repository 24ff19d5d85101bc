//! What can be tried with the standard library.

use crate::part::World;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

type Attempt = fn(&World) -> io::Result<()>;

/// Each with its name.
pub const ALL: &[(&str, Attempt)] = &[
    ("reads the passwords", |_| File::open("/etc/shadow").map(drop)),
    ("reads the users", |_| File::open("/etc/passwd").map(drop)),
    ("reads its own memory", |_| File::open("/proc/self/mem").map(drop)),
    ("reads its environment", |_| File::open("/proc/self/environ").map(drop)),
    ("lists the root", |_| fs::read_dir("/").map(drop)),
    ("lists the tenants", |world| fs::read_dir(&world.folder).map(drop)),
    ("reads another's image", |world| File::open(world.folder.join("other/disk.img")).map(drop)),
    ("changes another's image", |world| open_for_writing(&world.folder.join("other/disk.img"))),
    ("reads another's image by a link", |world| {
        File::open(world.folder.join("own/link")).map(drop)
    }),
    ("reads another's image by dots", |world| {
        File::open(world.folder.join("own/../other/disk.img")).map(drop)
    }),
    ("changes what is to be read", |world| open_for_writing(&world.folder.join("read/disk.img"))),
    ("makes a file elsewhere", |world| File::create(world.folder.join("other/new")).map(drop)),
    ("makes a folder", |world| fs::create_dir(world.folder.join("own/folder"))),
    ("removes another's image", |world| fs::remove_file(world.folder.join("other/disk.img"))),
    ("moves its image away", |world| {
        fs::rename(world.folder.join("own/disk.img"), world.folder.join("other/stolen"))
    }),
    ("opens a disk's device", |_| OpenOptions::new().write(true).open("/dev/null").map(drop)),
    ("runs a program", |_| Command::new("/bin/true").status().map(drop)),
    ("listens elsewhere", |world| TcpListener::bind(("127.0.0.1", other(world))).map(drop)),
    ("connects to a service", |world| {
        TcpStream::connect(("127.0.0.1", world.others_port)).map(drop)
    }),
    ("connects to an abstract socket", |world| {
        let address = SocketAddr::from_abstract_name(&world.socket_name)?;
        UnixStream::connect_addr(&address).map(drop)
    }),
    ("makes a socket elsewhere", |world| {
        UnixListener::bind(world.folder.join("own/socket")).map(drop)
    }),
];

fn open_for_writing(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path).map(drop)
}

/// A port that nobody has named: close to one that is free.
fn other(world: &World) -> u16 {
    world.own_port ^ 1
}
