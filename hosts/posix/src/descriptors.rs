//! How many descriptors the process may have, and how they are meant to be used.

use rustix::process::{Resource, getrlimit};

/// What is reckoned with where the system sets no limit.
const UNLIMITED: u64 = 1 << 20;

/// Three quarters of them, the most for images or connections if nothing is said: whoever has many
/// of one sort leaves some for the other, and for addresses.
pub(crate) fn most_of_all() -> usize {
    let all = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    usize::try_from(all / 4 * 3).unwrap_or(usize::MAX)
}
