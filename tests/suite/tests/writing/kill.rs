//! A server that is killed while a client unpacks an archive, and started again: the client goes on
//! by itself, and nothing is missing.

use super::{LAYOUTS, SECONDS_MAX, expect_clean, image_folder, newfs, ready};
use suite::guest::{Guest, HOST};
use suite::server::{Backend, Server};
use suite::untar::Archive;

/// How often the server dies.
const DEATHS: usize = 4;

#[test]
fn a_client_outlives_the_death_of_its_server() {
    if !ready(&[]) {
        return;
    }
    let archive = Archive::new();
    let folder = image_folder();
    let image = newfs(folder.path(), LAYOUTS[2], &[]);
    let mut server = Server::image(&image, Backend::Uring);
    let port = server.port();
    let guest = Guest::new(archive.shared(), SECONDS_MAX);
    let work = archive.unpack(guest, &format!("{HOST}:/"), server.mount_options());
    for _ in 0..DEATHS {
        if !work.goes_on() {
            break;
        }
        server.kill();
        server = Server::start_on(port, [&image], Backend::Uring);
    }
    work.finish();
    drop(server);
    expect_clean(&image);
}
