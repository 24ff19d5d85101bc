//! What `vnfsd image` shows, as a listing.

use crate::entry::{Entry, Kind, Listing, digest};
use crate::process::{self, run};
use crate::program::vnfsd;
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

/// Runs `vnfsd image WHAT IMAGE`, with more arguments to come.
pub fn command(what: &str, image: &Path) -> Command {
    let mut command = process::command(vnfsd());
    command.args(["image", what]).arg(image);
    command
}

/// Everything at these paths, by `stat --json` and `cat`.
///
/// # Panics
/// If a command fails, or says what it should not.
pub fn listing<'a>(image: &Path, paths: impl IntoIterator<Item = &'a [u8]>) -> Listing {
    let paths: Vec<&[u8]> = paths.into_iter().collect();
    let shown =
        run(command("stat", image).arg("--json").args(paths.iter().map(|path| slashed(path))));
    let values = serde_json::Deserializer::from_slice(&shown.stdout).into_iter::<Value>();
    let values: Vec<Value> = values.map(|value| value.expect("JSON")).collect();
    assert_eq!(values.len(), paths.len(), "one object for each path");
    let mut digests = digests(image, paths.iter().copied().zip(&values)).into_iter();
    let entries = paths.iter().zip(&values);
    entries.map(|(path, value)| (path.to_vec(), entry(value, &mut digests))).collect()
}

fn slashed(path: &[u8]) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from("/");
    text.push(OsStr::from_bytes(path));
    text
}

/// The digests of all regular files, in the order of the paths.
fn digests<'a>(image: &Path, files: impl Iterator<Item = (&'a [u8], &'a Value)>) -> Vec<String> {
    let regular = files.filter(|(_, value)| value["type"] == "regular file");
    let (paths, sizes): (Vec<_>, Vec<_>) =
        regular.map(|(path, value)| (slashed(path), number(value, "size_bytes"))).unzip();
    if paths.is_empty() {
        return Vec::new();
    }
    let all = run(command("cat", image).args(paths)).stdout;
    let total: u64 = sizes.iter().sum();
    assert_eq!(all.len() as u64, total, "cat shows as much as stat says");
    let mut rest = all.as_slice();
    let pieces = sizes.into_iter().map(|size| {
        let (piece, behind) = rest.split_at(size as usize);
        rest = behind;
        digest(piece)
    });
    pieces.collect()
}

fn entry(value: &Value, digests: &mut impl Iterator<Item = String>) -> Entry {
    let small = |name| u32::try_from(number(value, name)).expect("32 bits");
    let mode = text(value, "mode");
    Entry {
        kind: kind(value, digests),
        mode: u32::from_str_radix(mode, 8).expect("an octal mode"),
        links: small("links"),
        uid: small("uid"),
        gid: small("gid"),
        modified: moment(text(value, "modified")),
    }
}

fn kind(value: &Value, digests: &mut impl Iterator<Item = String>) -> Kind {
    let device = || {
        let part = |index: usize| value["device"][index].as_u64().expect("a number") as u32;
        (part(0), part(1))
    };
    match text(value, "type") {
        "regular file" => {
            let digest = digests.next().expect("contents of every regular file");
            Kind::Regular(number(value, "size_bytes"), digest)
        }
        "directory" => Kind::Directory,
        "symbolic link" => Kind::SymbolicLink(text(value, "target").into()),
        "fifo" => Kind::Fifo,
        "socket" => Kind::Socket,
        "block device" => Kind::BlockDevice(device().0, device().1),
        "character device" => Kind::CharacterDevice(device().0, device().1),
        other => panic!("a file of type {other}"),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Seconds and nanoseconds of a time in RFC 3339.
fn moment(text: &str) -> (i64, u32) {
    let time: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    (time.as_second(), time.subsec_nanosecond() as u32)
}
