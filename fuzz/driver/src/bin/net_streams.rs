//! A host, and peers that know nearly where it stands: see `fuzz::net_streams`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::net_streams(input));
