//! Telling the administrator where an image is damaged.

use alloc::rc::Rc;
use core::cell::Cell;
use core::fmt;

/// Most lines of one mount: a client that reads a damaged file again and again fills no log.
pub(crate) const REPORTS_MAX: u32 = 1000;

/// Takes a line for each damaged place, such as "inode 7: double indirect block at fragment 99
/// lies outside the file system (0..64 fragments)".
pub trait Damage {
    /// Records one line.
    fn report(&self, line: fmt::Arguments<'_>);
}

impl<F: Fn(fmt::Arguments<'_>)> Damage for F {
    fn report(&self, line: fmt::Arguments<'_>) {
        self(line);
    }
}

/// A sink that goes quiet after [`REPORTS_MAX`] lines.
pub(crate) struct Reports {
    sink: Rc<dyn Damage>,
    count: Cell<u32>,
}

impl Reports {
    pub(crate) fn new(sink: Rc<dyn Damage>) -> Self {
        Self { sink, count: Cell::new(0) }
    }

    pub(crate) fn report(&self, line: fmt::Arguments<'_>) {
        let count = self.count.get();
        self.count.set(count.saturating_add(1));
        if count < REPORTS_MAX {
            self.sink.report(line);
        } else if count == REPORTS_MAX {
            self.sink.report(format_args!("more damage than {REPORTS_MAX} lines: run fsck"));
        }
    }
}
