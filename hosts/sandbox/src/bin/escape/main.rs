//! Somebody who has broken in: a process for the tests, which confines itself and then tries everything.
//!
//! `sandbox-escape PART FOLDER NAME PORT PORT`, in the parts of `free` (without a sandbox), `confined` and
//! `work` (what a server does all day); prints a line for each thing that it did. See tests/escape.rs.

#[cfg(target_os = "linux")]
mod attempts;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod part;
#[cfg(target_os = "linux")]
mod work;

#[cfg(target_os = "linux")]
fn main() -> Result<(), String> {
    part::play(std::env::args().skip(1))
}

#[cfg(not(target_os = "linux"))]
fn main() -> Result<(), String> {
    Err("there is nothing to break out of".to_owned())
}
