//! `vnfsd image tree`.

use super::Omissions;
use super::path::{Last, find, last_name};
use super::record;
use super::volume::Volume;
use super::walk::{Found, Step, Walk};
use crate::text::escape;
use anyhow::Result;
use std::io::{BufWriter, Write, stdout};

/// How deep the picture still shows where a directory hangs; beyond, lines would only grow.
const DRAWN_LEVELS_MAX: usize = 256;

/// What was shown.
#[derive(Default)]
struct Count {
    directories: u64,
    files: u64,
}

/// Shows everything below `path`.
pub fn run(volume: &Volume, path: &[u8]) -> Result<()> {
    let mut output = BufWriter::new(stdout().lock());
    let (mut omissions, mut count) = (Omissions::default(), Count::default());
    // For each directory the walk is in: whether it is the last one of its own.
    let mut levels: Vec<bool> = Vec::new();
    for step in Walk::new(volume, find(volume, path, Last::Follow)?, path) {
        match step {
            Step::Enter(found) => {
                match label(volume, &found) {
                    Ok(label) => {
                        writeln!(output, "{}{label}", branch(&levels, found.is_last))?;
                        count.add(&found);
                    }
                    Err(error) => omissions.note(&error),
                }
                if found.is_directory() {
                    levels.push(found.is_last);
                }
            }
            Step::Leave => drop(levels.pop()),
            Step::Omit(error) => omissions.note(&error),
        }
    }
    writeln!(output, "\n{} directories, {} files", count.directories, count.files)?;
    output.flush()?;
    omissions.finish("read")
}

impl Count {
    fn add(&mut self, found: &Found) {
        *if found.is_directory() { &mut self.directories } else { &mut self.files } += 1;
    }
}

/// What stands before a name: nothing before the first one, whose level has no branch.
fn branch(levels: &[bool], is_last: bool) -> String {
    let Some((_, above)) = levels.split_first() else { return String::new() };
    let mut drawn: String = above.iter().take(DRAWN_LEVELS_MAX).map(|&last| bar(last)).collect();
    drawn.push_str(if is_last { "└── " } else { "├── " });
    drawn
}

fn bar(is_last: bool) -> &'static str {
    if is_last { "    " } else { "│   " }
}

fn label(volume: &Volume, found: &Found) -> Result<String> {
    let name = last_name(&found.path).unwrap_or(b"/");
    let target = record::target(volume, &found.path, &found.file, &found.attributes)?;
    Ok(match target {
        Some(target) => format!("{} -> {}", escape(name), escape(&target)),
        None => escape(name),
    })
}
