//! Logs, replayed: see `fuzz::ffs_log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::ffs_log(input));
