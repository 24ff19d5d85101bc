//! What a server does all day.

use crate::part::World;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

type Work = fn(&World) -> io::Result<()>;

/// Each with its name.
pub const ALL: &[(&str, Work)] = &[
    ("changes its image", |world| change(&world.folder.join("own/disk.img"))),
    ("makes an image", |world| {
        let (draft, name) = (world.folder.join("own/draft"), world.folder.join("own/new.img"));
        File::create(&draft)?.set_len(1 << 20)?;
        fs::rename(&draft, &name)?;
        fs::remove_file(&name)
    }),
    ("lists its images", |world| fs::read_dir(world.folder.join("own")).map(drop)),
    ("reads what is to be read", |world| fs::read(world.folder.join("read/disk.img")).map(drop)),
    ("listens", |world| {
        UdpSocket::bind(("127.0.0.1", 0))?;
        TcpListener::bind(("127.0.0.1", world.own_port)).map(drop)
    }),
    ("makes a socket", |world| {
        let path = world.folder.join("sockets/control");
        UnixListener::bind(&path)?;
        fs::remove_file(&path)
    }),
    ("starts a thread", |_| {
        let sum = thread::Builder::new().name("worker".to_owned()).spawn(|| 1 + 1)?;
        sum.join().map(drop).map_err(|_| io::Error::other("it panicked"))
    }),
    ("takes memory", |_| {
        let memory = vec![1_u8; 64 << 20];
        if memory.iter().step_by(4096).all(|&byte| byte == 1) {
            Ok(())
        } else {
            Err(io::Error::other("it is another"))
        }
    }),
];

fn change(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    file.write_all(b"changed")?;
    file.set_len(3)?;
    file.sync_all()
}
