//! The contract of [`Backing`](crate::Backing).

use super::{WAITS_FOR_NOTHING, WAITS_MAX, check_disk};
use crate::{Backing, Disk};
use alloc::rc::Rc;

/// How often a disk is opened in a check.
const OPENINGS: usize = 3;

/// Checks what [`Backing`] promises of one that can be opened, and what [`Disk`] promises each time it
/// is. A writable disk is overwritten.
///
/// # Panics
/// If a promise is broken.
pub fn check_backing(backing: &dyn Backing, wait: &mut dyn FnMut()) {
    let mut geometry = None;
    for _ in 0..OPENINGS {
        let disk = open(backing, wait);
        for _ in 0..WAITS_FOR_NOTHING {
            wait();
            assert!(backing.opened().is_none(), "what came of it is told once");
        }
        check_disk(&*disk, wait);
        let before = geometry.replace(disk.geometry());
        assert!(before.is_none_or(|before| before == disk.geometry()), "it is the same disk");
    }
}

fn open(backing: &dyn Backing, wait: &mut dyn FnMut()) -> Rc<dyn Disk> {
    backing.open();
    for _ in 0..WAITS_MAX {
        match backing.opened() {
            Some(Ok(disk)) => return disk,
            Some(Err(reason)) => panic!("it cannot be opened: {reason}"),
            None => wait(),
        }
    }
    panic!("nothing came of opening it")
}
