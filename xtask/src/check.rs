//! `cargo xtask check`: everything that a change has to pass.

use crate::{test, tidy};
use std::path::Path;

/// `cargo xtask check [ARGUMENT...]`, the arguments being the test runner's.
pub fn run(root: &Path, arguments: &[String]) -> Result<(), String> {
    tidy::run(root, &[])?;
    test::run(root, arguments)
}
