//! A new file of any kind but a directory.

use super::attributes::Attributes;
use super::contents;
use super::copy::Copy;
use super::fault::{Fault, unreadable};
use super::place::Place;
use abi::DeviceNumber;
use anyhow::anyhow;
use rustix::fs::{major, minor};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use vfs::{NewKind, Vnode};

/// Makes what is at `source` under a name that is free.
pub fn file(
    copy: &mut Copy<'_>,
    source: &Path,
    metadata: &Metadata,
    place: &Place,
) -> Result<(), Fault> {
    let attributes = Attributes::of(metadata, &copy.how);
    let kind = metadata.file_type();
    if kind.is_file() {
        return regular(copy, source, metadata, place);
    }
    let target;
    let kind = if kind.is_symlink() {
        target = unreadable(source, fs::read_link(source))?;
        NewKind::SymbolicLink(target.as_os_str().as_bytes())
    } else if kind.is_fifo() {
        NewKind::Fifo
    } else if kind.is_socket() {
        NewKind::Socket
    } else if kind.is_block_device() {
        NewKind::BlockDevice(device(metadata))
    } else if kind.is_char_device() {
        NewKind::CharacterDevice(device(metadata))
    } else {
        return Err(Fault::left_out(source, "a file of a kind that FFS does not have"));
    };
    create(copy, place, &attributes, kind).map(drop)
}

fn device(metadata: &Metadata) -> DeviceNumber {
    DeviceNumber { major: major(metadata.rdev()), minor: minor(metadata.rdev()) }
}

fn create(
    copy: &Copy<'_>,
    place: &Place,
    attributes: &Attributes,
    kind: NewKind<'_>,
) -> Result<Vnode, Fault> {
    let new = attributes.new_file(kind);
    Ok(copy.volume.create(&place.path, &place.directory, &place.name, &new)?)
}

fn regular(
    copy: &mut Copy<'_>,
    source: &Path,
    metadata: &Metadata,
    place: &Place,
) -> Result<(), Fault> {
    let key = (metadata.dev(), metadata.ino());
    if let Some(first) = copy.first_names.get(&key) {
        return Ok(copy.volume.link(&place.path, first, &place.directory, &place.name)?);
    }
    let mut input = unreadable(source, File::open(source))?;
    let attributes = Attributes::of(metadata, &copy.how);
    let cannot = |error| unreadable::<()>(source, Err(error)).expect_err("it is one");
    let file = filled(copy, &mut input, &cannot, place, &attributes)?;
    if metadata.nlink() > 1 {
        copy.first_names.insert(key, file);
    }
    Ok(())
}

/// Makes a file of what comes from standard input.
pub fn input(copy: &Copy<'_>, place: &Place) -> Result<(), Fault> {
    let attributes = Attributes::plain(&copy.how);
    let cannot = |error: io::Error| Fault::Host(anyhow!("standard input: {error}"));
    filled(copy, &mut io::stdin().lock(), &cannot, place, &attributes).map(drop)
}

/// Makes a file and fills it; half of one is gone again.
fn filled(
    copy: &Copy<'_>,
    input: &mut dyn Read,
    unreadable: &dyn Fn(io::Error) -> Fault,
    place: &Place,
    attributes: &Attributes,
) -> Result<Vnode, Fault> {
    let file = create(copy, place, attributes, NewKind::Regular)?;
    let (volume, path) = (copy.volume, &place.path);
    let done = contents::copy(copy, input, unreadable, path, &file)
        .and_then(|()| Ok(volume.set_attributes(path, &file, &attributes.finish())?));
    if let Err(fault) = done {
        volume.remove(path, &place.directory, &place.name)?;
        return Err(fault);
    }
    Ok(file)
}
