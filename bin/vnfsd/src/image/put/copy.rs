//! One file or directory after another.

use super::How;
use super::attributes::Attributes;
use super::fault::{Fault, unreadable};
use super::make;
use super::place::Place;
use crate::image::Omissions;
use crate::image::interrupt::Interrupt;
use crate::image::progress::Progress;
use crate::image::volume::Volume;
use abi::FileType;
use anyhow::{Result, anyhow};
use hyper::Random;
use posix::HostRandom;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use vfs::{NewKind, Vnode};

/// A copy under way.
pub struct Copy<'a> {
    /// Where to.
    pub volume: &'a Volume,
    /// What the flags say.
    pub how: How,
    /// Files with several names, by device and inode on the host.
    pub first_names: HashMap<(u64, u64), Vnode>,
    /// What was left out.
    pub omissions: Omissions,
    /// How far it has come.
    pub progress: Progress,
    /// Whether to go on.
    pub interrupt: &'a Interrupt,
}

impl Copy<'_> {
    /// Copies the file or directory at `source`.
    pub fn put(&mut self, source: &Path, place: &Place) -> Result<()> {
        let done = self.interrupt.check().map_err(Fault::Image);
        let done = done.and_then(|()| self.file_or_directory(source, place));
        self.go_on(done)
    }

    /// Copies what is in the directory at `source` into the one at `path`, which becomes alike.
    pub fn fill(&mut self, source: &Path, directory: &Vnode, path: &[u8]) -> Result<()> {
        let done = self.entries(source, directory, path);
        self.go_on(done)
    }

    /// Copies what comes from standard input.
    pub fn input(&mut self, place: &Place) -> Result<()> {
        let done = self.replacing(place, |copy, place| make::input(copy, place));
        self.go_on(done)
    }

    /// Says what is left out; an error of the image is the end.
    fn go_on(&mut self, done: Result<(), Fault>) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(Fault::Image(error)) => Err(error),
            Err(Fault::Host(error)) => {
                self.progress.suspend(|| self.omissions.note(&error));
                Ok(())
            }
        }
    }

    fn file_or_directory(&mut self, source: &Path, place: &Place) -> Result<(), Fault> {
        let metadata = unreadable(source, fs::symlink_metadata(source))?;
        if !metadata.is_dir() {
            return self.replacing(place, |copy, place| make::file(copy, source, &metadata, place));
        }
        if !self.how.recursive {
            return Err(Fault::left_out(source, "a directory; -r copies it"));
        }
        let directory = self.directory(&metadata, place)?;
        self.entries(source, &directory, &place.path)
    }

    /// The directory to copy into: a new one, or the one that is there.
    fn directory(&self, metadata: &Metadata, place: &Place) -> Result<Vnode, Fault> {
        let Some(present) = place.present(self.volume)? else {
            let new = Attributes::of(metadata, &self.how).new_file(NewKind::Directory);
            let Place { directory, name, path } = place;
            return Ok(self.volume.create(path, directory, name, &new)?);
        };
        let attributes = self.volume.attributes(&place.path, &present)?;
        match attributes.file_type {
            FileType::Directory if self.how.force => Ok(present),
            _ => Err(self.taken(place)),
        }
    }

    fn entries(&mut self, source: &Path, directory: &Vnode, path: &[u8]) -> Result<(), Fault> {
        let metadata = unreadable(source, fs::metadata(source))?;
        for name in unreadable(source, names(source))? {
            self.put(&source.join(&name), &Place::inside(directory, path, name.as_bytes()))?;
        }
        let finish = Attributes::of(&metadata, &self.how).finish();
        Ok(self.volume.set_attributes(path, directory, &finish)?)
    }

    /// Lets `make` make a file at `place`. One that is there is replaced once the new one is whole.
    fn replacing(
        &mut self,
        place: &Place,
        make: impl FnOnce(&mut Self, &Place) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if place.present(self.volume)?.is_none() {
            return make(self, place);
        }
        if !self.how.force {
            return Err(self.taken(place));
        }
        let Place { directory, name, path } = place;
        let passing = format!(".vnfsd-{:016x}", HostRandom.next_u64()).into_bytes();
        let new = Place { directory: directory.clone(), name: passing, path: path.clone() };
        make(self, &new)?;
        let renamed = self.volume.rename(path, (directory, &new.name), (directory, name));
        if let Err(error) = renamed {
            self.volume.remove(path, directory, &new.name)?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Something is there, and stays.
    fn taken(&self, place: &Place) -> Fault {
        let error = self.volume.error(&place.path, abi::Errno::Exists);
        Fault::Host(anyhow!("{error}; --force replaces files, and fills directories"))
    }
}

/// The names in a directory of the host, in order.
fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(path)?;
    let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    names.map(|mut names| {
        names.sort_unstable();
        names
    })
}
