//! What people do with a file system: scripts that a guest runs, and what it works on.
//!
//! Each script mounts `$HOST:/` with `$OPTIONS,$MORE`, works, and leaves nothing behind. It finds
//! what it works on in `$SHARED`.

use crate::process::run;
use crate::tree::{Content, Node, Tree};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Functions that the scripts use: they are to stand before them.
pub const LIST: &str = include_str!("list.sh");

/// Version control, archives, compilers, databases. Needs git, make, gcc and sqlite3.
pub const WORK: &str = include_str!("work.sh");

/// Many files, and random reads and writes: `$OPERATIONS` that follow from `$SEED`, by the program
/// `random-io` in `$SHARED`.
pub const FILES: &str = include_str!("files.sh");

/// Commits in the repository.
const COMMITS: usize = 12;

/// A folder to share with a guest, with a tree in it that has a repository, a program's sources,
/// and a directory of so many files.
///
/// # Panics
/// If there is no room for it.
pub fn shared_folder(crowd: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tree = Tree::sample(16384, 2048);
    tree.add_noise("large", 8 << 20);
    tree.add_directory("crowd");
    for number in 0..crowd {
        tree.add_noise(format!("crowd/{number}"), 0);
    }
    add_sources(&mut tree);
    let root = folder.path().join("tree");
    tree.lay(&root);
    add_repository(&root.join("repository"));
    folder
}

/// Shell variables, set.
pub fn settings(variables: &[(&str, &str)]) -> String {
    variables.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect()
}

fn add_sources(tree: &mut Tree) {
    tree.add_directory("sources");
    let makefile = "program: main.o say.o\n\t$(CC) -o $@ $^\nclean:\n\trm -f program *.o\n";
    let files = [
        ("Makefile", makefile),
        ("main.c", "void say(void);\nint main(void) { say(); return 0; }\n"),
        ("say.c", "#include <stdio.h>\nvoid say(void) { puts(\"compiled over NFS\"); }\n"),
    ];
    for (name, text) in files {
        let node = Node::new(Content::Bytes(text.into()));
        tree.add(format!("sources/{name}"), node);
    }
}

fn add_repository(path: &Path) {
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=suite", "-c", "user.email=suite@localhost"];
        run(Command::new("git").arg("-C").arg(path).args(identity).args(arguments));
    };
    fs::create_dir(path).expect("a folder");
    git(&["init", "-q"]);
    for number in 0..COMMITS {
        let text = format!("line {number}\n").repeat(number * 30 + 1);
        fs::write(path.join(format!("file {}", number % 5)), text).expect("written");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", &format!("commit {number}")]);
    }
    git(&["gc", "-q"]);
    let whole_seconds = ["-exec", "touch", "-h", "-d", "@1254355200", "{}", "+"];
    let root = path.parent().expect("the tree");
    run(Command::new("find").arg(path).args(whole_seconds));
    run(Command::new("touch").args(["-d", "@1254355200"]).arg(root));
}
