//! Space of removed files that goes back to the host.

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use suite::nfs::Client;
use suite::process::{self, run};
use suite::program::vnfsd;
use suite::server::{Backend, Server, arguments};

const FILE_BYTES: usize = 1 << 20;
/// Files that are removed.
const FILES: usize = 8;

fn used_bytes(image: &Path) -> u64 {
    fs::metadata(image).expect("the image").blocks() * 512
}

/// Files come and go, but for one; the image ends clean.
fn used_after(image: &Path, flags: &[&'static str], backend: Backend) -> u64 {
    run(process::command(vnfsd()).arg("newfs").arg(image).args(["--size", "64M", "--force"]));
    let server = Server::start(arguments(image, flags.iter().copied()), backend);
    let (mut client, root) = Client::mount(server.address());
    let data = vec![7; FILE_BYTES];
    let kept = client.put(&root, b"kept", &data).expect("a file");
    let names: Vec<_> = (0..FILES).map(|number| number.to_string().into_bytes()).collect();
    for name in &names {
        client.put(&root, name, &data).expect("a file");
    }
    for name in &names {
        client.remove(&root, name).expect("removed");
    }
    server.stop(Signal::TERM);
    run(process::command(vnfsd()).arg("fsck").arg(image));
    let server = Server::image(image, backend);
    let (mut client, _) = Client::mount(server.address());
    assert!(client.read_all(&kept, 1 << 20) == Ok(data), "what is kept is whole");
    drop(server);
    used_bytes(image)
}

/// Where the host's file system has holes, as Linux's usual ones do.
#[cfg(target_os = "linux")]
#[test]
fn removed_files_leave_holes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("image");
    for backend in Backend::ALL {
        let kept = used_after(&image, &[], backend);
        let discarded = used_after(&image, &["--discard"], backend);
        let difference = kept.saturating_sub(discarded);
        assert!(
            difference >= (FILES * FILE_BYTES) as u64 / 2,
            "{backend:?}: {kept} and {discarded} bytes"
        );
    }
}
