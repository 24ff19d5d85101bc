//! `images = "GLOB"`: which images there are.

use glob::{MatchOptions, Pattern};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Directories that one pattern may lead through.
const DIRECTORIES_MAX: usize = 10_000;

/// What a fleet file may ask of the machine that it is read on.
pub trait Surroundings {
    /// What is in a directory, in any order.
    ///
    /// # Errors
    /// If it cannot be listed.
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>>;
}

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// Whether it is a directory, or leads to one.
    pub is_directory: bool,
}

/// The images that a pattern names, in order; at most so many.
///
/// `*`, `?` and `[...]` stand for characters of one name, and not for a dot that begins one. Names
/// that are not UTF-8 match nothing.
///
/// # Errors
/// What was expected.
pub(crate) fn find(
    pattern: &Path,
    most: usize,
    surroundings: &dyn Surroundings,
) -> Result<Vec<PathBuf>, String> {
    let mut places = BTreeSet::from([PathBuf::new()]);
    let mut directories = 0;
    let components: Vec<Component<'_>> = pattern.components().collect();
    for (index, component) in components.iter().enumerate() {
        let name = component.as_os_str().to_string_lossy();
        let is_last = index + 1 == components.len();
        if !is_last && !name.contains(['*', '?', '[']) {
            places = places.into_iter().map(|place| place.join(component)).collect();
            continue;
        }
        let matcher = matcher(&name)?;
        directories += places.len();
        if directories > DIRECTORIES_MAX {
            return Err(format!(
                "a pattern that leads through at most {DIRECTORIES_MAX} directories"
            ));
        }
        let mut found = BTreeSet::new();
        for place in places {
            matching(&place, &matcher, is_last, surroundings, &mut found)?;
            if found.len() > most {
                return Err(format!("a pattern for at most {most} images"));
            }
        }
        places = found;
    }
    Ok(places.into_iter().collect())
}

fn matcher(name: &str) -> Result<Pattern, String> {
    if name.contains("**") {
        return Err("a pattern without `**`".to_owned());
    }
    Pattern::new(name).map_err(|error| format!("a pattern such as \"/srv/*.img\" ({})", error.msg))
}

/// Adds what is in `place` and matches: images if it is the last part of the pattern, otherwise
/// directories.
fn matching(
    place: &Path,
    matcher: &Pattern,
    is_last: bool,
    surroundings: &dyn Surroundings,
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), String> {
    let directory = if place.as_os_str().is_empty() { Path::new(".") } else { place };
    let entries = surroundings.list(directory).map_err(|error| {
        format!("a directory that can be listed: {}: {error}", directory.display())
    })?;
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    for entry in entries {
        let name = entry.name.to_str();
        let matches = name.is_some_and(|name| matcher.matches_with(name, options));
        if matches && entry.is_directory != is_last {
            found.insert(place.join(entry.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/a/b.img`, `/a/c.img`, `/a/.d.img`, `/a/e/f.img`.
    struct Small;

    impl Surroundings for Small {
        fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
            let entry = |name: &str, is_directory| Entry { name: name.into(), is_directory };
            match directory.to_str() {
                Some("/") => Ok(vec![entry("a", true)]),
                Some("/a") => Ok(vec![
                    entry("e", true),
                    entry("c.img", false),
                    entry("b.img", false),
                    entry(".d.img", false),
                ]),
                Some("/a/e") => Ok(vec![entry("f.img", false)]),
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        }
    }

    fn found(pattern: &str) -> Result<Vec<String>, String> {
        let found = find(Path::new(pattern), 3, &Small)?;
        Ok(found.into_iter().map(|path| path.display().to_string()).collect())
    }

    #[test]
    fn images_are_found_in_order() {
        assert_eq!(found("/a/*.img").unwrap(), ["/a/b.img", "/a/c.img"]);
        assert_eq!(found("/*/[c-z]*").unwrap(), ["/a/c.img"]);
        assert_eq!(found("/a/*/*.img").unwrap(), ["/a/e/f.img"]);
        assert_eq!(found("/a/x*").unwrap(), [""; 0]);
        assert_eq!(found("/a/b.img").unwrap(), ["/a/b.img"]);
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        assert!(found("/b/*.img").unwrap_err().contains("/b"));
        assert!(found("*.img").unwrap_err().contains("."));
        assert!(found("/**/x").unwrap_err().contains("**"));
        assert!(found("/a/[").is_err());
        assert!(find(Path::new("/a/*"), 1, &Small).unwrap_err().contains("at most 1"));
    }
}
