//! Images, mounted and read: see `fuzz::ffs_image`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::ffs_image(input));
