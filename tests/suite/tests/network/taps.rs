//! This machine's kernel as neighbour, over a tap: bulk and calls both ways by IPv4 and IPv6, by
//! streams and by datagrams that need fragments; on links narrow and wide, whether the kernel sums
//! up and cuts or nobody does.

use crate::{datagrams, verdict};
use rustix::process::Signal;
use std::path::Path;
use suite::lan::{Lan, Offload, SERVICE, SERVICE_ADDRESSES, await_addresses};
use suite::load::load;
use suite::require;
use suite::server::Backend;

const WORKLOADS: [&str; 5] = ["getattr", "seqread-1m", "randread-4k", "seqwrite-1m", "untar"];

/// Connections, and calls outstanding on each.
const SHAPE: &str = "2x4";

#[test]
fn all_is_right_on_an_ordinary_link() {
    all_is_right(1500, Backend::ALL);
}

#[test]
fn all_is_right_on_a_link_for_jumbo_frames() {
    all_is_right(9000, [Backend::Poll, Backend::Uring]);
}

#[test]
fn all_is_right_on_the_widest_link() {
    all_is_right(65_521, Backend::ALL);
}

fn all_is_right(mtu_bytes: u32, backends: [Backend; 2]) {
    if require::tools(&["ip", "python3", "tshark"]) && require::root() {
        for (offload, backend) in Offload::ALL.into_iter().zip(backends) {
            served(mtu_bytes, offload, backend);
        }
    }
}

fn served(mtu_bytes: u32, offload: Offload, backend: Backend) {
    let lan = Lan::new(mtu_bytes);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trace.pcap");
    let mut arguments = vec!["--memory", "256M", "--export", "/:no_root_squash"];
    arguments.extend(SERVICE_ADDRESSES);
    arguments.extend(["--backend", backend.name(), "--pcap", file.to_str().expect("plain")]);
    let server = lan.serve(offload, arguments);
    await_addresses(&server);
    for address in SERVICE {
        let calls = load(|program| lan.network().command(program), address, &WORKLOADS, SHAPE);
        assert!(calls > 0, "{address}: nothing was answered");
        lan.network().inside(|| datagrams::cross(address));
    }
    server.stop(Signal::TERM);
    judge(&file, mtu_bytes, offload);
}

fn judge(file: &Path, mtu_bytes: u32, offload: Offload) {
    let seen = verdict::sound(file, offload);
    [100_003, 100_005].into_iter().for_each(|program| seen.has_program(program));
    if (mtu_bytes as usize) < datagrams::BYTES {
        assert_eq!(seen.fragments.len(), 4, "both send fragments, in both families: {seen:?}");
    }
    // What is longer than the link takes was to be cut by the kernel, or has been put together.
    let frame_bytes = u64::from(mtu_bytes) + 14;
    let is_whole = offload == Offload::Kernel && mtu_bytes < 65_000;
    assert_eq!(seen.longest_bytes.len(), 2, "two stations: {seen:?}");
    for (station, longest_bytes) in &seen.longest_bytes {
        assert_eq!(*longest_bytes > frame_bytes, is_whole, "{station}: {longest_bytes} bytes");
    }
}
