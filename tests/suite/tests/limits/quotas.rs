//! Limits of users and groups: NFS3ERR_DQUOT.

use crate::world::{Image, fill};
use nfs3_types::nfs3::nfsstat3::{self, NFS3ERR_DQUOT};
use nfs3_types::nfs3::{Nfs3Option, devicedata3, mknoddata3, nfs_fh3, sattr3, stable_how};
use std::thread::sleep;
use std::time::Duration;
use suite::nfs::{Client, mode_of, size_of};
use suite::rpc::Credential;

const USER: u32 = 1000;
const GROUP: u32 = 100;
const LIMIT: u64 = 1 << 20;

const LAYOUTS: [&[&str]; 3] =
    [&["--format", "ffs2"], &["--format", "ffs1", "--endian", "big"], &["--log", "none"]];

fn image(layout: &[&str]) -> Image {
    Image::new(&[&["--size", "32M", "--quota", "user,group"], layout].concat())
}

#[test]
fn space_has_a_limit_and_comes_back() {
    for layout in LAYOUTS {
        let image = image(layout);
        image.limit(&["--user", "1000", "--limit", "1M"]);
        let mut world = image.serve();
        let home = world.home("home", USER, GROUP);
        let mut user = world.user(USER, GROUP);
        let file = user.create(&home, b"file").expect("a file");
        let (taken, why) = fill(&mut user, &file, 300_000);
        assert_eq!(why, NFS3ERR_DQUOT);
        assert!(taken <= LIMIT && taken > LIMIT * 9 / 10, "a part up to the limit: {taken}");
        assert_eq!(user.attributes(&file).expect("attributes").size, taken);
        let data = user.read_all(&file, 1 << 20).expect("data");
        assert!(data.len() as u64 == taken && data.iter().all(|&byte| byte == 7));
        let directories = make_directories(&mut user, &home);
        assert!(directories < 8, "less than a block is left: {directories} fragments");
        user.write(&file, 0, &[8; 4096], stable_how::FILE_SYNC).expect("what is there is his");
        user.rename((&home, b"file"), (&home, b"renamed")).expect("takes nothing");

        let mut other = world.user(USER + 1, GROUP);
        let others = world.home("others", USER + 1, GROUP);
        other.put(&others, b"file", &vec![1; 1 << 20]).expect("no limit of his");
        world.superuser.put(&home, b"root's", &vec![1; 1 << 20]).expect("nor the superuser's");

        user.set(&file, size_of(taken / 2), None).expect("cut");
        user.write(&file, taken / 2, &[9; 100_000], stable_how::FILE_SYNC).expect("room again");
        user.remove(&home, b"renamed").expect("removed");
        user.make_directory(&home, b"now").expect("room again");
        user.put(&home, b"again", &vec![5; 900_000]).expect("room again");
        drop(world);
        image.expect_clean();
        let (bytes, files) = image.used(["--user", "1000"]);
        assert!((900_000..=LIMIT).contains(&bytes), "{bytes} bytes");
        assert_eq!(files, 3 + directories);
    }
}

/// Makes directories, of a fragment each, until there is no room for one: how many there were.
fn make_directories(user: &mut Client, home: &nfs_fh3) -> u64 {
    let mut count = 0;
    loop {
        match user.make_directory(home, format!("directory {count}").as_bytes()) {
            Ok(_) => count += 1,
            Err(why) => {
                assert_eq!(why, NFS3ERR_DQUOT);
                return count;
            }
        }
    }
}

#[test]
fn files_have_a_limit_whatever_they_are() {
    let image = image(&[]);
    image.limit(&["--user", "1000", "--files", "4"]);
    let mut world = image.serve();
    let home = world.home("home", USER, GROUP);
    let mut user = world.user(USER, GROUP);
    for name in [b"1", b"2", b"3"] {
        user.create(&home, name).expect("three, and the directory");
    }
    let fifo = || mknoddata3::NF3FIFO(mode_of(0o644));
    assert_eq!(user.create(&home, b"4").err(), Some(NFS3ERR_DQUOT));
    assert_eq!(user.make_directory(&home, b"4").err(), Some(NFS3ERR_DQUOT));
    assert_eq!(user.make_link(&home, b"4", b"target").err(), Some(NFS3ERR_DQUOT));
    assert_eq!(user.make_node(&home, b"4", fifo()).err(), Some(NFS3ERR_DQUOT));
    assert_eq!(user.lookup(&home, b"4").err(), Some(nfsstat3::NFS3ERR_NOENT), "nothing is left");
    let first = user.find(&home, b"1").expect("a file");
    user.link(&first, &home, b"also 1").expect("a name is no file");
    user.remove(&home, b"2").expect("removed");
    user.make_node(&home, b"4", fifo()).expect("one again");
    let device = devicedata3 { dev_attributes: mode_of(0o600), spec: Default::default() };
    let device = mknoddata3::NF3CHR(device);
    world.superuser.make_node(&home, b"device", device).expect("the superuser's");
    drop(world);
    image.expect_clean();
    assert_eq!(image.used(["--user", "1000"]).1, 4);
}

#[test]
fn groups_have_limits_of_their_own() {
    let image = image(&[]);
    image.limit(&["--group", "100", "--limit", "200K"]);
    let mut world = image.serve();
    let home = world.home("home", USER, GROUP);
    let mut user = world.user(USER, GROUP);
    let file = user.create(&home, b"file").expect("a file");
    let (taken, why) = fill(&mut user, &file, 50_000);
    assert_eq!(why, NFS3ERR_DQUOT);
    assert!((150_000..=200 << 10).contains(&taken), "{taken}");
    let credential = Credential::Sys { uid: USER, gid: GROUP, groups: vec![200] };
    let mut member = Client::open_as(world.server.address(), credential);
    let to = sattr3 { gid: Nfs3Option::Some(200), ..sattr3::default() };
    member.set(&file, to, None).expect("given to another of his groups");
    user.write(&file, taken, &[1; 100_000], stable_how::FILE_SYNC).expect("which has no limit");
    let back = sattr3 { gid: Nfs3Option::Some(GROUP), ..sattr3::default() };
    assert_eq!(member.set(&file, back, None), Err(NFS3ERR_DQUOT), "and not back");
    drop(world);
    image.expect_clean();
}

/// Over a soft limit for three seconds, and no longer.
#[test]
fn grace_ends() {
    let image = image(&[]);
    image.limit(&["--user", "1000", "--soft-limit", "100K", "--limit", "1M", "--grace", "3s"]);
    image.limit(&["--user", "default", "--files", "1"]);
    let mut world = image.serve();
    let home = world.home("home", USER, GROUP);
    let mut user = world.user(USER, GROUP);
    let file = user.put(&home, b"file", &vec![1; 200_000]).expect("over the soft limit");
    user.put(&home, b"more", &[1; 5000]).expect("in time");
    sleep(Duration::from_millis(4500));
    let late = user.write(&file, 400_000, &[1; 20_000], stable_how::FILE_SYNC);
    assert_eq!(late.err(), Some(NFS3ERR_DQUOT));
    user.remove(&home, b"file").expect("below it again");
    user.put(&home, b"again", &vec![1; 200_000]).expect("and over it, with all of the grace");
    let mut other = world.user(USER + 1, GROUP);
    let others = world.home("others", USER + 1, GROUP);
    assert_eq!(other.create(&others, b"2").err(), Some(NFS3ERR_DQUOT), "as all begin");
    drop(world);
    image.expect_clean();
}

/// What is over a limit that was set later stays, and grows no more.
#[test]
fn a_later_limit_takes_nothing_away() {
    let image = image(&[]);
    let mut world = image.serve();
    let home = world.home("home", USER, GROUP);
    world.user(USER, GROUP).put(&home, b"file", &vec![1; 500_000]).expect("no limit yet");
    drop(world);
    image.limit(&["--user", "1000", "--limit", "100K"]);
    let world = image.serve();
    let mut user = world.user(USER, GROUP);
    let file = user.find(&world.root, b"home/file").expect("still there");
    let more = user.write(&file, 700_000, &[1; 20_000], stable_how::FILE_SYNC);
    assert_eq!(more.err(), Some(NFS3ERR_DQUOT));
    assert_eq!(user.read_all(&file, 1 << 20).map(|data| data.len()), Ok(500_000));
    user.set(&file, size_of(10), None).expect("cut");
    user.write(&file, 10, &[1; 50_000], stable_how::FILE_SYNC).expect("room again");
    drop(world);
    image.expect_clean();
}
