//! Whether every source file is part of a crate: what nothing compiles no longer works.

use super::tokens::{Token, tokens};
use super::{Finding, House};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Every Rust file below a crate of the workspace is one of its roots or declared by a module
/// that is reached.
pub(super) fn reached(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut reached = BTreeSet::new();
    let roots = house.crates.0.iter().flat_map(|part| &part.roots);
    // Files, each with the folder of the modules it declares.
    let mut open: Vec<_> = roots.map(|root| (root.clone(), folder(root))).collect();
    while let Some((file, below)) = open.pop() {
        if house.root.join(&file).is_file() && reached.insert(file.clone()) {
            let tokens = tokens(&house.read(&file)?).map_err(|why| refuse(&file, &why))?;
            open.extend(modules(&file, &below, &tokens));
        }
    }
    let lost = house.rust_files().filter(|file| is_ours(house, file) && !reached.contains(*file));
    let what = "no crate reaches this file: declare it as a module or delete it";
    Ok(lost.map(|file| Finding { file: file.clone(), line: 1, what: what.to_owned() }).collect())
}

fn refuse(file: &Path, why: &str) -> String {
    format!("{}: {why}", file.display())
}

/// Whether the nearest manifest above a file is one of the workspace's.
fn is_ours(house: &House<'_>, file: &Path) -> bool {
    let above = file.ancestors().skip(1).map(|folder| folder.join("Cargo.toml"));
    let nearest = above.into_iter().find(|manifest| house.root.join(manifest).is_file());
    nearest.is_some_and(|nearest| house.crates.0.iter().any(|part| part.manifest == nearest))
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_owned()
}

/// The folder for the modules of a file that is no root.
fn folder_below(file: &Path) -> PathBuf {
    let is_folder_itself = file.file_name().is_some_and(|name| name == "mod.rs");
    if is_folder_itself { folder(file) } else { file.with_extension("") }
}

/// The files of the modules that `tokens` declare, which stand in `below` unless they say
/// otherwise, and the folder of theirs in turn.
fn modules(file: &Path, below: &Path, tokens: &[Token]) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for (index, window) in tokens.windows(3).enumerate() {
        let [keyword, name, end] = window else { continue };
        if keyword.text != "mod" || end.text != ";" {
            continue;
        }
        if let Some(named) = path_attribute(&tokens[..index]) {
            let file = plain(&folder(file).join(named));
            let below = folder(&file);
            found.push((file, below));
            continue;
        }
        for candidate in [format!("{}.rs", name.text), format!("{}/mod.rs", name.text)] {
            let file = below.join(candidate);
            let below = folder_below(&file);
            found.push((file, below));
        }
    }
    found
}

/// A path without `..`, as git names files.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// The file that `#[path = "..."]` before a `mod` names, any visibility between them.
fn path_attribute(before: &[Token]) -> Option<String> {
    let visibility = ["pub", "(", "crate", "super", ")"];
    let end = before.iter().rposition(|token| !visibility.contains(&token.text.as_str()))?;
    let window = before.get(end.checked_sub(5)?..=end)?;
    let words: Vec<_> = window.iter().map(|token| token.text.as_str()).collect();
    let ["#", "[", "path", "=", file, "]"] = words[..] else { return None };
    Some(file.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(file: &str, source: &str) -> Vec<String> {
        let file = Path::new(file);
        let below = if file.ends_with("lib.rs") { folder(file) } else { folder_below(file) };
        let found = modules(file, &below, &tokens(source).unwrap());
        found.into_iter().map(|(file, _)| file.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn modules_stand_beside_roots_and_below_the_others() {
        assert_eq!(places("a/src/lib.rs", "mod b; mod zebra {}"), ["a/src/b.rs", "a/src/b/mod.rs"]);
        assert_eq!(places("a/src/b.rs", "pub(crate) mod c;")[0], "a/src/b/c.rs");
        assert_eq!(places("a/src/b/mod.rs", "mod c;")[0], "a/src/b/c.rs");
        assert!(places("a/src/lib.rs", "// mod b;\nconst TEXT: &str = \"mod b;\";").is_empty());
    }

    #[test]
    fn a_path_may_be_given() {
        let source = "#[path = \"../support/mod.rs\"]\npub(crate) mod support;";
        assert_eq!(places("a/tests/x.rs", source), ["a/support/mod.rs"]);
    }
}
