//! Lookup, remove, rmdir, rename, link (RFC 1813 §3.3.3, §3.3.12 to §3.3.15).

use super::{Object, Reached, Request, refusal};
use abi::{Attributes, Errno, Result};
use vfs::{Changed, Name, Renamed, Seen};

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
            let name = name?;
            let found = match directory.is_fenced && name.bytes() == b".." {
                true => self.parent(directory).await,
                false => directory.vnode.lookup(&directory.caller, name).await,
            };
            let result = match found.result {
                Ok(vnode) => Ok(directory.object(&vnode).await),
                Err(errno) => Err(errno),
            };
            Ok(Seen { attributes: found.attributes, result })
        })
        .await
    }

    /// Removes a name of anything but a directory.
    pub(crate) async fn remove(&self, directory: &[u8], name: Result<Name<'_>>) -> Changed<()> {
        let work =
            async |Reached { vnode, caller, .. }: &Reached| Ok(vnode.remove(caller, name?).await);
        self.change(directory, work).await
    }

    /// Removes an empty directory.
    pub(crate) async fn remove_directory(
        &self,
        directory: &[u8],
        name: Result<Name<'_>>,
    ) -> Changed<()> {
        let work = async |Reached { vnode, caller, .. }: &Reached| {
            Ok(vnode.remove_directory(caller, name?).await)
        };
        self.change(directory, work).await
    }

    /// Gives a file another name.
    pub(crate) async fn link(
        &self,
        file: &[u8],
        directory: &[u8],
        name: Result<Name<'_>>,
    ) -> Linked {
        let work = async |directory: &Reached| {
            let file = self.reach(file)?;
            file.expect_same_export(directory)?;
            Ok(file.vnode.link(&directory.caller, &directory.vnode, name?).await)
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
        let directories = (self.reach(from), self.reach(to));
        let attempt = match &directories {
            (Ok(from), Ok(to)) => move_name((from, name), (to, to_name)).await,
            (Err(errno), _) | (_, Err(errno)) => Err(*errno),
        };
        match attempt {
            Ok(Renamed { from: (_, None), to: (_, None), result: Err(errno) }) | Err(errno) => {
                refused_rename(directories, errno).await
            }
            Ok(renamed) => renamed,
        }
    }
}

async fn move_name(
    (from, name): (&Reached, Result<Name<'_>>),
    (to, to_name): (&Reached, Result<Name<'_>>),
) -> Result<Renamed> {
    from.expect_same_export(to)?;
    from.expect_writable()?;
    Ok(from.vnode.rename(&from.caller, name?, &to.vnode, to_name?).await)
}

/// A rename that was not begun: both directories as they are, if they are there.
async fn refused_rename(directories: (Result<Reached>, Result<Reached>), errno: Errno) -> Renamed {
    let (from, errno) = unchanged(directories.0, errno).await;
    let (to, errno) = unchanged(directories.1, errno).await;
    Renamed { from: (from, from), to: (to, to), result: Err(errno) }
}

async fn unchanged(reached: Result<Reached>, errno: Errno) -> (Option<Attributes>, Errno) {
    match reached {
        Ok(Reached { vnode, .. }) => refusal(&vnode, errno).await,
        Err(_) => (None, errno),
    }
}
