//! An image whose directory has one name twice, once as a link that leads out of the copy: the
//! way to make a careless tool write where it should not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use suite::image::Format;
use suite::{look, require};

/// A directory entry of a name of two letters, from its type on: d_type, d_namlen, d_name.
fn entry(kind: u8, name: [u8; 2]) -> [u8; 5] {
    [kind, 2, name[0], name[1], 0]
}

/// d_type of a directory (DT_DIR).
const DIRECTORY: u8 = 4;

fn rename_in_place(image: &Path, from: [u8; 5], to: [u8; 5]) {
    let mut bytes = fs::read(image).expect("the image");
    let found: Vec<_> = (0..bytes.len() - 5).filter(|&at| bytes[at..at + 5] == from).collect();
    assert_eq!(found.len(), 1, "the entry is there once");
    bytes[found[0]..found[0] + 5].copy_from_slice(&to);
    fs::write(image, bytes).expect("written");
}

#[test]
fn nothing_is_written_through_a_link_of_the_image() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name);
    let outside = place("outside");
    fs::create_dir(&outside).expect("made");
    // Whichever of the two entries comes first in the directory: both orders of names.
    for (link, directory) in [(*b"aa", *b"bb"), (*b"bb", *b"aa")] {
        let name = |letters: [u8; 2]| String::from_utf8_lossy(&letters).into_owned();
        let tree = place(&format!("tree {}", name(link)));
        fs::create_dir_all(tree.join(name(directory))).expect("made");
        fs::write(tree.join(name(directory)).join("file"), "owned").expect("written");
        symlink(&outside, tree.join(name(link))).expect("made");
        let image = place(&format!("image {}", name(link)));
        Format::usual().make(&image, &tree);
        rename_in_place(&image, entry(DIRECTORY, directory), entry(DIRECTORY, link));
        let copy = place(&format!("copy {}", name(link)));
        let output = look::command("get", &image).arg("/").arg(&copy).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "what could not be copied is an error");
        assert_eq!(fs::read_dir(&outside).expect("a folder").count(), 0, "nothing got out");
    }
}
