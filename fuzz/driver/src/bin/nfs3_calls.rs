//! Calls of every NFSv3 procedure: see `fuzz::nfs3_calls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::nfs3_calls(input));
