//! `vnfsd image`: changing an image with no server, and what is left of it whatever happens.

use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use suite::image::Format;
use suite::process::{self, describe, run, text};
use suite::program::vnfsd;
use suite::server::{Backend, Server};
use suite::surgery::Patient;
use suite::tree::Tree;
use suite::{compare, look, require};
use tempfile::TempDir;

/// A folder, and an image in it made by `vnfsd newfs`.
fn image_of(flags: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let image = folder.path().join("image");
    run(process::command(vnfsd()).arg("newfs").arg(&image).args(flags));
    (folder, image)
}

/// Runs `vnfsd image WHAT IMAGE ARGUMENTS`.
fn change(image: &Path, what: &str, arguments: &[&str]) {
    run(look::command(what, image).args(arguments));
}

/// Runs a command that fails, and says these words of it on one line.
fn refuse(command: &mut Command, words: &[&str]) {
    let output = command.output().expect("vnfsd runs");
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", describe(&output));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "{errors}");
    for word in words {
        assert!(errors.lines().any(|line| line.contains(word)), "{word}: {errors}");
    }
}

fn stat(image: &Path, path: &str) -> Value {
    let json = text(look::command("stat", image).args(["--json", path]));
    serde_json::from_str(&json).expect("JSON")
}

/// Whether it was left in order, with so much space free.
fn free_bytes(image: &Path) -> u64 {
    let root = stat(image, "/");
    assert_eq!(root["file_system"]["clean"], true, "{root}");
    root["file_system"]["free_bytes"].as_u64().expect("a number")
}

fn names(image: &Path, path: &str) -> Vec<String> {
    text(look::command("ls", image).arg(path)).lines().map(str::to_owned).collect()
}

/// What strangers and our own judge say of it.
fn judge(image: &Path) {
    judge_by_ourselves(image);
    if require::tools(&["fsstat"]) {
        run(Command::new("fsstat").args(["-f", "ufs"]).arg(image));
    }
}

/// The Sleuth Kit does not recognize UFS2 by makefs, changed or not.
fn judge_by_ourselves(image: &Path) {
    free_bytes(image);
    run(process::command(vnfsd()).arg("fsck").arg(image));
}

#[test]
fn put_keeps_a_tree_in_every_format() {
    for (format, order) in
        [("ffs1", "little"), ("ffs1", "big"), ("ffs2", "little"), ("ffs2", "big")]
    {
        let flags = ["--size", "96M", "--format", format, "--endian", order, "--block", "8K"];
        let (folder, image) = image_of(&flags);
        let tree = Tree::sample(8192, 1024);
        let source = folder.path().join("tree");
        tree.lay(&source);
        run(look::command("put", &image).arg("-r").arg(source.join(".")).arg("/"));
        let shown = look::listing(&image, tree.paths());
        compare::same(&format!("{format} {order}"), &tree.listing(), &shown);
        judge(&image);
    }
}

#[test]
fn an_image_by_makefs_is_changed() {
    if !require::tools(&["makefs"]) {
        return;
    }
    for format in Format::all(8192, 1024) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (source, image) = (folder.path().join("tree"), folder.path().join("image"));
        Tree::sample(8192, 1024).lay(&source);
        format.make(&image, &source);
        change(&image, "rm", &["-r", "/many", "/sizes"]);
        let mut more = Tree::empty();
        more.add_noise("again", 300_000);
        more.lay(&folder.path().join("more"));
        run(look::command("put", &image).arg("-r").arg(folder.path().join("more")).arg("/sizes"));
        assert_eq!(names(&image, "/sizes"), ["again"], "{format}");
        let shown = run(look::command("cat", &image).arg("/sizes/again"));
        assert!(shown.stdout == more.contents(b"again"), "{format}");
        judge_by_ourselves(&image);
    }
}

#[test]
fn put_replaces_nothing_unasked() {
    let (folder, image) = image_of(&["--size", "16M"]);
    let [mine, other] = ["mine", "other"].map(|name| folder.path().join(name));
    fs::write(&mine, "mine").expect("written");
    fs::write(&other, vec![7; 100_000]).expect("written");
    run(look::command("put", &image).arg(&mine).arg("/file"));
    refuse(
        look::command("put", &image).arg(&other).arg("/file"),
        &["/file: file exists", "--force"],
    );
    assert_eq!(run(look::command("cat", &image).arg("/file")).stdout, b"mine");
    run(look::command("put", &image).arg("--force").arg(&other).arg("/file"));
    assert_eq!(run(look::command("cat", &image).arg("/file")).stdout, vec![7; 100_000]);
    assert_eq!(names(&image, "/"), ["file"], "nothing is left of the replacing");
    judge(&image);
}

#[test]
fn put_takes_what_flows() {
    let (_folder, image) = image_of(&["--size", "16M"]);
    let mut command = look::command("put", &image);
    command.args(["--owner", "3:4", "-", "/stream"]).stdin(Stdio::piped());
    let mut child = command.spawn().expect("vnfsd runs");
    let contents: Vec<u8> = (0..3_000_000u32).map(|index| (index / 1000) as u8).collect();
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(&contents).expect("it is read");
    drop(input);
    assert!(child.wait().expect("it ends").success());
    assert!(run(look::command("cat", &image).arg("/stream")).stdout == contents);
    let file = stat(&image, "/stream");
    assert_eq!((&file["uid"], &file["gid"]), (&3.into(), &4.into()));
    refuse(look::command("put", &image).args(["-", "/"]), &["name the file"]);
    judge(&image);
}

#[test]
fn holes_and_links_stay() {
    let (folder, image) = image_of(&["--size", "16M"]);
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).expect("made");
    let sparse = fs::File::create(tree.join("sparse")).expect("made");
    sparse.set_len(1 << 32).expect("longer");
    fs::write(tree.join("one"), "twice").expect("written");
    fs::hard_link(tree.join("one"), tree.join("two")).expect("linked");
    run(look::command("put", &image).arg("-r").arg(&tree).arg("/"));
    let sparse = stat(&image, "/tree/sparse");
    assert_eq!(sparse["size_bytes"], 1_u64 << 32);
    // BSD has a block at the end of every file, and the blocks that lead to it.
    assert!(sparse["used_bytes"].as_u64().is_some_and(|used| used < 100_000), "{sparse}");
    let [one, two] = ["/tree/one", "/tree/two"].map(|path| stat(&image, path));
    assert_eq!((&one["inode"], &one["links"]), (&two["inode"], &2.into()));
    judge(&image);
}

#[test]
fn rm_gives_space_back() {
    let (folder, image) = image_of(&["--size", "64M"]);
    let source = folder.path().join("tree");
    Tree::sample(8192, 1024).lay(&source);
    let before = free_bytes(&image);
    run(look::command("put", &image).arg("-r").arg(&source).arg("/"));
    assert!(free_bytes(&image) < before);
    refuse(look::command("rm", &image).arg("/tree"), &["/tree: a directory; -r removes it"]);
    refuse(look::command("rm", &image).args(["-r", "/"]), &["invalid argument"]);
    change(&image, "rm", &["-r", "/tree"]);
    change(&image, "rm", &["-f", "/tree"]);
    refuse(look::command("rm", &image).arg("/tree"), &["/tree: no such file"]);
    assert!(names(&image, "/").is_empty());
    assert_eq!(free_bytes(&image), before);
    judge(&image);
}

#[test]
fn names_are_made_and_moved() {
    let (folder, image) = image_of(&["--size", "16M", "--format", "ffs1", "--endian", "big"]);
    let file = folder.path().join("file");
    fs::write(&file, "contents").expect("written");
    run(look::command("put", &image).arg(&file).arg("/"));
    change(&image, "mkdir", &["-p", "/a/b/c", "/a/b/c"]);
    refuse(look::command("mkdir", &image).arg("/a/b"), &["/a/b: file exists"]);
    refuse(look::command("mkdir", &image).args(["-p", "/file/x"]), &["/file: not a directory"]);
    change(&image, "mkdir", &["-m", "u=rwx,go=", "/closed"]);
    assert_eq!(stat(&image, "/closed")["mode"], "0700");
    change(&image, "ln", &["/file", "/a/second"]);
    change(&image, "ln", &["-s", "../file", "/a/link"]);
    assert_eq!(run(look::command("cat", &image).arg("/a/link")).stdout, b"contents");
    change(&image, "mv", &["/a/second", "/a/link", "/a/b"]);
    assert_eq!(names(&image, "/a/b"), ["c", "link", "second"]);
    change(&image, "mv", &["/a", "/z"]);
    assert_eq!(stat(&image, "/z/b/second")["inode"], stat(&image, "/file")["inode"]);
    refuse(look::command("mv", &image).args(["/z", "/z/b"]), &["/z to /z/b: invalid argument"]);
    refuse(look::command("mv", &image).args(["/gone", "/x"]), &["/gone to /x: no such file"]);
    refuse(look::command("ln", &image).args(["/z", "/y"]), &["operation not permitted"]);
    judge(&image);
}

#[test]
fn modes_and_owners_change() {
    let (folder, image) = image_of(&["--size", "16M"]);
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).expect("made");
    fs::write(tree.join("file"), "").expect("written");
    fs::set_permissions(tree.join("file"), PermissionsExt::from_mode(0o640)).expect("set");
    std::os::unix::fs::symlink("file", tree.join("link")).expect("made");
    run(look::command("put", &image).arg("-r").arg(&tree).arg("/"));
    change(&image, "chmod", &["u+x,o=g", "/tree/link"]);
    assert_eq!(stat(&image, "/tree/file")["mode"], "0744");
    change(&image, "chmod", &["-R", "go-rwx", "/tree"]);
    assert_eq!(stat(&image, "/tree/file")["mode"], "0700");
    change(&image, "chown", &["-R", "1000:100", "/tree"]);
    change(&image, "chown", &[":7", "/tree/link"]);
    for (path, owner) in
        [("/tree", (1000, 100)), ("/tree/file", (1000, 100)), ("/tree/link", (1000, 7))]
    {
        let file = stat(&image, path);
        assert_eq!((&file["uid"], &file["gid"]), (&owner.0.into(), &owner.1.into()), "{path}");
    }
    judge(&image);
}

#[test]
fn an_image_in_use_is_left_alone() {
    let (_folder, image) = image_of(&["--size", "16M"]);
    let server = Server::image(&image, Backend::Uring);
    refuse(look::command("mkdir", &image).arg("/x"), &["in use by another process"]);
    drop(server);
    change(&image, "mkdir", &["/x"]);
    judge(&image);
}

#[test]
fn an_unclean_image_is_left_alone_and_the_reason_is_said() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, image) = (folder.path().join("tree"), folder.path().join("image"));
    Tree::empty().lay(&source);
    Format::usual().make(&image, &source);
    let mut patient = Patient::open(&image);
    patient.mark_unclean();
    patient.save(&image);
    let before = fs::read(&image).expect("the image");
    let words = ["cannot be changed: it was not unmounted cleanly and needs fsck"];
    refuse(look::command("mkdir", &image).arg("/x"), &words);
    assert!(fs::read(&image).expect("the image") == before, "not a byte has changed");
}

#[test]
fn an_error_in_the_middle_leaves_everything_in_order() {
    let (folder, image) = image_of(&["--size", "16M"]);
    let file = folder.path().join("file");
    fs::write(&file, "contents").expect("written");
    let mut put = look::command("put", &image);
    put.arg(&file).arg(folder.path().join("missing")).arg("/");
    refuse(&mut put, &["missing: cannot be read", "1 of its files could not be copied"]);
    assert_eq!(names(&image, "/"), ["file"]);
    refuse(look::command("mkdir", &image).args(["/a", "/b/c", "/d"]), &["/b/c: no such file"]);
    assert_eq!(names(&image, "/"), ["a", "file"]);
    judge(&image);
}

#[test]
fn a_full_image_stays_in_order() {
    let (folder, image) = image_of(&["--size", "16M"]);
    let source = folder.path().join("tree");
    let mut tree = Tree::empty();
    for number in 0..40 {
        tree.add_noise(format!("{number:02}"), 1 << 20);
    }
    tree.lay(&source);
    refuse(look::command("put", &image).arg("-r").arg(&source).arg("/"), &["no space left"]);
    let kept = names(&image, "/tree");
    assert!((5..=15).contains(&kept.len()), "{kept:?}");
    for name in &kept {
        let shown = run(look::command("cat", &image).arg(format!("/tree/{name}")));
        assert!(shown.stdout == tree.contents(name.as_bytes()), "{name} is whole");
    }
    judge(&image);
    change(&image, "rm", &["-r", "/tree"]);
    run(look::command("put", &image).arg(source.join("00")).arg("/"));
    judge(&image);
}

/// The disk that the image is on is full before the image is.
#[test]
fn a_full_host_leaves_an_image_that_recovers() {
    if !require::root() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let disk = Disk::mount(&folder.path().join("disk"), "size=12M");
    let image = disk.0.join("image");
    run(process::command(vnfsd()).arg("newfs").arg(&image).args(["--size", "64M"]));
    let file = folder.path().join("file");
    fs::write(&file, vec![1; 30_000_000]).expect("written");
    change(&image, "mkdir", &["/before"]);
    let mut put = look::command("put", &image);
    put.arg(&file).arg("/file");
    refuse(&mut put, &["cannot be left in order", "no space left"]);
    run(process::command("mount").args(["-o", "remount,size=100M"]).arg(&disk.0));
    change(&image, "mkdir", &["/after"]);
    assert_eq!(names(&image, "/"), ["after", "before"]);
    judge(&image);
    run(&mut put);
    judge(&image);
}

/// A file system of the host's in memory.
struct Disk(PathBuf);

impl Disk {
    fn mount(place: &Path, options: &str) -> Self {
        fs::create_dir(place).expect("made");
        run(process::command("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(place));
        Self(place.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is mounted must not outlive the test.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_signal_ends_a_copy_in_order() {
    let (_folder, image) = image_of(&["--size", "256M"]);
    let mut command = look::command("put", &image);
    command.args(["-", "/stream"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("vnfsd runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(&vec![1; 4 << 20]).expect("it is read");
    process::signal(&child, Signal::TERM);
    while input.write_all(&vec![1; 1 << 20]).is_ok() {}
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", describe(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("interrupted"), "{said}");
    assert!(names(&image, "/").is_empty(), "half a file is gone again");
    judge(&image);
}
