//! Images, checked and repaired: see `fuzz::fsck`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::fsck(input));
