//! Which file systems there are: one row each, from a source to something that can be mounted.
//!
//! To add one, write its crate, a function here, and its row in [`IMAGE_FORMATS`].

use crate::engine::Engine;
use crate::{ByteOrder, Host, ImageOptions, Limits};
use abi::FileSystemId;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use block::Device;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use hyper::Level;
use vfs::FileSystem;

/// A file system, ready to be served, and what people are told of it.
pub(crate) struct Found {
    pub(crate) file_system: Rc<dyn FileSystem>,
    pub(crate) format: String,
    pub(crate) byte_order: Option<ByteOrder>,
    pub(crate) size_bytes: u64,
    /// Why nothing on it can be changed.
    pub(crate) read_only: Option<String>,
    /// `None` if it has no cache of a disk.
    pub(crate) engine: Option<Rc<dyn Engine>>,
}

/// Why a source cannot be served.
pub(crate) enum Refused {
    /// The image holds nothing of this format; the sentence says where it was looked for.
    Unknown(String),
    /// It does, but cannot be mounted.
    Failed(String),
}

type Attempt = Pin<Box<dyn Future<Output = Result<Found, Refused>>>>;

/// An image about to be mounted.
#[derive(Clone)]
struct Image {
    device: Rc<Device>,
    options: ImageOptions,
    cache_bytes: u64,
    dirty_bytes: u64,
    /// The service's name.
    name: Rc<str>,
    host: Host,
}

/// One format of images: how one is mounted, if it is of that format.
type Format = fn(Image) -> Attempt;

const IMAGE_FORMATS: &[Format] = &[ffs];

/// What mounts an image, whatever format it has, or says in a sentence why none will.
pub(crate) fn image(
    device: Rc<Device>,
    options: ImageOptions,
    name: &str,
    host: &Host,
    limits: &Limits,
) -> impl Future<Output = Result<Found, String>> + use<> {
    let &Limits { cache_bytes, dirty_bytes, .. } = limits;
    let (name, host) = (name.into(), host.clone());
    let image = Image { device, options, cache_bytes, dirty_bytes, name, host };
    async move {
        let mut unknown = Vec::new();
        for format in IMAGE_FORMATS {
            match format(image.clone()).await {
                Ok(found) => return Ok(found),
                Err(Refused::Failed(reason)) => return Err(reason),
                Err(Refused::Unknown(reason)) => unknown.push(reason),
            }
        }
        Err(unknown.join("; "))
    }
}

/// An empty file system in memory. Its root is open to all, with the sticky bit, as /tmp is:
/// nobody else could let the first user in.
pub(crate) fn memory(host: &Host, size_bytes: u64, id: u64) -> Found {
    let (verifier, time) = (host.random.next_u64(), host.clock.wall());
    let root = memfs::RootDirectory { mode: 0o1777, ..Default::default() };
    Found {
        file_system: memfs::Memfs::with_root(FileSystemId(id), size_bytes, verifier, time, root),
        format: "memory".to_string(),
        byte_order: None,
        size_bytes,
        read_only: None,
        engine: None,
    }
}

fn ffs(image: Image) -> Attempt {
    let luck = || image.host.random.next_u64();
    let options = ffs::Options {
        cache_bytes: image.cache_bytes,
        writable: !image.options.read_only,
        log: image.options.log,
        discard: image.options.discard,
        verifier: luck(),
        dirty_bytes_max: image.dirty_bytes,
        dirty_account: image.host.dirty.clone(),
        hash_key: [luck(), luck()],
        ..Default::default()
    };
    let (log, name) = (image.host.log.clone(), image.name.clone());
    let damage = Rc::new(move |line: fmt::Arguments<'_>| {
        log.log(Level::Warning, "ffs", format_args!("{name}: {line}"));
    });
    Box::pin(async move {
        let mounted = ffs::mount(image.device, options, damage).await;
        let file_system = mounted.map_err(refused)?;
        let description = file_system.description();
        Ok(Found {
            format: description.format_name().to_string(),
            byte_order: Some(description.byte_order),
            size_bytes: description.size_bytes,
            read_only: read_only(&*file_system, image.options.read_only, description.unwritable),
            engine: Some(file_system.clone()),
            file_system,
        })
    })
}

fn refused(error: ffs::MountError) -> Refused {
    match error {
        ffs::MountError::NotFound { .. } => Refused::Unknown(error.to_string()),
        _ => Refused::Failed(error.to_string()),
    }
}

/// Why nothing can be changed, the most surprising reason first.
fn read_only(
    file_system: &dyn FileSystem,
    asked: bool,
    unclean: Option<&'static str>,
) -> Option<String> {
    let reason = match (file_system.writable(), unclean, asked) {
        (Some(_), _, _) => return None,
        (None, Some(reason), _) => reason,
        (None, None, true) => "as was asked for",
        (None, None, false) => "its format can only be read",
    };
    Some(reason.to_string())
}
