//! Images that are opened when they are wanted.
//!
//! ```text
//!  service ── open ───► host          begins, and takes its time
//!  service ◄── turn ─── host          once that has ended
//!  service ── opened ─► host          a disk, or why there is none
//!                ...                  the image is closed once the disk is dropped
//! ```

use crate::Disk;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::Cell;

/// An image that the host opens when asked to, and closes once its disk is dropped.
pub trait Backing {
    /// Begins to open it. The service is turned once that has ended. Nobody asks again before it
    /// has, or while the disk is there.
    fn open(&self);

    /// What came of it, once; `None` until it has ended. An error is a sentence for the
    /// administrator.
    fn opened(&self) -> Option<Result<Rc<dyn Disk>, String>>;
}

/// The backing of a disk that is open all the time.
pub struct AlwaysOpen {
    disk: Rc<dyn Disk>,
    is_asked: Cell<bool>,
}

impl AlwaysOpen {
    /// Of this disk.
    pub fn new(disk: Rc<dyn Disk>) -> Self {
        Self { disk, is_asked: Cell::new(false) }
    }
}

impl Backing for AlwaysOpen {
    fn open(&self) {
        self.is_asked.set(true);
    }

    fn opened(&self) -> Option<Result<Rc<dyn Disk>, String>> {
        self.is_asked.take().then(|| Ok(self.disk.clone()))
    }
}
