//! What clients are told: the bodies of results, after the status.

use super::{Consistency, FileName, Handle, Path, PostAttributes, Stable, Time};
use xdr::xdr_struct;

xdr_struct! {
    /// LOOKUP3resok.
    pub struct Found<'a> {
        /// The file's handle.
        pub file: Handle<'a>,
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// The directory's attributes.
        pub directory: PostAttributes,
    }
}

xdr_struct! {
    /// ACCESS3resok.
    pub struct Granted {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// ACCESS3_ bits.
        pub rights: u32,
    }
}

xdr_struct! {
    /// READLINK3resok.
    pub struct Target<'a> {
        /// The link's attributes.
        pub attributes: PostAttributes,
        /// Where it points.
        pub target: Path<'a>,
    }
}

xdr_struct! {
    /// READ3resok without the data, which follows as an opaque.
    pub struct ReadHead {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// Bytes read.
        pub count_bytes: u32,
        /// Whether they reach the end of the file.
        pub end_of_file: bool,
    }
}

xdr_struct! {
    /// WRITE3resok.
    pub struct Wrote {
        /// The file before and after.
        pub file: Consistency,
        /// Bytes written.
        pub count_bytes: u32,
        /// How safely.
        pub committed: Stable,
        /// Changes when unstable writes may have been lost.
        pub verifier: u64,
    }
}

xdr_struct! {
    /// COMMIT3resok.
    pub struct Committed {
        /// The file before and after.
        pub file: Consistency,
        /// Changes when unstable writes may have been lost.
        pub verifier: u64,
    }
}

xdr_struct! {
    /// CREATE3resok, and the same of MKDIR, SYMLINK and MKNOD.
    pub struct Made<'a> {
        /// The new file's handle.
        pub file: Option<Handle<'a>>,
        /// The new file's attributes.
        pub attributes: PostAttributes,
        /// The directory before and after.
        pub directory: Consistency,
    }
}

xdr_struct! {
    /// The body of RENAME's result, whether it succeeded or not.
    pub struct Moved {
        /// The old directory before and after.
        pub from: Consistency,
        /// The new directory before and after.
        pub to: Consistency,
    }
}

xdr_struct! {
    /// The body of LINK's result, whether it succeeded or not.
    pub struct LinkMade {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// The directory before and after.
        pub directory: Consistency,
    }
}

xdr_struct! {
    /// READDIR3resok and READDIRPLUS3resok up to the entries: each of them follows a `true`, and
    /// the last one is followed by `false` and whether the directory ends there.
    pub struct ListingHead {
        /// The directory's attributes.
        pub attributes: PostAttributes,
        /// The verifier that comes with the cookies.
        pub verifier: u64,
    }
}

xdr_struct! {
    /// entry3 without the pointer to the next.
    pub struct ListedName<'a> {
        /// fileid.
        pub inode: u64,
        /// The name.
        pub name: FileName<'a>,
        /// Where to go on behind it.
        pub cookie: u64,
    }
}

xdr_struct! {
    /// What entryplus3 has more than entry3.
    pub struct ListedFile<'a> {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// The file's handle.
        pub file: Option<Handle<'a>>,
    }
}

xdr_struct! {
    /// FSSTAT3resok.
    pub struct FileSystemUsage {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// tbytes.
        pub total_bytes: u64,
        /// fbytes.
        pub free_bytes: u64,
        /// abytes: free for this caller.
        pub available_bytes: u64,
        /// tfiles.
        pub total_files: u64,
        /// ffiles.
        pub free_files: u64,
        /// afiles: free for this caller.
        pub available_files: u64,
        /// invarsec: how long nothing of this changes.
        pub unchanged_seconds: u32,
    }
}

xdr_struct! {
    /// FSINFO3resok.
    pub struct FileSystemInformation {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// rtmax: most bytes of a READ.
        pub read_bytes_max: u32,
        /// rtpref: the best size of a READ.
        pub read_bytes_best: u32,
        /// rtmult: what sizes of READs are best a multiple of.
        pub read_bytes_multiple: u32,
        /// wtmax: most bytes of a WRITE.
        pub write_bytes_max: u32,
        /// wtpref: the best size of a WRITE.
        pub write_bytes_best: u32,
        /// wtmult: what sizes of WRITEs are best a multiple of.
        pub write_bytes_multiple: u32,
        /// dtpref: the best size of a READDIR.
        pub listing_bytes_best: u32,
        /// maxfilesize.
        pub file_bytes_max: u64,
        /// time_delta: the smallest step between two times.
        pub time_step: Time,
        /// FSF3_ bits.
        pub properties: u32,
    }
}

xdr_struct! {
    /// PATHCONF3resok.
    pub struct PathLimits {
        /// The file's attributes.
        pub attributes: PostAttributes,
        /// linkmax: most names of a file.
        pub links_max: u32,
        /// name_max: longest name in bytes.
        pub name_bytes_max: u32,
        /// no_trunc: longer names are refused, not cut.
        pub refuses_long_names: bool,
        /// chown_restricted: only the superuser gives files away.
        pub restricts_chown: bool,
        /// case_insensitive.
        pub ignores_case: bool,
        /// case_preserving.
        pub preserves_case: bool,
    }
}
