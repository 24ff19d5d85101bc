//! All exports of a service, and which of their lines is a client's.

use super::clients::Clients;
use super::{Export, ExportError, ExportId, Network};
use abi::{Errno, Result};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::ops::Range;

/// Most bytes that all exports may take in MOUNT's list of them.
pub(crate) const LISTED_BYTES_MAX: usize = 64 << 10;

/// Bytes that a client takes in that list at most: whether there is one, its length, its text.
const LISTED_CLIENT_BYTES: usize = 4 + 4 + 44;

/// All exports of a service, ordered by path; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Those of one path are neighbours.
    lines: Vec<Export>,
    /// One for each path, in the same order.
    places: Vec<Place>,
    /// Each place by its id, in order.
    ids: Vec<(ExportId, usize)>,
}

/// A path that is exported, to whomever.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    lines: Range<usize>,
    clients: Clients,
}

impl Exports {
    /// Exports of one file system. A path may be there several times, for different clients.
    ///
    /// # Errors
    /// If there are none, if a path is there twice for the same clients, if two paths have the same
    /// id, or if it is more than MOUNT can list.
    pub fn new(mut lines: Vec<Export>) -> core::result::Result<Self, ExportError> {
        lines.sort_by(|a, b| a.path().cmp(b.path()));
        lines.shrink_to_fit();
        let mut exports = Self { lines, places: Vec::new(), ids: Vec::new() };
        exports.expect_some_but_not_too_many()?;
        let mut start = 0;
        while let Some(first) = exports.lines.get(start) {
            let id = first.id();
            let is_here = |line: &&Export| line.path() == first.path();
            let end = start + exports.lines[start..].iter().take_while(is_here).count();
            let clients = clients(&exports.lines, start..end)?;
            exports.ids.push((id, exports.places.len()));
            exports.places.push(Place { lines: start..end, clients });
            start = end;
        }
        exports.ids.sort_unstable();
        exports.expect_different_ids()?;
        Ok(exports)
    }

    fn expect_some_but_not_too_many(&self) -> core::result::Result<(), ExportError> {
        let first = self.lines.first().ok_or_else(|| ExportError::new("", "at least one path"))?;
        let listed_bytes = self.lines.iter().map(listed_bytes).sum::<usize>();
        if listed_bytes > LISTED_BYTES_MAX {
            let expected = "fewer exports and clients: MOUNT lists them in 64 KiB";
            return Err(ExportError::new(&first.path_text(), expected));
        }
        Ok(())
    }

    /// It would take four thousand million paths to expect it: one has to be named otherwise.
    fn expect_different_ids(&self) -> core::result::Result<(), ExportError> {
        match self.ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            None => Ok(()),
            Some(pair) => {
                let [one, other] = [pair[0], pair[1]].map(|(_, place)| self.first_line(place));
                Err(ExportError::same_id(one, other))
            }
        }
    }

    fn first_line(&self, place: usize) -> &Export {
        &self.lines[self.places[place].lines.start]
    }

    /// The exports, ordered by path.
    pub fn list(&self) -> &[Export] {
        &self.lines
    }

    /// The exports of each path, ordered by path.
    pub fn places(&self) -> impl Iterator<Item = &[Export]> {
        self.places.iter().map(|place| &self.lines[place.lines.clone()])
    }

    /// The paths, in order, as people read them.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.places().filter_map(<[Export]>::first).map(Export::path_text)
    }

    /// The export that a client's call is judged by, for a file reached through `id`.
    ///
    /// # Errors
    /// `Stale` if nothing of this id is exported, `AccessDenied` if it is, but not to this client
    /// or not to this port of it.
    pub(crate) fn judge(&self, id: ExportId, remote: SocketAddr) -> Result<&Export> {
        let found = self.ids.binary_search_by_key(&id, |&(id, _)| id);
        let (_, place) = self.ids[found.map_err(|_| Errno::Stale)?];
        self.admit(&self.places[place], remote).ok_or(Errno::AccessDenied)
    }

    /// The deepest export that lets this client mount `path` (in its one spelling), and the rest of
    /// the path below it.
    pub(crate) fn mountable<'a>(
        &self,
        path: &'a [u8],
        remote: SocketAddr,
    ) -> Option<(&Export, &'a [u8])> {
        ancestors(path).find_map(|above| {
            let place = self.places.binary_search_by_key(&above, |place| self.path(place)).ok()?;
            let export = self.admit(&self.places[place], remote)?;
            let below = &path[above.len()..];
            (below.is_empty() || export.rules.all_directories).then_some((export, below))
        })
    }

    fn path(&self, place: &Place) -> &[u8] {
        self.lines[place.lines.start].path()
    }

    fn admit(&self, place: &Place, remote: SocketAddr) -> Option<&Export> {
        let line = &self.lines[place.clients.line(remote.ip())?];
        line.rules.admit_port(remote).then_some(line)
    }
}

/// Whose each of these lines is.
fn clients(lines: &[Export], place: Range<usize>) -> core::result::Result<Clients, ExportError> {
    let mut everybody = None;
    let mut networks = Vec::<(Network, usize)>::new();
    for line in place {
        let export = &lines[line];
        networks.extend(export.clients.iter().map(|&network| (network, line)));
        if export.clients.is_empty() && everybody.replace(line).is_some() {
            return Err(ExportError::new(&export.path_text(), "each path once for everybody"));
        }
    }
    networks.sort_unstable();
    if let Some(pair) = networks.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(ExportError::twice(&lines[pair[1].1], &pair[1].0));
    }
    Ok(Clients::new(networks, everybody))
}

/// The path and the directories above it, deepest first. The path is in its one spelling.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::successors(Some(path), |path| {
        let slash = path.iter().rposition(|&byte| byte == b'/')?;
        (path.len() > 1).then(|| &path[..slash.max(1)])
    })
}

fn listed_bytes(export: &Export) -> usize {
    let path = 4 + 4 + export.path().len().next_multiple_of(4) + 4;
    path + export.clients.len() * LISTED_CLIENT_BYTES
}
