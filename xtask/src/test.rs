//! `cargo xtask test`: everything that has to hold before a change lands.
//!
//! Many tests ask programs by other hands: Debian's makefs, libnfs, a Linux kernel. Where this
//! chore may install packages (it is root, and there is apt-get) it does; elsewhere each test
//! that lacks its program is skipped, and named with its reason before the runner's summary.

mod packages;
pub mod runner;

use std::path::Path;

/// `cargo xtask test [ARGUMENT...]`, the arguments being the test runner's.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    let lacks_nothing = packages::provide(root)?;
    runner::build(root)?;
    runner::run(root, arguments, lacks_nothing)
}
