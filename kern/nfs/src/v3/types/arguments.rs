//! What clients ask: the arguments of each procedure.

use super::{Device, Handle, NewAttributes, Path, Stable, Time, UNBOUNDED, Where};
use xdr::{Opaque, xdr_struct, xdr_union};

xdr_struct! {
    /// The only argument of GETATTR, READLINK, FSSTAT, FSINFO and PATHCONF.
    pub struct FileArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
    }
}

xdr_struct! {
    /// SETATTR3args.
    pub struct SetAttributesArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// The change.
        pub change: NewAttributes,
        /// The change time that the file must still have.
        pub guard: Option<Time>,
    }
}

xdr_struct! {
    /// ACCESS3args.
    pub struct AccessArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// ACCESS3_ bits.
        pub asked: u32,
    }
}

xdr_struct! {
    /// READ3args.
    pub struct ReadArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// Where from.
        pub offset_bytes: u64,
        /// How much.
        pub count_bytes: u32,
    }
}

xdr_struct! {
    /// WRITE3args.
    pub struct WriteArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// Where to.
        pub offset_bytes: u64,
        /// How much; the same as the length of `data`.
        pub count_bytes: u32,
        /// How safely.
        pub stable: Stable,
        /// What.
        pub data: Opaque<'a, UNBOUNDED>,
    }
}

xdr_struct! {
    /// COMMIT3args.
    pub struct CommitArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// Where from.
        pub offset_bytes: u64,
        /// How much; zero means to the end.
        pub count_bytes: u32,
    }
}

xdr_union! {
    /// What becomes of a file that is there already (createhow3).
    pub enum NewFileHow {
        /// UNCHECKED.
        Unchecked(NewAttributes) = 0,
        /// GUARDED.
        Guarded(NewAttributes) = 1,
        /// EXCLUSIVE, and its verifier.
        Exclusive([u8; 8]) = 2,
    }
}

xdr_struct! {
    /// CREATE3args.
    pub struct CreateArguments<'a> {
        /// Where.
        pub place: Where<'a>,
        /// How.
        pub how: NewFileHow,
    }
}

xdr_struct! {
    /// MKDIR3args.
    pub struct MakeDirectoryArguments<'a> {
        /// Where.
        pub place: Where<'a>,
        /// The new directory's attributes.
        pub attributes: NewAttributes,
    }
}

xdr_struct! {
    /// SYMLINK3args.
    pub struct MakeLinkArguments<'a> {
        /// Where.
        pub place: Where<'a>,
        /// The new link's attributes.
        pub attributes: NewAttributes,
        /// Its target.
        pub target: Path<'a>,
    }
}

xdr_struct! {
    /// A device node to be made (devicedata3).
    pub struct NewDevice {
        /// Its attributes.
        pub attributes: NewAttributes,
        /// Its number.
        pub device: Device,
    }
}

xdr_union! {
    /// What node to make (mknoddata3).
    pub enum NewNode {
        /// NF3REG: not made this way.
        Regular(()) = 1,
        /// NF3DIR: not made this way.
        Directory(()) = 2,
        /// NF3BLK.
        BlockDevice(NewDevice) = 3,
        /// NF3CHR.
        CharacterDevice(NewDevice) = 4,
        /// NF3LNK: not made this way.
        SymbolicLink(()) = 5,
        /// NF3SOCK.
        Socket(NewAttributes) = 6,
        /// NF3FIFO.
        Fifo(NewAttributes) = 7,
    }
}

xdr_struct! {
    /// MKNOD3args.
    pub struct MakeNodeArguments<'a> {
        /// Where.
        pub place: Where<'a>,
        /// What.
        pub what: NewNode,
    }
}

xdr_struct! {
    /// RENAME3args.
    pub struct RenameArguments<'a> {
        /// The old name.
        pub from: Where<'a>,
        /// The new name.
        pub to: Where<'a>,
    }
}

xdr_struct! {
    /// LINK3args.
    pub struct LinkArguments<'a> {
        /// The file.
        pub file: Handle<'a>,
        /// Its new name.
        pub place: Where<'a>,
    }
}

xdr_struct! {
    /// READDIR3args.
    pub struct ReadDirectoryArguments<'a> {
        /// The directory.
        pub directory: Handle<'a>,
        /// Where to go on; zero at the beginning.
        pub cookie: u64,
        /// The verifier that came with the cookie.
        pub verifier: u64,
        /// Most bytes of the result's body.
        pub count_bytes: u32,
    }
}

xdr_struct! {
    /// READDIRPLUS3args.
    pub struct ReadDirectoryPlusArguments<'a> {
        /// The directory.
        pub directory: Handle<'a>,
        /// Where to go on; zero at the beginning.
        pub cookie: u64,
        /// The verifier that came with the cookie.
        pub verifier: u64,
        /// Most bytes of names, inode numbers and cookies.
        pub names_bytes: u32,
        /// Most bytes of the result's body.
        pub count_bytes: u32,
    }
}
