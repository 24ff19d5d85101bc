//! Who waits for an image, folder by folder: first come, first served among those of one folder, and
//! folders in turns. Only so many of one folder are served at a time, so that a file system that
//! hangs does not take every thread.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

/// Requests of one folder that are served at a time.
const AT_WORK_MAX: usize = 4;

/// See the module's text.
pub(super) struct Line<T> {
    folders: BTreeMap<PathBuf, Folder<T>>,
    /// Folders of which somebody may be served, each once.
    ready: VecDeque<PathBuf>,
}

struct Folder<T> {
    waiting: VecDeque<T>,
    at_work: usize,
    is_ready: bool,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { folders: BTreeMap::new(), ready: VecDeque::new() }
    }
}

impl<T> Line<T> {
    /// Somebody comes.
    pub(super) fn join(&mut self, folder: PathBuf, request: T) {
        let empty = || Folder { waiting: VecDeque::new(), at_work: 0, is_ready: false };
        self.folders.entry(folder.clone()).or_insert_with(empty).waiting.push_back(request);
        self.make_ready(folder);
    }

    /// Who is next, and of which folder.
    pub(super) fn next(&mut self) -> Option<(PathBuf, T)> {
        let path = self.ready.pop_front()?;
        let folder = self.folders.get_mut(&path)?;
        folder.is_ready = false;
        folder.at_work += 1;
        let request = folder.waiting.pop_front()?;
        self.make_ready(path.clone());
        Some((path, request))
    }

    /// One of that folder was served.
    pub(super) fn done(&mut self, path: PathBuf) {
        let Some(folder) = self.folders.get_mut(&path) else { return };
        folder.at_work -= 1;
        if folder.at_work == 0 && folder.waiting.is_empty() {
            self.folders.remove(&path);
        } else {
            self.make_ready(path);
        }
    }

    /// Everybody who waits, at once.
    pub(super) fn all(&mut self) -> Vec<T> {
        self.ready.clear();
        let folders = std::mem::take(&mut self.folders);
        folders.into_values().flat_map(|folder| folder.waiting).collect()
    }

    fn make_ready(&mut self, path: PathBuf) {
        let Some(folder) = self.folders.get_mut(&path) else { return };
        let may = !folder.waiting.is_empty() && folder.at_work < AT_WORK_MAX;
        if may && !std::mem::replace(&mut folder.is_ready, true) {
            self.ready.push_back(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_take_turns_and_one_that_hangs_holds_up_nobody_else() {
        let mut line = Line::default();
        (0..100).for_each(|number| line.join("hung".into(), number));
        line.join("other".into(), 1000);
        line.join("other".into(), 1001);
        let served: Vec<_> = std::iter::from_fn(|| line.next()).map(|(_, number)| number).collect();
        assert_eq!(served, [0, 1000, 1, 1001, 2, 3]);
        line.done("other".into());
        line.join("other".into(), 1002);
        assert_eq!(line.next(), Some(("other".into(), 1002)));
        assert_eq!(line.next(), None);
        line.done("hung".into());
        assert_eq!(line.next(), Some(("hung".into(), 4)));
        assert_eq!(line.all().len(), 95);
        assert_eq!(line.next(), None);
    }

    #[test]
    fn nothing_is_kept_of_a_folder_that_nobody_waits_for() {
        let mut line = Line::default();
        for number in 0..3 {
            line.join("a".into(), number);
            assert_eq!(line.next(), Some(("a".into(), number)));
            line.done("a".into());
            assert!(line.folders.is_empty() && line.ready.is_empty());
        }
    }
}
