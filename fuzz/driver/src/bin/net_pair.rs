//! Two hosts with streams, and an adversary on the wire: see `fuzz::net_pair`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::net_pair(input));
