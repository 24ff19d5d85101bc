//! A server of a small image, the people who use it, and the judge afterwards.

use nfs3_types::nfs3::{Nfs3Option, nfs_fh3, nfsstat3, sattr3, stable_how};
use serde_json::Value;
use std::path::PathBuf;
use suite::nfs::{Client, mode_of};
use suite::process::{command, run, text};
use suite::program::vnfsd;
use suite::rpc::Credential;
use suite::server::{Backend, Server};
use tempfile::TempDir;

/// A folder for images in memory, where this machine has one.
fn image_folder() -> TempDir {
    let memory = tempfile::tempdir_in("/dev/shm");
    memory.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// An image that is not served.
pub struct Image {
    _folder: TempDir,
    path: PathBuf,
}

impl Image {
    /// Made by newfs for user and group 0.
    pub fn new(flags: &[&str]) -> Self {
        let folder = image_folder();
        let path = folder.path().join("image");
        let mut newfs = command(vnfsd());
        newfs.arg("newfs").arg(&path).args(["--owner", "0", "--group", "0"]).args(flags);
        run(&mut newfs);
        Self { _folder: folder, path }
    }

    /// Sets limits.
    pub fn limit(&self, flags: &[&str]) {
        run(command(vnfsd()).args(["image", "quota"]).arg(&self.path).args(flags));
    }

    /// What is used of somebody's quota: bytes, and files.
    pub fn used(&self, account: [&str; 2]) -> (u64, u64) {
        let mut quota = command(vnfsd());
        quota.args(["image", "quota", "--json"]).arg(&self.path).args(account);
        let rows: Value = serde_json::from_str(&text(&mut quota)).expect("JSON");
        let used = |what: &str| rows[0][what]["used"].as_u64().expect("a count");
        (used("space"), used("files"))
    }

    /// fsck finds nothing: no damage, and no count that is wrong.
    pub fn expect_clean(&self) {
        run(command(vnfsd()).arg("fsck").arg(&self.path));
    }

    pub fn serve(&self) -> World {
        let server = Server::image(&self.path, Backend::Uring);
        let (superuser, root) = Client::mount(server.address());
        World { server, superuser, root }
    }
}

/// A server of an image.
pub struct World {
    pub server: Server,
    pub superuser: Client,
    pub root: nfs_fh3,
}

impl World {
    pub fn user(&self, uid: u32, gid: u32) -> Client {
        let credential = Credential::Sys { uid, gid, groups: Vec::new() };
        Client::open_as(self.server.address(), credential)
    }

    /// A directory of somebody's in the root.
    pub fn home(&mut self, name: &str, uid: u32, gid: u32) -> nfs_fh3 {
        let home = self.superuser.make_directory(&self.root, name.as_bytes()).expect("made");
        let to =
            sattr3 { uid: Nfs3Option::Some(uid), gid: Nfs3Option::Some(gid), ..mode_of(0o755) };
        self.superuser.set(&home, to, None).expect("the superuser may");
        home
    }
}

/// Writes pieces behind each other until one is refused: the bytes that were taken, and why no
/// more were.
pub fn fill(client: &mut Client, file: &nfs_fh3, piece_bytes: usize) -> (u64, nfsstat3) {
    let piece = vec![7; piece_bytes];
    let mut end = 0;
    loop {
        let is_even = (end / piece_bytes as u64).is_multiple_of(2);
        let stable = if is_even { stable_how::UNSTABLE } else { stable_how::FILE_SYNC };
        match client.write(file, end, &piece, stable) {
            Ok(written) => {
                assert!(written.count > 0, "progress, or a reason");
                end += u64::from(written.count);
                assert!(end < 1 << 30, "there is a limit");
            }
            Err(why) => return (end, why),
        }
    }
}
