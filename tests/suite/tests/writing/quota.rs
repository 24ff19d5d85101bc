//! A user whose quota is used up, through the kernel's client.

use super::{LAYOUTS, SECONDS_MAX, expect_clean, image_folder, newfs, ready, script};
use suite::guest::{Guest, HOST};
use suite::process::{self, run};
use suite::program::vnfsd;
use suite::server::{Backend, Server};

const QUOTA: &str = include_str!("quota.sh");

#[test]
fn a_user_is_told_of_his_quota() {
    if !ready(&[]) {
        return;
    }
    let shared = tempfile::tempdir().expect("a temporary folder");
    let folder = image_folder();
    let image = newfs(folder.path(), LAYOUTS[2], &["--quota", "user"]);
    let mut limit = process::command(vnfsd());
    limit.args(["image", "quota"]).arg(&image);
    run(limit.args(["--user", "1000", "--limit", "1M", "--files", "8"]));
    let server = Server::image(&image, Backend::Uring);
    let settings = [("HOST", HOST), ("OPTIONS", server.mount_options())];
    Guest::new(shared.path(), SECONDS_MAX).run(&script(&settings, QUOTA));
    drop(server);
    expect_clean(&image);
}
