//! The types of NFSv3's wire, each declared once (RFC 1813 §2.5, §2.6 and the tables of §3.3).
//!
//! Names are spelled out; the RFC's stand beside them. Types with a lifetime borrow from the
//! record when decoded and from the answer when encoded.

mod arguments;
mod results;

pub use arguments::*;
pub use results::*;

use crate::v3::Status;
use abi::{Attributes, DeviceNumber, FileSystemId, SetTime, Timestamp};
use abi::{Errno, FileType as Kind, Result, SetAttributes};
use xdr::{Malformed, Opaque, Reader, Writer, Xdr, xdr_enum, xdr_struct, xdr_union};

/// Longest handle a client may send, in bytes (NFS3_FHSIZE).
pub const HANDLE_BYTES_MAX: usize = 64;

/// The bound of what the RFC leaves unbounded: the record it stands in.
pub const UNBOUNDED: usize = u32::MAX as usize;

/// A file handle (nfs_fh3).
pub type Handle<'a> = Opaque<'a, HANDLE_BYTES_MAX>;

/// A name (filename3). How long it may be is for the file system to say, in a reply.
pub type FileName<'a> = Opaque<'a, UNBOUNDED>;

/// A path (nfspath3).
pub type Path<'a> = Opaque<'a, UNBOUNDED>;

/// Attributes that a reply may leave out (post_op_attr).
pub type PostAttributes = Option<FileAttributes>;

xdr_enum! {
    /// The kinds of file (ftype3).
    pub enum FileType {
        /// NF3REG.
        Regular = 1,
        /// NF3DIR.
        Directory = 2,
        /// NF3BLK.
        BlockDevice = 3,
        /// NF3CHR.
        CharacterDevice = 4,
        /// NF3LNK.
        SymbolicLink = 5,
        /// NF3SOCK.
        Socket = 6,
        /// NF3FIFO.
        Fifo = 7,
    }
}

xdr_struct! {
    /// A device number (specdata3).
    pub struct Device {
        /// specdata1.
        pub major: u32,
        /// specdata2.
        pub minor: u32,
    }
}

xdr_struct! {
    /// A moment (nfstime3). Times before 1970 and after 2106 wrap, as they do on other servers.
    pub struct Time {
        /// Seconds since 1970.
        pub seconds: u32,
        /// Nanoseconds below 10⁹.
        pub nanoseconds: u32,
    }
}

xdr_struct! {
    /// What a file is (fattr3).
    pub struct FileAttributes {
        /// Its kind.
        pub file_type: FileType,
        /// Permission bits.
        pub mode: u32,
        /// Names that lead to it.
        pub links: u32,
        /// Owner.
        pub uid: u32,
        /// Group.
        pub gid: u32,
        /// Size in bytes.
        pub size_bytes: u64,
        /// Space taken, in bytes.
        pub used_bytes: u64,
        /// Device number.
        pub device: Device,
        /// fsid.
        pub file_system: u64,
        /// fileid.
        pub inode: u64,
        /// Access time.
        pub accessed: Time,
        /// Modification time.
        pub modified: Time,
        /// Change time.
        pub changed: Time,
    }
}

xdr_struct! {
    /// What tells two states of a file apart (wcc_attr).
    pub struct Before {
        /// Size in bytes.
        pub size_bytes: u64,
        /// Modification time.
        pub modified: Time,
        /// Change time.
        pub changed: Time,
    }
}

xdr_struct! {
    /// Weak cache consistency data (wcc_data).
    pub struct Consistency {
        /// pre_op_attr.
        pub before: Option<Before>,
        /// post_op_attr.
        pub after: PostAttributes,
    }
}

xdr_union! {
    /// How to set one time (set_atime, set_mtime).
    pub enum NewTime {
        /// DONT_CHANGE.
        Keep(()) = 0,
        /// SET_TO_SERVER_TIME.
        Now(()) = 1,
        /// SET_TO_CLIENT_TIME.
        To(Time) = 2,
    }
}

xdr_struct! {
    /// A change of attributes (sattr3).
    pub struct NewAttributes {
        /// Permission bits.
        pub mode: Option<u32>,
        /// Owner.
        pub uid: Option<u32>,
        /// Group.
        pub gid: Option<u32>,
        /// Size in bytes.
        pub size_bytes: Option<u64>,
        /// Access time.
        pub accessed: NewTime,
        /// Modification time.
        pub modified: NewTime,
    }
}

xdr_struct! {
    /// Where to look for what (diropargs3).
    pub struct Where<'a> {
        /// The directory.
        pub directory: Handle<'a>,
        /// The name in it.
        pub name: FileName<'a>,
    }
}

xdr_enum! {
    /// How safely to write (stable_how).
    pub enum Stable {
        /// UNSTABLE.
        Unstable = 0,
        /// DATA_SYNC.
        Data = 1,
        /// FILE_SYNC.
        File = 2,
    }
}

/// The result of a procedure: a status, and what follows it on success or failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<D, F> {
    /// NFS3_OK.
    Done(D),
    /// Any other status, which is never [`Status::Ok`].
    Failed(Status, F),
}

impl<'a, D: Xdr<'a>, F: Xdr<'a>> Xdr<'a> for Reply<D, F> {
    fn decode(reader: &mut Reader<'a>) -> core::result::Result<Self, Malformed> {
        match Status::decode(reader)? {
            Status::Ok => Ok(Self::Done(D::decode(reader)?)),
            status => Ok(Self::Failed(status, F::decode(reader)?)),
        }
    }

    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Done(done) => {
                Status::Ok.encode(writer);
                done.encode(writer);
            }
            Self::Failed(status, failed) => {
                status.encode(writer);
                failed.encode(writer);
            }
        }
    }
}

impl From<Kind> for FileType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Regular => Self::Regular,
            Kind::Directory => Self::Directory,
            Kind::BlockDevice => Self::BlockDevice,
            Kind::CharacterDevice => Self::CharacterDevice,
            Kind::SymbolicLink => Self::SymbolicLink,
            Kind::Socket => Self::Socket,
            Kind::Fifo => Self::Fifo,
        }
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self { seconds: time.seconds as u32, nanoseconds: time.nanoseconds }
    }
}

impl Time {
    /// The moment, if it is one.
    ///
    /// # Errors
    /// `Invalid` if the nanoseconds are a second or more.
    pub fn timestamp(&self) -> Result<Timestamp> {
        let valid = self.nanoseconds < 1_000_000_000;
        let seconds = i64::from(self.seconds);
        valid.then_some(Timestamp { seconds, nanoseconds: self.nanoseconds }).ok_or(Errno::Invalid)
    }
}

impl From<DeviceNumber> for Device {
    fn from(device: DeviceNumber) -> Self {
        Self { major: device.major, minor: device.minor }
    }
}

impl From<&Device> for DeviceNumber {
    fn from(device: &Device) -> Self {
        Self { major: device.major, minor: device.minor }
    }
}

impl FileAttributes {
    /// The attributes of a file of `file_system`.
    pub fn new(file_system: FileSystemId, attributes: &Attributes) -> Self {
        Self {
            file_type: attributes.file_type.into(),
            mode: attributes.mode,
            links: attributes.links,
            uid: attributes.uid,
            gid: attributes.gid,
            size_bytes: attributes.size_bytes,
            used_bytes: attributes.used_bytes,
            device: attributes.device.into(),
            file_system: file_system.0,
            inode: attributes.file.inode.0,
            accessed: attributes.accessed.into(),
            modified: attributes.modified.into(),
            changed: attributes.changed.into(),
        }
    }
}

impl From<&Attributes> for Before {
    fn from(attributes: &Attributes) -> Self {
        Self {
            size_bytes: attributes.size_bytes,
            modified: attributes.modified.into(),
            changed: attributes.changed.into(),
        }
    }
}

impl NewTime {
    fn set_time(&self) -> Result<SetTime> {
        match self {
            Self::Keep(()) => Ok(SetTime::Keep),
            Self::Now(()) => Ok(SetTime::Now),
            Self::To(time) => time.timestamp().map(SetTime::To),
        }
    }
}

impl NewAttributes {
    /// No change at all.
    pub const NONE: Self = Self {
        mode: None,
        uid: None,
        gid: None,
        size_bytes: None,
        accessed: NewTime::Keep(()),
        modified: NewTime::Keep(()),
    };

    /// The change it asks for. Of the mode only permission, set-id and sticky bits count.
    ///
    /// # Errors
    /// `Invalid` if a time is none.
    pub fn change(&self) -> Result<SetAttributes> {
        Ok(SetAttributes {
            mode: self.mode.map(|mode| mode & 0o7777),
            uid: self.uid,
            gid: self.gid,
            size_bytes: self.size_bytes,
            accessed: self.accessed.set_time()?,
            modified: self.modified.set_time()?,
        })
    }
}

#[cfg(test)]
mod tests;
