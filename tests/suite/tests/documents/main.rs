//! Every command that a document shows is run, so that none of them is a promise.
//!
//! A fence names its language. What it says behind `sh` tells how its commands are run:
//!
//! | fence | run |
//! |---|---|
//! | `sh` | in a scratch folder of the document's own, where they succeed |
//! | `sh needs PROGRAM` | the same, or skipped where there is no such program |
//! | `sh server` | until the ready line; it goes on until the document's end |
//! | `sh norun: REASON` | not at all |

mod blocks;
mod session;

use blocks::{Block, Run, blocks};
use session::Session;
use std::fs;
use std::path::{Path, PathBuf};
use suite::require;

/// Documents whose commands are run, and the folders of more.
const DOCUMENTS: [&str; 4] =
    ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SPECIFICATION.md"];
const FOLDERS: [&str; 2] = ["docs", "benches"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn documents() -> Vec<PathBuf> {
    let single = DOCUMENTS.iter().map(|name| root().join(name)).filter(|path| path.is_file());
    let in_folders = FOLDERS.iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").path())
    });
    let mut all: Vec<_> = single.chain(in_folders).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    all.sort();
    all
}

fn read(path: &Path) -> Vec<Block> {
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    blocks(&name, &fs::read_to_string(path).expect("a document can be read"))
}

#[test]
fn every_command_in_every_document_works() {
    for path in documents() {
        let blocks = read(&path);
        if blocks.iter().any(Block::is_run) {
            let mut session = Session::new(root());
            blocks.iter().for_each(|block| run(&mut session, block));
        }
    }
}

fn run(session: &mut Session, block: &Block) {
    match &block.run {
        Run::Never => {}
        Run::Once => session.run(block),
        Run::IfThere(program) => {
            if require::tools(&[program]) {
                session.run(block);
            }
        }
        Run::Server => session.serve(block),
    }
}
