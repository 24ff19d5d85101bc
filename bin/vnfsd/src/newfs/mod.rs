//! `vnfsd newfs`: makes an empty file system, in a new file or over what a file or device holds.
//!
//! The work is [`ffscheck::newfs`]'s; here are the flags, the place and the report. A plan is made
//! nowhere first, so that nothing is created or overwritten for options that make no sense.
//!
//! As newfs(8) of the BSDs today, it makes a root directory that belongs to whoever runs it, and no
//! `lost+found`: fsck makes that when there is something to put there.
//!
//! | file | what it does |
//! |---|---|
//! | `options` | from flags to options of `ffscheck` |
//! | `place` | where it is made: a new file, a blank one, a device; what is in the way |
//! | `report` | what was made, for people and for programs |

mod options;
mod place;
mod report;

use crate::cli;
use abi::FileSystemId;
use anyhow::{Context, Result, bail};
use ffscheck::newfs::{Destination, Made, Options, newfs};
use hyper::{Clock, Random};
use place::{Nowhere, Place};
use posix::{HostClock, HostRandom};
use report::Report;
use std::path::Path;

/// Makes what the flags ask for, and says what it is.
pub fn run(flags: &cli::Newfs) -> Result<()> {
    let shown = flags.image.display();
    let place = Place::find(&flags.image, flags.force)?;
    let size_bytes = place.size_bytes(flags.size).with_context(|| shown.to_string())?;
    let options = options::of(flags, size_bytes).with_context(|| shown.to_string())?;
    let mut made = plan(&flags.image, &options, flags.inodes)?;
    if !flags.dry_run {
        made = make(place, &flags.image, &options)?;
    }
    Report::new(&flags.image, &options, &made).print(flags.json)
}

/// Makes the file `path` with everything as newfs(8) would choose, and never over another file.
pub fn create(path: &Path, size_bytes: u64) -> Result<()> {
    let options = options::usual(size_bytes);
    plan(path, &options, None)?;
    make(Place::New, path, &options).map(drop)
}

/// What would be made.
fn plan(path: &Path, options: &Options, inodes: Option<u64>) -> Result<Made> {
    let made = make_in(&mut Nowhere, path, options)?;
    if let Some(wanted) = inodes.filter(|&wanted| wanted > made.inodes) {
        bail!(
            "{}: {wanted} inodes do not fit in {} bytes, only {} do; choose a larger size, or \
             smaller fragments",
            path.display(),
            options.size_bytes,
            made.inodes
        );
    }
    Ok(made)
}

fn make(place: Place, path: &Path, options: &Options) -> Result<Made> {
    match place {
        Place::New => place::new_file(path, |file| make_in(file, path, options)),
        Place::Old(mut old) => make_in(&mut old, path, options),
    }
}

fn make_in(destination: &mut impl Destination, path: &Path, options: &Options) -> Result<Made> {
    let id = FileSystemId(HostRandom.next_u64());
    let made = newfs(destination, options, id, HostClock.wall());
    made.with_context(|| format!("{}: cannot be made", path.display()))
}
