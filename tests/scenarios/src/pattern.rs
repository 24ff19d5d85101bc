//! Bytes that say whose they are.
//!
//! ```text
//!  0       4         8                     16
//!  | file  | version | place in the file,  |   each sixteen bytes, big-endian
//!  | no    |         | in sixteens         |
//! ```
//! Any sixteen aligned bytes that come back from a disk tell which file they were written to, by
//! which write and where; no file has the number zero, so that nothing written looks like a hole.

/// The bytes of one pattern.
const UNIT_BYTES: u64 = 16;

/// Which write made the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file's number in the model, which is never zero for a regular file.
    pub file: u32,
    /// The number of the write.
    pub version: u32,
}

impl Origin {
    fn unit(self, index: u64) -> [u8; UNIT_BYTES as usize] {
        let mut unit = [0; UNIT_BYTES as usize];
        unit[..4].copy_from_slice(&self.file.to_be_bytes());
        unit[4..8].copy_from_slice(&self.version.to_be_bytes());
        unit[8..].copy_from_slice(&index.to_be_bytes());
        unit
    }

    /// What this write puts at `offset_bytes`.
    pub fn bytes(self, offset_bytes: u64, length: usize) -> Vec<u8> {
        let first = offset_bytes / UNIT_BYTES;
        let skip = (offset_bytes % UNIT_BYTES) as usize;
        let units = (first..).flat_map(|index| self.unit(index));
        units.skip(skip).take(length).collect()
    }
}

/// Says in words what `bytes`, found at `offset_bytes` of a file, are.
pub fn describe(offset_bytes: u64, bytes: &[u8]) -> String {
    let skip = (UNIT_BYTES - offset_bytes % UNIT_BYTES) % UNIT_BYTES;
    let Some(unit) = bytes.get(skip as usize..).and_then(<[u8]>::first_chunk::<16>) else {
        return format!("{bytes:02x?}");
    };
    if bytes.iter().all(|&byte| byte == 0) {
        return "zeros".to_owned();
    }
    let word = |at: usize| u32::from_be_bytes([unit[at], unit[at + 1], unit[at + 2], unit[at + 3]]);
    let place = u64::from(word(8)) << 32 | u64::from(word(12));
    match word(0) {
        0 if unit.iter().all(|&byte| byte == 0) => "zeros at first".to_owned(),
        file if place < 1 << 40 && file < 1 << 24 => format!(
            "bytes of file {file}, version {}, from its byte {}",
            word(4),
            place * UNIT_BYTES
        ),
        _ => format!("bytes that nobody wrote: {unit:02x?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_whose_they_are() {
        let origin = Origin { file: 7, version: 3 };
        let whole = origin.bytes(0, 2048);
        assert_eq!(origin.bytes(1001, 99), whole[1001..1100]);
        let found = describe(1001, &whole[1001..1100]);
        assert_eq!(found, "bytes of file 7, version 3, from its byte 1008");
        assert_eq!(describe(0, &[0; 512]), "zeros");
    }
}
