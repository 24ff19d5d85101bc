//! New file systems before judges that are not ours: The Sleuth Kit, and Linux's `ufs` driver in
//! a guest. Each is skipped, with a line that says so, where it is not installed.

use abi::{FileSystemId, Timestamp};
use ffs::layout::{ByteOrder, Format};
use ffscheck::newfs::{Options, newfs};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIME: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 0 };

/// All four layouts in sizes from tiny to large, with a log but for the tiny; the files are sparse.
fn images(folder: &Path) -> Vec<(Options, PathBuf)> {
    let mut images = Vec::new();
    for format in [Format::Ufs1, Format::Ufs2] {
        for byte_order in [ByteOrder::Little, ByteOrder::Big] {
            for size_bytes in [MIB, 30 * MIB + 1536, 3 * GIB, 1024 * GIB] {
                let log_bytes = None;
                let options = Options { format, byte_order, log_bytes, ..Options::new(size_bytes) };
                let path = folder.join(format!("{format:?}-{byte_order:?}-{size_bytes}"));
                make(&options, &path);
                images.push((options, path));
            }
        }
    }
    images
}

fn make(options: &Options, path: &Path) {
    let mut file = File::create(path).expect("a file");
    newfs(&mut file, options, FileSystemId(0x0123_4567_89ab_cdef), TIME).expect("a file system");
}

/// What a command prints, or `None` if it is not installed.
fn output(command: &mut Command) -> Option<String> {
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{command:?}: {output:?}");
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: {command:?} is not installed");
            None
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// The counts of all groups, from the table or from the groups' own blocks.
fn summaries<'a>(facts: &'a str, which: &str) -> Vec<Vec<&'a str>> {
    let title = format!("  {which} Summary");
    let lines: Vec<&str> = facts.lines().collect();
    let found = lines.iter().enumerate().filter(|(_, line)| line.starts_with(&title));
    found.map(|(at, _)| lines[at + 1..at + 5].to_vec()).collect()
}

fn type_name(format: Format) -> &'static str {
    match format {
        Format::Ufs1 => "ufs1",
        Format::Ufs2 => "ufs2",
    }
}

#[test]
fn the_sleuth_kit_reads_the_superblock_and_the_root() {
    let folder = tempfile::tempdir().expect("a folder");
    for (options, path) in images(folder.path()) {
        let kind = ["-f", type_name(options.format)];
        let Some(facts) = output(Command::new("fsstat").args(kind).arg(&path)) else { return };
        assert!(facts.contains("Root Directory: 2\n"), "{facts}");
        assert_eq!(summaries(&facts, "Global"), summaries(&facts, "Local"), "{}", path.display());
        let names = output(Command::new("fls").args(kind).arg("-a").arg(&path));
        let names = names.expect("fls comes with fsstat");
        assert!(names.contains("d/d 2:\t.\n") && names.contains("d/d 2:\t..\n"), "{names}");
    }
}

/// The folder with `run`, if a guest can be started here.
fn guest() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guest");
    let built = Command::new(folder.join("build")).arg("uml").output();
    match built {
        Ok(built) if built.status.success() => Some(folder),
        why => {
            println!("skipped: no guest here: {why:?}");
            None
        }
    }
}

#[test]
fn linux_mounts_every_layout() {
    let Some(guest) = guest() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = Command::new(guest.join("run"));
    run.args(["--net", "none", "--timeout", "120"]);
    let mut script = String::from("set -e; modprobe ufs\n");
    for (number, (options, path)) in images(folder.path()).iter().enumerate() {
        run.arg("--disk").arg(format!("{},ro", path.display()));
        let kind = match options.format {
            Format::Ufs1 => "44bsd",
            Format::Ufs2 => "ufs2",
        };
        script += &format!("mount -t ufs -o ro,ufstype={kind} /dev/disk{number} /mnt\n");
        script += "stat -f -c 'free %f of %b, files %d of %c' /mnt; ls -A /mnt\n";
        script += "stat -c '%A %h %u %g %i %s %Y' /mnt; umount /mnt\n";
    }
    let said = output(run.arg("-c").arg(script)).expect("the guest's runner is there");
    println!("{said}");
    let roots = said.lines().filter(|line| *line == "drwxr-xr-x 2 0 0 2 512 1700000000");
    assert_eq!(roots.count(), 16, "{said}");
    assert_eq!(said.lines().count(), 32, "{said}");
}
