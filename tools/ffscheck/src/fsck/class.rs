//! The kinds of damage.

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of damage.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Class {
            $($(#[$doc])* $name,)*
        }

        impl Class {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name for programs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

classes! {
    /// The superblock is gone or contradicts its copies; it is made of them again.
    Superblock = "superblock",
    /// A field that follows from others does not.
    SuperblockField = "superblock-field",
    /// A copy of the superblock differs from it.
    SuperblockCopy = "superblock-copy",
    /// The log is not where it should be, or cannot be read.
    Log = "log",
    /// A group block is none, so nothing in it is believed.
    Group = "group",
    /// A free inode that is not empty.
    PartlyAllocated = "partly-allocated",
    /// A mode that is no type of file.
    UnknownType = "unknown-type",
    /// A file larger than there can be.
    FileSize = "file-size",
    /// A pointer to what is no data.
    BadBlock = "bad-block",
    /// More of those than a file is believed with.
    ManyBadBlocks = "many-bad-blocks",
    /// Blocks behind the end of a file.
    PartlyTruncated = "partly-truncated",
    /// Bytes behind the text of a symbolic link.
    LinkPadding = "link-padding",
    /// Space taken is not what the inode says.
    BlockCount = "block-count",
    /// Extended attributes larger than there can be.
    ExtendedAttributes = "extended-attributes",
    /// A block of two files.
    Duplicate = "duplicate",
    /// More of those than a file is believed with.
    ManyDuplicates = "many-duplicates",
    /// A directory without a single block.
    EmptyDirectory = "empty-directory",
    /// A hole in a directory.
    DirectoryHole = "directory-hole",
    /// A directory that does not end where a chunk does.
    DirectorySize = "directory-size",
    /// Inodes in use that a group says were never written.
    InitializedInodes = "initialized-inodes",
    /// No root directory.
    Root = "root",
    /// No `.` where it should be.
    MissingDot = "missing-dot",
    /// `.` leads elsewhere.
    WrongDot = "wrong-dot",
    /// No `..` where it should be.
    MissingDotDot = "missing-dot-dot",
    /// `..` leads elsewhere.
    WrongDotDot = "wrong-dot-dot",
    /// Another `.` or `..`.
    ExtraDot = "extra-dot",
    /// A record that cannot be read.
    CorruptEntry = "corrupt-entry",
    /// An entry for an inode that does not exist.
    NoInode = "no-inode",
    /// An entry for a free inode.
    FreeInode = "free-inode",
    /// An entry with the type of another kind of file.
    EntryType = "entry-type",
    /// A second name of a directory.
    DirectoryLink = "directory-link",
    /// The same name again.
    DuplicateName = "duplicate-name",
    /// A directory without a name.
    OrphanDirectory = "orphan-directory",
    /// Directories that lead to each other, and nothing to them.
    DirectoryLoop = "directory-loop",
    /// `lost+found` is missing though needed, or no directory.
    LostFound = "lost-found",
    /// A file without a name.
    UnreferencedFile = "unreferenced-file",
    /// A link count that is not the number of names.
    LinkCount = "link-count",
    /// A quota file that cannot be read.
    QuotaFile = "quota-file",
    /// A quota that counts wrongly.
    QuotaCount = "quota-count",
    /// A field of a group that follows from the superblock does not.
    GroupHeader = "group-header",
    /// A place from which a group goes on searching lies outside.
    Rotor = "rotor",
    /// Which inodes are in use.
    InodeMap = "inode-map",
    /// Which fragments are free.
    FragmentMap = "fragment-map",
    /// Which blocks are free, and how long their runs are.
    ClusterMap = "cluster-map",
    /// How long the runs of free fragments are.
    FreeRuns = "free-runs",
    /// What a group counts.
    GroupCounts = "group-counts",
    /// What the table of summaries says of a group.
    SummaryTable = "summary-table",
    /// What the superblock counts.
    Totals = "totals",
}
