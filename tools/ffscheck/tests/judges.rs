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

/// All four layouts in sizes from tiny to large; the files are sparse.
fn images(folder: &Path) -> Vec<(Options, PathBuf)> {
    let mut images = Vec::new();
    for format in [Format::Ufs1, Format::Ufs2] {
        for byte_order in [ByteOrder::Little, ByteOrder::Big] {
            for size_bytes in [MIB, 30 * MIB + 1536, 3 * GIB, 1024 * GIB] {
                let options = Options { format, byte_order, ..Options::new(size_bytes) };
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
        assert!(facts.contains("123456789abcdef"), "{facts}");
        let names = output(Command::new("fls").args(kind).arg("-a").arg(&path));
        let names = names.expect("fls comes with fsstat");
        assert!(names.contains("d/d 2:\t.\n") && names.contains("d/d 2:\t..\n"), "{names}");
    }
}
