//! RPC records, in splits, with calls that end out of order: see `fuzz::rpc_records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::rpc_records(input));
