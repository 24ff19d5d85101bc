//! Full images: NFS3ERR_NOSPC.

use crate::world::{Image, fill};
use nfs3_types::nfs3::nfsstat3::NFS3ERR_NOSPC;
use nfs3_types::nfs3::stable_how;

const LAYOUTS: [&[&str]; 4] = [
    &["--format", "ffs2"],
    &["--format", "ffs1", "--endian", "big"],
    &["--log", "none"],
    &["--log", "1M"],
];

#[test]
fn a_full_image_says_so_and_goes_on() {
    for layout in LAYOUTS {
        let image = Image::new(&[&["--size", "16M"], layout].concat());
        let mut world = image.serve();
        let (client, root) = (&mut world.superuser, &world.root);
        client.put(root, b"before", b"kept").expect("a file");
        let file = client.create(root, b"file").expect("a file");
        let (taken, why) = fill(client, &file, 1 << 20);
        assert_eq!(why, NFS3ERR_NOSPC, "{layout:?}");
        assert!(taken > 10 << 20, "{layout:?}: {taken}");
        assert_eq!(client.attributes(&file).expect("attributes").size, taken);
        client.commit(&file).expect("what was taken is kept");
        // What is left are fragments, for names and small files.
        let mut small = 0;
        let why = loop {
            let name = format!("small {small}");
            match client.make_directory(root, name.as_bytes()) {
                Ok(_) => small += 1,
                Err(why) => break why,
            }
        };
        assert_eq!(why, NFS3ERR_NOSPC);
        assert_eq!(client.make_link(root, b"link", &[b'x'; 1000]).err(), Some(NFS3ERR_NOSPC));
        let data = client.read_all(&file, 1 << 20).expect("data");
        assert!(data.len() as u64 == taken && data.iter().all(|&byte| byte == 7), "{layout:?}");
        client.write(&file, 0, &[8; 65536], stable_how::FILE_SYNC).expect("no more space");
        client.remove(root, b"file").expect("a full image can be emptied");
        let again = client.create(root, b"again").expect("there is space again");
        let (taken_again, _) = fill(client, &again, 1 << 20);
        assert!(taken_again + (1 << 20) > taken, "{layout:?}: {taken_again} after {taken}");
        let before = client.find(root, b"before").expect("still there");
        assert_eq!(client.read_all(&before, 10).expect("data"), b"kept");
        drop(world);
        image.expect_clean();
    }
}

#[test]
fn inodes_run_out_and_come_back() {
    let image = Image::new(&["--size", "16M", "--density", "1M"]);
    let mut world = image.serve();
    let (client, root) = (&mut world.superuser, &world.root);
    let mut made = 0;
    let why = loop {
        match client.create(root, format!("{made}").as_bytes()) {
            Ok(_) => made += 1,
            Err(why) => break why,
        }
        assert!(made < 10_000, "there is a limit");
    };
    assert_eq!(why, NFS3ERR_NOSPC);
    assert_eq!(client.make_directory(root, b"directory").err(), Some(NFS3ERR_NOSPC));
    assert_eq!(client.make_link(root, b"link", b"target").err(), Some(NFS3ERR_NOSPC));
    client.remove(root, b"0").expect("removed");
    let directory = client.make_directory(root, b"directory").expect("one again");
    assert_eq!(client.create(&directory, b"file").err(), Some(NFS3ERR_NOSPC));
    drop(world);
    image.expect_clean();
}
