//! `vnfsd image`: looking into an image with no server at all.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use suite::image::Format;
use suite::process::{describe, run, text};
use suite::surgery::Patient;
use suite::tree::{Content, Node, Tree};
use suite::{look, require};
use tempfile::TempDir;

fn sample() -> Option<(TempDir, PathBuf, Tree)> {
    require::tools(&["makefs"]).then(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut tree = Tree::sample(16384, 2048);
        tree.add("to-file", Node::new(Content::SymbolicLink(b"hard/first".to_vec())));
        tree.add("to-folder", Node::new(Content::SymbolicLink(b"/names".to_vec())));
        tree.add("circle", Node::new(Content::SymbolicLink(b"circle".to_vec())));
        tree.lay(&folder.path().join("tree"));
        let image = folder.path().join("image");
        Format::usual().make(&image, &folder.path().join("tree"));
        (folder, image, tree)
    })
}

#[test]
fn ls_lists() {
    let Some((_folder, image, _)) = sample() else { return };
    let root = text(&mut look::command("ls", &image));
    let names: Vec<_> = root.lines().collect();
    assert!(names.is_sorted() && names.contains(&"many") && names.contains(&"empty"), "{names:?}");
    assert_eq!(text(look::command("ls", &image).arg("/empty")), "");
    let long = text(look::command("ls", &image).args(["-l", "/modes/4755"]));
    let is_whole = long.ends_with(" 16 2009-10-01T00:00:00Z /modes/4755\n");
    assert!(is_whole && long.starts_with("-rwsr-xr-x 1 "), "{long}");
    let json = run(look::command("ls", &image).args(["--json", "/hard"]));
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let names: Vec<_> = rows.as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["elsewhere", "first", "second"]);
}

/// What only BSD keeps of a file, and makefs does not set.
#[test]
fn stat_keeps_flags_and_birth_time() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::empty();
    tree.add_noise("file", 777);
    tree.lay(&folder.path().join("tree"));
    for format in Format::all(8192, 1024) {
        let image = folder.path().join(format.to_string());
        format.make(&image, &folder.path().join("tree"));
        let mut patient = Patient::open(&image);
        let file = patient.file_of_size(777);
        patient.set_flags(file, 0x0002_0001);
        let has_born = patient.set_born(file, 86_400, 5);
        patient.save(&image);
        let json = text(look::command("stat", &image).args(["--json", "/file"]));
        let stat: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let stat = if stat.is_array() { &stat[0] } else { &stat };
        assert_eq!(stat["flags"], serde_json::json!(["nodump", "schg"]), "{format}: {json}");
        let born = has_born.then_some("1970-01-02T00:00:00.000000005Z");
        assert_eq!(stat["born"].as_str(), born, "{format}: {json}");
    }
}

/// Bytes that are not UTF-8 are escaped for people, and told in full to programs.
#[test]
fn json_loses_nothing() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (name, target) = (b"not\xc3\x28utf8\xff", b"../\xff\xfe \n");
    let mut tree = Tree::empty();
    tree.add(name, Node::new(Content::SymbolicLink(target.to_vec())));
    tree.lay(&folder.path().join("tree"));
    let image = folder.path().join("image");
    Format::usual().make(&image, &folder.path().join("tree"));
    let json = text(look::command("ls", &image).args(["--json", "/"]));
    assert!(json.contains(r#""name_hex": "6e6f74c32875746638ff""#), "{json}");
    assert!(json.contains(r#""target_hex": "2e2e2ffffe200a""#), "{json}");
}

#[test]
fn tree_shows_everything_once() {
    let Some((_folder, image, tree)) = sample() else { return };
    let shown = text(&mut look::command("tree", &image));
    let entries = shown.lines().count();
    let expected = tree.paths().count();
    assert!((expected..=expected + 3).contains(&entries), "{entries} lines, {expected} files");
    assert!(shown.contains("entry number 699") && shown.contains("bottom"));
}

#[test]
fn cat_follows_links_inside_the_image() {
    let Some((_folder, image, tree)) = sample() else { return };
    let shown = run(look::command("cat", &image).args(["/to-file", "/to-folder/with space"]));
    let expected = [tree.contents(b"hard/first"), tree.contents(b"names/with space")].concat();
    assert!(shown.stdout == expected);
}

#[test]
fn get_copies_a_tree() {
    let Some((folder, image, tree)) = sample() else { return };
    let copy = folder.path().join("copy");
    let got = run(&mut get(&image, "/", &copy));
    let errors = String::from_utf8_lossy(&got.stderr);
    assert!(errors.contains("block-300-70000") || !require::is_root(), "what is left out is said");
    for path in tree.paths().filter(|path| !path.starts_with(b"special") && !path.is_empty()) {
        same(&folder.path().join("tree"), &copy, path);
    }
    let inode = |name| fs::metadata(copy.join(name)).expect("a file").ino();
    assert_eq!(inode("hard/first"), inode("hard/elsewhere/third"), "hard links stay links");
    assert!(!copy.join("special/block-1-3").exists(), "no device nodes");
}

/// Contents, modes but for set-id bits, and times.
fn same(original: &Path, copy: &Path, path: &[u8]) {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::OsStr::from_bytes(path);
    let [from, to] = [original.join(path), copy.join(path)];
    let [one, two] = [&from, &to].map(|path| fs::symlink_metadata(path).expect("both are there"));
    assert_eq!(one.file_type(), two.file_type(), "{path:?}");
    assert_eq!((one.mtime(), one.mtime_nsec()), (two.mtime(), two.mtime_nsec()), "{path:?}");
    if one.is_symlink() {
        let [one, two] = [from, to].map(|path| fs::read_link(path).expect("a link"));
        assert_eq!(one, two, "{path:?}");
    } else {
        let [one_mode, two_mode] = [&one, &two].map(|data| data.permissions().mode());
        assert_eq!(one_mode & !0o6000, two_mode, "{path:?}");
    }
    if one.is_file() && require::is_root() {
        let [from, to] = [original, copy].map(|root| fs::read(root.join(path)).expect("contents"));
        assert!(from == to, "{path:?}");
    }
}

#[test]
fn get_replaces_nothing() {
    let Some((folder, image, _)) = sample() else { return };
    let taken = folder.path().join("taken");
    fs::write(&taken, "mine").expect("written");
    fails(&mut get(&image, "/hard/first", &taken), "taken");
    assert_eq!(fs::read(&taken).expect("still there"), b"mine");
}

fn get(image: &Path, path: &str, to: &Path) -> std::process::Command {
    let mut command = look::command("get", image);
    command.arg(path).arg(to);
    command
}

#[test]
fn errors_name_what_and_where() {
    let Some((folder, image, _)) = sample() else { return };
    fails(look::command("cat", &image).arg("/nothing"), "/nothing");
    fails(look::command("cat", &image).arg("/circle"), "/circle");
    fails(look::command("cat", &image).arg("/many"), "/many");
    fails(look::command("stat", &image).arg("/linked/inside"), "/linked/inside");
    fails(&mut look::command("ls", &folder.path().join("no image")), "no image");
    let text = folder.path().join("text");
    fs::write(&text, "no file system at all").expect("written");
    fails(&mut look::command("ls", &text), "text");
    fails(&mut look::command("ls", folder.path()), &folder.path().display().to_string());
}

/// Exit code 1 and a line that names the subject, without a panic.
fn fails(command: &mut std::process::Command, subject: &str) {
    let output = command.output().expect("vnfsd runs");
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", describe(&output));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains(subject) && !errors.contains("panicked"), "{errors}");
}
