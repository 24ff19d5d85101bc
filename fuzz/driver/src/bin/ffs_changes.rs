//! Images, mounted for writing and changed: see `fuzz::ffs_changes`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::ffs_changes(input));
