//! Numbers that name places, each a type of its own.

use core::fmt;

/// A fragment's number, counted from the start of the file system. In a block pointer zero
/// means a hole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FragNo(pub u64);

impl FragNo {
    /// The pointer to nothing: the block reads as zeros.
    pub const HOLE: Self = Self(0);

    /// Whether this pointer leads nowhere.
    pub const fn is_hole(self) -> bool {
        self.0 == 0
    }
}

/// Signed on disk: a negative number is one far beyond the end of every file system.
impl From<i32> for FragNo {
    fn from(pointer: i32) -> Self {
        Self(i64::from(pointer) as u64)
    }
}

impl From<i64> for FragNo {
    fn from(pointer: i64) -> Self {
        Self(pointer as u64)
    }
}

impl fmt::Display for FragNo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0 as i64).fmt(formatter)
    }
}

/// A block's number within its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lbn(pub u64);

/// A cylinder group's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CylGroup(pub u32);
