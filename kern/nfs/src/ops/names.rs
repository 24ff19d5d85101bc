//! Lookup, remove, rmdir, rename, link (RFC 1813 §3.3.3, §3.3.12 to §3.3.15).

use super::{Object, Request, refusal};
use abi::{Attributes, Errno, Result};
use vfs::{Changed, Name, Renamed, Seen, Vnode};

/// The result of a link: it changes a directory and shows a file.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    /// The file's attributes.
    pub(crate) file: Option<Attributes>,
    /// What came of it, and what became of the directory.
    pub(crate) directory: Changed<()>,
}

impl Request<'_> {
    /// Finds a name.
    pub(crate) async fn lookup(&self, directory: &[u8], name: Result<Name<'_>>) -> Seen<Object> {
        self.look(directory, async |directory| {
            let found = directory.lookup(&self.caller, name?).await;
            let result = match found.result {
                Ok(vnode) => Ok(Object::of(&vnode).await),
                Err(errno) => Err(errno),
            };
            Ok(Seen { attributes: found.attributes, result })
        })
        .await
    }

    /// Removes a name of anything but a directory.
    pub(crate) async fn remove(&self, directory: &[u8], name: Result<Name<'_>>) -> Changed<()> {
        let work = async |directory: &Vnode| Ok(directory.remove(&self.caller, name?).await);
        self.change(directory, work).await
    }

    /// Removes an empty directory.
    pub(crate) async fn remove_directory(
        &self,
        directory: &[u8],
        name: Result<Name<'_>>,
    ) -> Changed<()> {
        let work =
            async |directory: &Vnode| Ok(directory.remove_directory(&self.caller, name?).await);
        self.change(directory, work).await
    }

    /// Gives a file another name.
    pub(crate) async fn link(
        &self,
        file: &[u8],
        directory: &[u8],
        name: Result<Name<'_>>,
    ) -> Linked {
        let work = async |directory: &Vnode| {
            Ok(self.vnode(file)?.link(&self.caller, directory, name?).await)
        };
        let directory = self.change(directory, work).await;
        Linked { file: self.attributes(file).await.ok(), directory }
    }

    /// Moves a name.
    pub(crate) async fn rename(
        &self,
        (from, name): (&[u8], Result<Name<'_>>),
        (to, to_name): (&[u8], Result<Name<'_>>),
    ) -> Renamed {
        let directories = (self.vnode(from), self.vnode(to));
        let attempt = match &directories {
            (Ok(_), Ok(_)) if self.is_read_only() => Err(Errno::ReadOnly),
            (Ok(from), Ok(to)) => self.move_name((from, name), (to, to_name)).await,
            (Err(errno), _) | (_, Err(errno)) => Err(*errno),
        };
        match attempt {
            Ok(Renamed { from: (_, None), to: (_, None), result: Err(errno) }) | Err(errno) => {
                refused_rename(directories, errno).await
            }
            Ok(renamed) => renamed,
        }
    }

    async fn move_name(
        &self,
        (from, name): (&Vnode, Result<Name<'_>>),
        (to, to_name): (&Vnode, Result<Name<'_>>),
    ) -> Result<Renamed> {
        Ok(from.rename(&self.caller, name?, to, to_name?).await)
    }
}

/// A rename that was not begun: both directories as they are, if they are there.
async fn refused_rename(directories: (Result<Vnode>, Result<Vnode>), errno: Errno) -> Renamed {
    let (from, errno) = unchanged(directories.0, errno).await;
    let (to, errno) = unchanged(directories.1, errno).await;
    Renamed { from: (from, from), to: (to, to), result: Err(errno) }
}

async fn unchanged(vnode: Result<Vnode>, errno: Errno) -> (Option<Attributes>, Errno) {
    match vnode {
        Ok(vnode) => refusal(&vnode, errno).await,
        Err(_) => (None, errno),
    }
}
