//! The rules beyond mode bits: who may change attributes and names, and what becomes of set-id
//! bits on the way.
//!
//! Pure: attributes and a credential go in, a verdict comes out. chmod(2), chown(2), utimes(2)
//! and sticky(7) of the BSDs are the source; where Linux differs, the rule says so.

use crate::{Access, NewFile, NewKind};
use abi::{Attributes, Credentials, Errno, FileType, Result, SetAttributes, SetTime};

pub(crate) const SET_USER_ID: u32 = 0o4000;
pub(crate) const SET_GROUP_ID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const MODE_BITS: u32 = 0o7777;

/// `AccessDenied` unless the mode bits grant every one of `rights`.
pub(crate) fn require(file: &Attributes, who: &Credentials, rights: Access) -> Result<()> {
    Access::granted(file, who).contains(rights).then_some(()).ok_or(Errno::AccessDenied)
}

/// A directory, in which the caller may look names up.
pub(crate) fn search(directory: &Attributes, who: &Credentials) -> Result<()> {
    expect_directory(directory)?;
    require(directory, who, Access::LOOKUP)
}

pub(crate) fn expect_directory(file: &Attributes) -> Result<()> {
    (file.file_type == FileType::Directory).then_some(()).ok_or(Errno::NotDirectory)
}

pub(crate) fn expect_regular(file: &Attributes) -> Result<()> {
    match file.file_type {
        FileType::Regular => Ok(()),
        FileType::Directory => Err(Errno::IsDirectory),
        _ => Err(Errno::Invalid),
    }
}

/// A server cannot tell whether the file was opened before its mode changed, or is read to be
/// executed: the owner and whoever may execute it may read it (RFC 1813 §4.4).
pub(crate) fn read(file: &Attributes, who: &Credentials) -> Result<()> {
    let readers = Access::READ | Access::EXECUTE;
    let allowed = who.uid == file.uid || Access::granted(file, who).intersects(readers);
    allowed.then_some(()).ok_or(Errno::AccessDenied)
}

/// As for [`read`], the owner may write.
pub(crate) fn write(file: &Attributes, who: &Credentials) -> Result<()> {
    if who.uid == file.uid { Ok(()) } else { require(file, who, Access::MODIFY) }
}

/// In a sticky directory, a name belongs to whoever owns the file or the directory.
pub(crate) fn unstick(
    directory: &Attributes,
    victim: &Attributes,
    who: &Credentials,
) -> Result<()> {
    let free = directory.mode & STICKY == 0;
    let owner = who.uid == victim.uid || who.uid == directory.uid || who.is_superuser();
    (free || owner).then_some(()).ok_or(Errno::NotPermitted)
}

/// Whether an ordinary user's write to this file takes set-id bits away: the precaution of BSD
/// against tampering, the owner included. (Linux leaves set-group-id without group execute.)
pub(crate) fn loses_set_id(file: &Attributes, who: &Credentials) -> bool {
    !who.is_superuser()
        && file.file_type == FileType::Regular
        && file.mode & (SET_USER_ID | SET_GROUP_ID) != 0
}

/// The file that comes of `new`, made in `directory`.
///
/// An ordinary user owns what they make. Its group is the caller's, or the directory's if that
/// has the set-group-id bit, which a new directory then has, too: what Linux and System V do
/// and their users expect. (BSD always takes the directory's.) A `new.gid` that is not the
/// caller's own is a wish, honoured if they could chgrp(2) the file to it.
///
/// # Errors
/// `NotPermitted` for a device node, unless the superuser makes it.
pub(crate) fn new_file<'a>(
    directory: &Attributes,
    who: &Credentials,
    new: &NewFile<'a>,
) -> Result<NewFile<'a>> {
    let device = matches!(new.kind, NewKind::BlockDevice(_) | NewKind::CharacterDevice(_));
    if device && !who.is_superuser() {
        return Err(Errno::NotPermitted);
    }
    let uid = if who.is_superuser() { new.uid } else { who.uid };
    let gid = new_group(directory, who, new.gid);
    let passed_on = if new.kind == NewKind::Directory { SET_GROUP_ID } else { 0 };
    let mode = own_mode(who, new.mode, gid) | (directory.mode & passed_on);
    Ok(NewFile { mode, uid, gid, ..*new })
}

fn new_group(directory: &Attributes, who: &Credentials, wish: u32) -> u32 {
    if wish != who.gid && may_give_to(who, wish) {
        wish
    } else if directory.mode & SET_GROUP_ID != 0 {
        directory.gid
    } else {
        who.gid
    }
}

fn may_give_to(who: &Credentials, gid: u32) -> bool {
    who.is_superuser() || who.is_member(gid)
}

/// `mode` without the set-group-id bit, if the caller is not a member of the group it would
/// lend. (BSD refuses a chmod(2) that asks for it; Linux drops the bit, as we do.)
fn own_mode(who: &Credentials, mode: u32, gid: u32) -> u32 {
    let lent = if may_give_to(who, gid) { 0 } else { SET_GROUP_ID };
    mode & MODE_BITS & !lent
}

/// What is left of `change`, asked by `who`: the same, without set-id bits that must go.
///
/// # Errors
/// `NotPermitted` for what only the owner or the superuser may change, `AccessDenied` for what
/// a writer may; `IsDirectory` or `Invalid` for the size of what has none.
pub(crate) fn attribute_change(
    file: &Attributes,
    who: &Credentials,
    change: &SetAttributes,
) -> Result<SetAttributes> {
    if change.size_bytes.is_some() {
        expect_regular(file)?;
    }
    owner_change(file, who, change)?;
    let now = [change.accessed, change.modified].contains(&SetTime::Now);
    if now || change.size_bytes.is_some() {
        write(file, who)?;
    }
    Ok(SetAttributes { mode: mode_after(file, who, change), ..*change })
}

fn owner_change(file: &Attributes, who: &Credentials, change: &SetAttributes) -> Result<()> {
    let times = [change.accessed, change.modified];
    let given = times.iter().any(|time| matches!(time, SetTime::To(_)));
    let owned = given || change.mode.is_some() || change.uid.is_some() || change.gid.is_some();
    if !owned || who.is_superuser() {
        return Ok(());
    }
    let same_owner = change.uid.is_none_or(|uid| uid == file.uid);
    let own_group = change.gid.is_none_or(|gid| gid == file.gid || who.is_member(gid));
    let allowed = who.uid == file.uid && same_owner && own_group;
    allowed.then_some(()).ok_or(Errno::NotPermitted)
}

/// The mode to set, if any. One that the caller gives is theirs to give; otherwise set-id bits
/// go with the owner, the group or the contents they were given for.
fn mode_after(file: &Attributes, who: &Credentials, change: &SetAttributes) -> Option<u32> {
    if let Some(mode) = change.mode {
        return Some(own_mode(who, mode, change.gid.unwrap_or(file.gid)));
    }
    let other = change.uid.is_some() || change.gid.is_some() || change.size_bytes.is_some();
    let clears = other && loses_set_id(file, who);
    clears.then_some(file.mode & !(SET_USER_ID | SET_GROUP_ID))
}

#[cfg(test)]
mod tests;
