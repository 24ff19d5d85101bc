//! Directories against a model, in every shape, and what they must do about damage and growth.

extern crate std;

mod damage;
mod growth;
mod listing;
mod model;
mod world;

use std::cell::Cell;

std::thread_local! {
    static RECORDS: Cell<u64> = const { Cell::new(0) };
}

/// Called for every record that is looked at.
pub(super) fn count_record() {
    RECORDS.set(RECORDS.get() + 1);
}

/// How many records this test has looked at so far.
fn records_looked_at() -> u64 {
    RECORDS.get()
}
