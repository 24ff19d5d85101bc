//! What is known of a file, for people and for programs.

use super::volume::Volume;
use crate::text::escape;
use abi::{Attributes, FileType, Timestamp};
use anyhow::Result;
use serde::Serialize;
use std::fmt::Write;
use vfs::Vnode;

/// chflags(2)'s bits and the names chflags(1) gives them; the superuser's are the upper ones.
const FLAGS: [(u32, &str); 10] = [
    (0x0000_0001, "nodump"),
    (0x0000_0002, "uchg"),
    (0x0000_0004, "uappnd"),
    (0x0000_0008, "opaque"),
    (0x0000_0010, "uunlnk"),
    (0x0001_0000, "arch"),
    (0x0002_0000, "schg"),
    (0x0004_0000, "sappnd"),
    (0x0010_0000, "sunlnk"),
    (0x0020_0000, "snapshot"),
];

/// One file, as JSON shows it.
#[derive(Debug, Serialize)]
pub struct Record {
    /// Escaped if it is not UTF-8; otherwise as it is.
    pub name: String,
    /// The name's bytes in hexadecimal, if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_hex: Option<String>,
    #[serde(rename = "type")]
    file_type: &'static str,
    /// Permission, set-id and sticky bits, in octal.
    mode: String,
    inode: u64,
    generation: u32,
    links: u32,
    uid: u32,
    gid: u32,
    size_bytes: u64,
    used_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// The target's bytes in hexadecimal, if it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_hex: Option<String>,
    flags: Vec<String>,
    accessed: String,
    modified: String,
    changed: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    born: Option<String>,
}

impl Record {
    /// The file that `name` names; `target` is where a symbolic link leads.
    pub fn new(name: &[u8], file: &Attributes, target: Option<&[u8]>) -> Self {
        let (name, name_hex) = json_text(name);
        let (target, target_hex) = target.map(json_text).unzip();
        Self {
            name,
            name_hex,
            file_type: type_name(file.file_type),
            mode: format!("{:04o}", file.mode),
            inode: file.file.inode.0,
            generation: file.file.generation,
            links: file.links,
            uid: file.uid,
            gid: file.gid,
            size_bytes: file.size_bytes,
            used_bytes: file.used_bytes,
            device: is_device(file).then_some([file.device.major, file.device.minor]),
            target,
            target_hex: target_hex.flatten(),
            flags: flag_names(file.flags),
            accessed: time(file.accessed),
            modified: time(file.modified),
            changed: time(file.changed),
            born: file.born.map(time),
        }
    }
}

/// Where the symbolic link at `path` leads; `None` if it is something else.
pub fn target(
    volume: &Volume,
    path: &[u8],
    file: &Vnode,
    attributes: &Attributes,
) -> Result<Option<bytes::Bytes>> {
    let is_link = attributes.file_type == FileType::SymbolicLink;
    is_link.then(|| volume.read_link(path, file)).transpose()
}

/// Text as JSON may hold it, and its bytes if that loses something.
fn json_text(bytes: &[u8]) -> (String, Option<String>) {
    match str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (escape(bytes), Some(hex(bytes))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether it is a device node.
pub fn is_device(file: &Attributes) -> bool {
    matches!(file.file_type, FileType::BlockDevice | FileType::CharacterDevice)
}

/// A kind of file in words.
pub fn type_name(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Regular => "regular file",
        FileType::Directory => "directory",
        FileType::BlockDevice => "block device",
        FileType::CharacterDevice => "character device",
        FileType::SymbolicLink => "symbolic link",
        FileType::Socket => "socket",
        FileType::Fifo => "fifo",
    }
}

/// Type and mode as ls(1) shows them: `drwxr-sr-t`.
pub fn mode_letters(file: &Attributes) -> String {
    let mut letters = String::from(type_letter(file.file_type));
    for (shift, special, on, off) in
        [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')]
    {
        let bits = file.mode >> shift;
        letters.push(if bits & 4 != 0 { 'r' } else { '-' });
        letters.push(if bits & 2 != 0 { 'w' } else { '-' });
        letters.push(match (file.mode & special != 0, bits & 1 != 0) {
            (true, true) => on,
            (true, false) => off,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    letters
}

fn type_letter(file_type: FileType) -> char {
    match file_type {
        FileType::Regular => '-',
        FileType::Directory => 'd',
        FileType::BlockDevice => 'b',
        FileType::CharacterDevice => 'c',
        FileType::SymbolicLink => 'l',
        FileType::Socket => 's',
        FileType::Fifo => 'p',
    }
}

/// File flags by name, what has none as a number.
pub fn flag_names(flags: u32) -> Vec<String> {
    let set = FLAGS.iter().filter(|(bit, _)| flags & bit != 0);
    let mut names: Vec<_> = set.map(|(_, name)| (*name).to_owned()).collect();
    let rest = FLAGS.iter().fold(flags, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names
}

/// A time in UTC as RFC 3339 writes it; beyond the year 9999 as seconds since 1970.
pub fn time(time: Timestamp) -> String {
    let nanoseconds = i32::try_from(time.nanoseconds).unwrap_or(0);
    match jiff::Timestamp::new(time.seconds, nanoseconds) {
        Ok(moment) => moment.to_string(),
        Err(_) => format!("@{}.{:09}", time.seconds, time.nanoseconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::{DeviceNumber, FileId, InodeNo};

    fn file(file_type: FileType, mode: u32) -> Attributes {
        let moment = Timestamp::default();
        Attributes {
            file: FileId { inode: InodeNo(2), generation: 1 },
            file_type,
            mode,
            links: 1,
            uid: 0,
            gid: 0,
            size_bytes: 0,
            used_bytes: 0,
            device: DeviceNumber::default(),
            flags: 0,
            accessed: moment,
            modified: moment,
            changed: moment,
            born: None,
        }
    }

    #[test]
    fn modes_in_letters() {
        assert_eq!(mode_letters(&file(FileType::Regular, 0o644)), "-rw-r--r--");
        assert_eq!(mode_letters(&file(FileType::Directory, 0o1777)), "drwxrwxrwt");
        assert_eq!(mode_letters(&file(FileType::Fifo, 0o7000)), "p--S--S--T");
        assert_eq!(mode_letters(&file(FileType::Regular, 0o6755)), "-rwsr-sr-x");
    }

    #[test]
    fn flags_by_name() {
        assert_eq!(flag_names(0x0002_0001), ["nodump", "schg"]);
        assert_eq!(flag_names(0x8000_0002), ["uchg", "0x80000000"]);
    }

    #[test]
    fn times_without_limit() {
        let moment = |seconds, nanoseconds| time(Timestamp { seconds, nanoseconds });
        assert_eq!(moment(1_255_500_000, 5_000_000), "2009-10-14T06:00:00.005Z");
        assert_eq!(moment(-1, 500_000_000), "1969-12-31T23:59:59.5Z");
        assert_eq!(moment(i64::MAX, 0), "@9223372036854775807.000000000");
    }

    #[test]
    fn names_that_are_not_utf8_keep_their_bytes() {
        let record = Record::new(b"\xff\n", &file(FileType::Regular, 0), None);
        assert_eq!((record.name.as_str(), record.name_hex.as_deref()), (r"\xff\n", Some("ff0a")));
        assert_eq!(Record::new(b"a\n", &file(FileType::Regular, 0), None).name, "a\n");
    }
}
