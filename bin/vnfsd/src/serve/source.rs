//! What is served: an image or memory.

use crate::cli::Serve;
use crate::newfs;
use crate::text::escape;
use anyhow::{Context, Result, bail};
use posix::{Access, Image, Site};
use service::ImageOptions;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where the files come from, opened and locked.
pub enum Source {
    /// An image.
    Image(Image),
    /// Memory, of this many bytes.
    Memory(u64),
}

/// The service's name, for people: what the administrator called it, or else what it serves.
pub fn name(options: &Serve) -> String {
    let of_image = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        escape(name.as_bytes())
    };
    let own = || options.image.as_ref().map(of_image);
    options.name.clone().or_else(own).unwrap_or_else(|| "memory".to_owned())
}

impl Source {
    /// Opens what the command line names, and makes it first if asked to. An image that may be
    /// changed is nobody else's meanwhile; one that may not can be looked into.
    pub fn open(options: &Serve) -> Result<Self> {
        let Some(path) = &options.image else {
            return options.memory.map(Self::Memory).context("nothing to serve: name an image");
        };
        let exists =
            path.try_exists().with_context(|| format!("{}: cannot be seen", path.display()))?;
        match (exists, options.create) {
            (true, Some(_)) => tracing::info!("{}: exists, so none is made", path.display()),
            (false, Some(size_bytes)) => newfs::create(path, size_bytes)?,
            (false, None) => {
                bail!("{}: no such image; --create SIZE makes one", path.display())
            }
            (true, None) => {}
        }
        let access = if options.read_only { Access::ReadOnly } else { Access::ReadWrite };
        match Image::open(path, access) {
            Err(error) if error.is_of_writing() => {
                bail!("{error}; --read-only serves it without changing it")
            }
            opened => Ok(Self::Image(opened?)),
        }
    }

    /// What is served, as the administrator called it.
    pub fn shown(&self) -> String {
        match self {
            Self::Image(image) => escape(image.path().as_os_str().as_bytes()),
            Self::Memory(_) => "memory".to_owned(),
        }
    }

    /// The same for a service, on its worker's thread.
    pub fn attach(self, site: &Site, options: ImageOptions) -> service::Source {
        match self {
            Self::Image(image) => service::Source::disk(site.attach(image), options),
            Self::Memory(size_bytes) => {
                service::Source::Memory { size_bytes, id: site.host.random.next_u64() }
            }
        }
    }
}
