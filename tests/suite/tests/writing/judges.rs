//! Readers of FFS by other hands.

use super::Layout;
use rufs::{InodeNum, InodeType, Ufs};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use suite::process::{run, text};

/// Regular files by path, with the SHA-256 of their contents.
pub type Sums = BTreeMap<String, String>;

/// Reads the lines of sha256sum(1).
pub fn sums(lines: &str) -> Sums {
    let parse = |line: &str| {
        let (sum, path) = line.split_once("  ./")?;
        Some((path.to_owned(), sum.to_owned()))
    };
    // A name with a backslash or a newline is escaped; sleuthkit prints it otherwise.
    lines.lines().filter(|line| !line.starts_with('\\')).filter_map(parse).collect()
}

/// Every judge sees these files with these contents.
pub fn agree(image: &Path, layout: Layout, expected: &Sums) {
    assert!(!expected.is_empty(), "{layout:?}: nothing to compare");
    run(Command::new("fsstat").arg(image));
    compare(&format!("{layout:?}, The Sleuth Kit"), expected, &sleuthkit(image, expected));
    if layout.format == "ffs2" && layout.endian == "little" {
        let found = rufs(image);
        let seen = expected.iter().filter(|(path, _)| found.contains_key(*path));
        let seen: Sums = seen.map(|(path, sum)| (path.clone(), sum.clone())).collect();
        compare(&format!("{layout:?}, rufs"), &seen, &found);
        // It takes a free record for the end of its chunk, and misses the names behind.
        assert!(seen.len() * 2 > expected.len(), "rufs sees {} of {}", seen.len(), expected.len());
        assert!(seen.keys().any(|path| path == "tree/large"), "rufs misses the large file");
    }
}

fn compare(what: &str, expected: &Sums, found: &Sums) {
    for (path, sum) in expected {
        assert_eq!(found.get(path), Some(sum), "{what}: {path}");
    }
}

/// `fls` for the names, `icat` for the contents.
fn sleuthkit(image: &Path, wanted: &Sums) -> Sums {
    let names = text(Command::new("fls").args(["-r", "-p", "-u", "-F"]).arg(image));
    let mut sums = Sums::new();
    for line in names.lines() {
        let Some((kind, path)) = line.split_once(":\t") else { continue };
        let Some(inode) = kind.strip_prefix("r/r ") else { continue };
        if wanted.contains_key(path) {
            let contents = run(Command::new("icat").arg(image).arg(inode)).stdout;
            sums.insert(path.to_owned(), hex(&Sha256::digest(&contents)));
        }
    }
    sums
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A crate that reads UFS2.
fn rufs(image: &Path) -> Sums {
    let mut ufs = Ufs::open(image, false).expect("rufs mounts it");
    let (mut sums, mut folders) = (Sums::new(), vec![(String::new(), InodeNum::ROOT)]);
    while let Some((folder, inode)) = folders.pop() {
        for (name, inode, kind) in entries(&mut ufs, inode) {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match kind {
                InodeType::Directory => folders.push((path, inode)),
                InodeType::RegularFile => {
                    sums.insert(path, hex(&Sha256::digest(contents(&mut ufs, inode))));
                }
                _ => {}
            }
        }
    }
    sums
}

fn entries(ufs: &mut Ufs<File>, folder: InodeNum) -> Vec<(String, InodeNum, InodeType)> {
    let mut entries = Vec::new();
    let each = |name: &OsStr, inode, kind| {
        if name != "." && name != ".." {
            entries.push((name.to_string_lossy().into_owned(), inode, kind));
        }
        None::<()>
    };
    ufs.dir_iter(folder, each).expect("a directory");
    entries
}

fn contents(ufs: &mut Ufs<File>, file: InodeNum) -> Vec<u8> {
    let size = ufs.inode_attr(file).expect("attributes").size;
    let (mut contents, mut at) = (vec![0; size as usize], 0);
    while at < contents.len() {
        let count = ufs.inode_read(file, at as u64, &mut contents[at..]).expect("data");
        assert!(count > 0, "inode {file} ends early");
        at += count;
    }
    contents
}
