//! Where the host has no more to give: descriptors, space, memory. Clients are told or wait, nobody
//! loses what was acknowledged, and when there is more again all go on.

use crate::{many, sample};
use nfs3_types::nfs3::{nfs_fh3, stable_how};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::scope;
use suite::fleet::{Fleet, LETS_IN, address, images};
use suite::image::expect_clean;
use suite::nfs::{Client, sattr};
use suite::process;
use suite::program::vnfsd;
use suite::require;

/// Descriptors that a process may have: fewer than its services, clients and images want.
const DESCRIPTORS: u16 = 180;

/// Services, each with two sockets to listen on.
const SERVICES: u16 = 50;

/// Clients that only take descriptors.
const IDLERS: usize = 150;

#[test]
fn a_process_without_descriptors_goes_on() {
    let first = 100;
    let fleet = Fleet::new(&many(SERVICES, first, "2M"));
    let limit = format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}");
    let mut command = process::command("prlimit");
    command.arg(limit).arg(vnfsd());
    let server = fleet.start_by(command);
    assert_eq!(fleet.count("failed"), 0, "{}", server.errors());

    let (mut client, root) = Client::mount(address(first));
    client.put(&root, b"before", &sample(1, 4096)).expect("it is put");
    let idlers: Vec<_> = (0..IDLERS).map(|_| TcpStream::connect(address(first + 1))).collect();
    assert!(server.descriptor_count() <= usize::from(DESCRIPTORS));
    client.put(&root, b"meanwhile", &sample(2, 4096)).expect("who is there goes on");
    drop(idlers);

    for number in first..first + SERVICES {
        let (mut client, root) = Client::mount(address(number));
        client.put(&root, b"after", &sample(u64::from(number), 4096)).expect("it is put");
    }
    for number in first..first + SERVICES {
        let (mut client, root) = Client::mount(address(number));
        let file = client.find(&root, b"after").expect("it is there");
        let read = client.read_all(&file, 4096).expect("it is read");
        assert_eq!(read, sample(u64::from(number), 4096));
    }
    server.stop(Signal::TERM);
    images(&fleet.path("")).iter().for_each(|image| expect_clean(image));
}

/// A mount namespace with a small file system in memory at a folder; it is there as long as this.
struct Small {
    holder: Child,
    folder: PathBuf,
}

impl Small {
    fn new(folder: PathBuf, size: &str) -> Self {
        fs::create_dir(&folder).expect("a folder");
        let mut command = process::command("unshare");
        let script = format!(
            "mount -t tmpfs -o size={size} small {} && echo ready && exec cat",
            folder.display()
        );
        command.args(["--mount", "sh", "-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("util-linux has unshare");
        let mut said = String::new();
        let output = holder.stdout.as_mut().expect("piped");
        BufReader::new(output).read_line(&mut said).expect("it says that it is ready");
        assert_eq!(said, "ready\n", "root may mount");
        Self { holder, folder }
    }

    /// A command inside.
    fn command(&self) -> std::process::Command {
        let mut command = process::command("nsenter");
        command.args(["--mount", "--target", &self.holder.id().to_string()]).arg(vnfsd());
        command
    }

    /// A file there, as it is seen from outside.
    fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.strip_prefix("/").expect("it is absolute")).join(name)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Writes to the end of the disk; returns how many pieces are surely there.
fn fill_up(client: &mut Client, file: &nfs_fh3, pieces_max: u64) -> u64 {
    for piece in 0..pieces_max {
        let data = sample(piece, 64 << 10);
        if client.write(file, piece * (64 << 10), &data, stable_how::FILE_SYNC).is_err() {
            return piece;
        }
    }
    panic!("the disk is not full after {pieces_max} pieces");
}

#[test]
fn a_full_disk_under_images_is_told_and_its_service_starts_again() {
    if !require::root() {
        return;
    }
    let (greedy, modest) = (address(200), address(201));
    let service = |name, at| format!("[[service]]\nname = '{name}'\nlisten = '{at}'\n");
    let fleet = Fleet::new(&format!(
        "[defaults]\nimage = 'small/{{name}}.img'\ncreate = '64M'\nexports = ['/:no_root_squash']\n{}{}",
        service("greedy", greedy),
        service("modest", modest)
    ));
    let small = Small::new(fleet.path("small"), "24M");
    let server = fleet.start_by(small.command());
    let (mut neighbour, its_root) = Client::mount(modest);
    let kept = neighbour.put(&its_root, b"kept", &sample(3, 4096)).expect("it is put");
    fs::write(small.path("ballast"), vec![1; 4 << 20]).expect("there is space yet");

    let (mut client, root) = Client::mount(greedy);
    let file = client.create(&root, b"file").expect("it is made");
    let pieces = fill_up(&mut client, &file, 1024);
    assert!(pieces > 16, "there was space for {pieces} pieces");
    assert_eq!(neighbour.read_all(&kept, 4096).expect("it is read"), sample(3, 4096));

    fs::remove_file(small.path("ballast")).expect("it is removed");
    // What could not be written has made its file system read-only: another start mends it by the log.
    fleet.ask(&["stop", "greedy"]);
    fleet.await_state("greedy", &["stopped", "failed"]);
    fleet.ask(&["start", "greedy"]);
    fleet.await_state("greedy", LETS_IN);
    let (mut client, _) = Client::mount(greedy);
    for piece in 0..pieces {
        let read = client.read(&file, piece * (64 << 10), 64 << 10).expect("it is read");
        assert_eq!(read.data.as_ref(), sample(piece, 64 << 10), "piece {piece}");
    }
    client.put(&root, b"more", &sample(4, 4096)).expect("there is space again");
    neighbour.put(&its_root, b"more", &sample(5, 4096)).expect("here, too");
    server.stop(Signal::TERM);
    ["greedy.img", "modest.img"].iter().for_each(|image| expect_clean(&small.path(image)));
}

/// What each client of a full memory writes.
const MEMORY_PIECES: u64 = 64;

#[test]
fn clients_wait_where_memory_is_full() {
    let (first, clients) = (300, 8);
    let head = "[process]\ndirty = '4M'\nreceived = '4M'\n";
    let fleet = Fleet::new(&format!("{head}{}", many(clients, first, "32M")));
    let server = fleet.start();
    let before_kib = server.resident_kib();
    scope(|scope| {
        for number in first..first + clients {
            scope.spawn(move || write_much(number));
        }
    });
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    eprintln!("{grown_kib} KiB more");
    server.stop(Signal::TERM);
    images(&fleet.path("")).iter().for_each(|image| expect_clean(image));
}

/// Writes that need not be on disk, and reads what was written: more than there is memory for.
fn write_much(number: u16) {
    let (mut client, root) = Client::mount(address(number));
    let file = client.create(&root, b"file").expect("it is made");
    let data = |piece| sample(u64::from(number) << 32 | piece, 256 << 10);
    for piece in 0..MEMORY_PIECES {
        let offset = piece * (256 << 10);
        let written = client.write(&file, offset, &data(piece), stable_how::UNSTABLE);
        assert_eq!(written.expect("it is written").count, 256 << 10);
    }
    for piece in 0..MEMORY_PIECES {
        let read = client.read(&file, piece * (256 << 10), 256 << 10).expect("it is read");
        assert_eq!(read.data.as_ref(), data(piece), "piece {piece}");
    }
    client.set(&file, sattr(), None).expect("it is at rest");
}
