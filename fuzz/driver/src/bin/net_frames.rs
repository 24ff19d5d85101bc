//! Two hosts and an adversary on the wire: see `fuzz::net_frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::net_frames(input));
