//! The write verifier over the ends of servers: it tells clients what they have to write again, and
//! nothing but that.

use nfs3_types::nfs3::{nfs_fh3, stable_how, writeverf3};
use rustix::process::Signal;
use std::path::Path;
use suite::nfs::Client;
use suite::process::{self, run};
use suite::program::vnfsd;
use suite::server::{Backend, Server};

const DATA: &[u8] = b"not durable before a commit";

/// A server of an image, and what a client has of it.
struct Served {
    server: Server,
    client: Client,
    root: nfs_fh3,
}

impl Served {
    fn new(image: &Path) -> Self {
        let server = Server::image(image, Backend::Uring);
        let (client, root) = Client::mount(server.address());
        Self { server, client, root }
    }

    fn write(&mut self, file: &nfs_fh3) -> writeverf3 {
        self.client.write(file, 0, DATA, stable_how::UNSTABLE).expect("written").verf
    }
}

#[test]
fn it_changes_when_data_may_be_lost_and_only_then() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("image");
    for format in ["ffs1", "ffs2"] {
        for order in ["little", "big"] {
            let mut newfs = process::command(vnfsd());
            newfs.arg("newfs").arg(&image).args(["--size", "64M", "--force"]);
            run(newfs.args(["--format", format, "--endian", order]));
            check(&image);
        }
    }
}

fn check(image: &Path) {
    let mut first = Served::new(image);
    let file = first.client.put(&first.root, b"file", DATA).expect("a file");
    let verifier = first.write(&file);
    first.server.stop(Signal::TERM);

    let mut again = Served::new(image);
    assert_eq!(again.write(&file), verifier, "everything was written");
    assert_eq!(again.client.commit(&file), Ok(verifier));
    again.write(&file);
    again.server.kill();

    let mut another = Served::new(image);
    let changed = another.write(&file);
    assert_ne!(changed, verifier, "data was lost");
    another.server.stop(Signal::TERM);
    let mut last = Served::new(image);
    assert_eq!(last.write(&file), changed);
    last.server.stop(Signal::TERM);
    run(process::command(vnfsd()).arg("fsck").arg(image));
}
