//! What the log says of an image's failed operations: where to look, and never a flood of lines.

use crate::image::Image;
use crate::transfer::Extent;
use std::cell::Cell;
use std::io;

/// Failed operations of one image that get a line each.
const FAILURES_SHOWN_MAX: u64 = 16;

/// The failed operations of one image.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    count: Cell<u64>,
}

impl Failures {
    /// Counts one more. Returns the line to log, if there is to be one.
    pub(crate) fn line(&self, image: &Image, extent: Extent, error: &io::Error) -> Option<String> {
        let shown = self.count.replace(self.count.get() + 1);
        let path = image.path().display();
        if shown == FAILURES_SHOWN_MAX {
            return Some(format!(
                "{path}: another disk operation failed; more are counted, and not shown until the \
                 image is closed"
            ));
        }
        let reason = || match image.shrunk_to_bytes() {
            None => error.to_string(),
            Some(now) => format!(
                "the file has only {now} bytes now, and had {} when it was opened; restore it",
                image.geometry().size_bytes
            ),
        };
        (shown < FAILURES_SHOWN_MAX).then(|| format!("{path}: {extent} failed: {}", reason()))
    }

    /// The line to log when the image is closed, if not every failure had one.
    pub(crate) fn last_line(&self, image: &Image) -> Option<String> {
        let (path, count) = (image.path().display(), self.count.get());
        (count > FAILURES_SHOWN_MAX).then(|| format!("{path}: {count} disk operations failed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Access;

    /// A read that failed.
    const READ: Extent = Extent { operation: "read", offset_bytes: 4096, length_bytes: 8192 };

    fn image() -> (tempfile::NamedTempFile, Image) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 20).unwrap();
        let image = Image::open(file.path(), Access::ReadOnly).unwrap();
        (file, image)
    }

    #[test]
    fn a_failure_names_the_place_and_a_file_that_was_cut_short() {
        let (file, image) = image();
        let failures = Failures::default();
        let line = failures.line(&image, READ, &io::Error::other("bad sector")).unwrap();
        assert!(line.ends_with(": read of 8192 bytes at 4096 failed: bad sector"), "{line}");
        file.as_file().set_len(6000).unwrap();
        let line = failures.line(&image, READ, &io::ErrorKind::UnexpectedEof.into()).unwrap();
        assert!(line.contains("only 6000 bytes now, and had 1048576"), "{line}");
        assert_eq!(failures.last_line(&image), None, "each had its line");
    }

    #[test]
    fn thousands_of_failures_make_a_few_lines_and_a_count() {
        let (_file, image) = image();
        let failures = Failures::default();
        let error = io::Error::other("bad sector");
        let lines = (0..30_000).filter_map(|_| failures.line(&image, READ, &error));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len() as u64, FAILURES_SHOWN_MAX + 1);
        assert!(lines.last().unwrap().contains("not shown"), "{lines:?}");
        assert!(failures.last_line(&image).unwrap().ends_with(": 30000 disk operations failed"));
    }
}
