//! Images made by makefs(8), and where images are worked on.

use crate::process;
use crate::program::vnfsd;
use crate::require::find;
use std::fmt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A folder for images in memory, where this machine has one: thousands of operations that wait
/// for the disk would otherwise tell how busy that disk is with something else.
///
/// # Panics
/// If no folder can be made.
pub fn image_folder() -> TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    memory.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// fsck finds nothing, and says so by its exit code.
///
/// # Panics
/// If it finds something.
pub fn expect_clean(image: &Path) {
    process::run(process::command(vnfsd()).arg("fsck").arg(image));
}

/// The format of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// 1 for UFS1, 2 for UFS2.
    pub version: u32,
    /// `"le"` or `"be"`.
    pub byte_order: &'static str,
    /// Size of a block.
    pub block_bytes: usize,
    /// Size of a fragment.
    pub fragment_bytes: usize,
}

impl Format {
    /// Both versions in both byte orders.
    pub fn all(block_bytes: usize, fragment_bytes: usize) -> impl Iterator<Item = Self> {
        let formats = [(1, "le"), (1, "be"), (2, "le"), (2, "be")];
        formats.into_iter().map(move |(version, byte_order)| Self {
            version,
            byte_order,
            block_bytes,
            fragment_bytes,
        })
    }

    /// Little-endian UFS2 with blocks of a common size.
    pub const fn usual() -> Self {
        Self { version: 2, byte_order: "le", block_bytes: 16384, fragment_bytes: 2048 }
    }

    /// Makes an image of what is in `folder`.
    ///
    /// # Panics
    /// If makefs fails.
    pub fn make(&self, image: &Path, folder: &Path) {
        self.make_with(image, folder, &[]);
    }

    /// As [`Format::make`], with more arguments for makefs.
    ///
    /// # Panics
    /// If makefs fails.
    pub fn make_with(&self, image: &Path, folder: &Path, more: &[&str]) {
        let Self { version, byte_order, block_bytes, fragment_bytes } = self;
        let options = format!("version={version},bsize={block_bytes},fsize={fragment_bytes}");
        // Left to itself, makefs counts too few blocks for what it is about to write.
        let mut command = Command::new(find("makefs").expect("the scenario asked for makefs"));
        command
            .args(["-t", "ffs", "-b", "40%", "-M", "1m", "-B", byte_order, "-o", &options])
            .args(more);
        process::run(command.arg(image).arg(folder));
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, byte_order, block_bytes, fragment_bytes } = self;
        write!(formatter, "ffs{version}-{byte_order}-{block_bytes}-{fragment_bytes}")
    }
}
