//! Who may do what.

bitflags::bitflags! {
    /// Rights, as the ACCESS procedure names them (RFC 1813 §3.3.4).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Access: u32 {
        /// Read data, or the names in a directory.
        const READ = 0x01;
        /// Look a name up in a directory.
        const LOOKUP = 0x02;
        /// Rewrite existing data, or existing entries.
        const MODIFY = 0x04;
        /// Write new data, or add entries.
        const EXTEND = 0x08;
        /// Remove entries of a directory.
        const DELETE = 0x10;
        /// Execute a file.
        const EXECUTE = 0x20;
    }
}
