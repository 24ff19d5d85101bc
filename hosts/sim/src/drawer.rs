//! A disk that lies in a drawer until it is wanted, and is put back when it is dropped.

use crate::PowerDisk;
use hyper::{Backing, Disk, DiskCompletion, DiskRequest, Geometry};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// The backing of a disk. To open it takes as long as a request to the disk does.
pub struct Drawer {
    disk: Rc<PowerDisk>,
    taken: RefCell<Weak<TakenOut>>,
    openings: Cell<u64>,
}

/// The disk, as who opened the drawer has it.
struct TakenOut(Rc<PowerDisk>);

impl Drawer {
    /// With this disk in it.
    pub fn new(disk: Rc<PowerDisk>) -> Self {
        Self { disk, taken: RefCell::default(), openings: Cell::new(0) }
    }

    /// How often the disk was taken out.
    pub fn openings(&self) -> u64 {
        self.openings.get()
    }
}

impl Backing for Drawer {
    /// # Panics
    /// If the disk is not back yet, or still has something to do for who had it last.
    fn open(&self) {
        assert!(self.taken.borrow().upgrade().is_none(), "the disk is taken out already");
        assert!(self.disk.next_due().is_none(), "the disk works for nobody");
        self.disk.begin_to_open();
    }

    fn opened(&self) -> Option<Result<Rc<dyn Disk>, String>> {
        if !self.disk.has_opened() {
            return None;
        }
        self.openings.update(|openings| openings + 1);
        let taken = Rc::new(TakenOut(self.disk.clone()));
        self.taken.replace(Rc::downgrade(&taken));
        Some(Ok(taken))
    }
}

impl Disk for TakenOut {
    fn geometry(&self) -> Geometry {
        self.0.geometry()
    }

    fn submit(&self, request: DiskRequest) {
        self.0.submit(request);
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        self.0.next_completion()
    }
}
