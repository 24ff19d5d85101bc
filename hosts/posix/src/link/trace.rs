//! What crosses a link, as a file that Wireshark and tcpdump read: pcap with nanoseconds
//! (draft-ietf-opsawg-pcap), of Ethernet frames.
//!
//! Frames stand in it as they crossed: one that the kernel is to cut, or has put together, is one
//! large frame, and a checksum that is left to the kernel is not there yet. None is shortened,
//! for what was cut off could not be taken apart.

use super::LinkError;
use abi::Timestamp;
use bytes::Bytes;
use hyper::Frame;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Says that nanoseconds follow, in this machine's byte order.
const MAGIC: u32 = 0xa1b2_3c4d;

/// What traces of others begin with: microseconds, and the newer format (pcapng).
const MAGICS: [u32; 3] = [MAGIC, 0xa1b2_c3d4, 0x0a0d_0d0a];

/// `LINKTYPE_ETHERNET`
const ETHERNET: u32 = 1;

/// The longest record that is promised to readers, in bytes: the most that they take.
const RECORD_BYTES_MAX: usize = 256 << 10;

/// What is gathered before it goes to the file, in bytes.
const BUFFER_BYTES: usize = 256 << 10;

/// A trace being written. What is still gathered is written when it is dropped.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    /// Until writing has failed.
    file: Option<BufWriter<File>>,
}

impl Trace {
    /// Makes the file, or empties it if it is an older trace: nothing else is written over.
    ///
    /// # Errors
    /// If that cannot be.
    pub fn create(path: &Path) -> Result<Self, LinkError> {
        let refused =
            |error| LinkError::new(format!("{}: no trace can be written: {error}", path.display()));
        if !may_be_replaced(path).map_err(refused)? {
            return Err(LinkError::new(format!(
                "{}: something is there that is no trace, and is kept: choose another name",
                path.display()
            )));
        }
        let created = File::create(path).and_then(|file| {
            let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
            file.write_all(&header())?;
            Ok(file)
        });
        Ok(Self { path: path.to_owned(), file: Some(created.map_err(refused)?) })
    }

    /// Records a frame that lies in one piece.
    pub fn bytes(&mut self, frame: &[u8], now: Timestamp) {
        self.record(now, frame.len(), |file| file.write_all(frame));
    }

    /// Records a frame in pieces.
    pub fn frame(&mut self, frame: &Frame, now: Timestamp) {
        let pieces = || std::iter::once(&frame.head).chain(&frame.payload);
        self.record(now, frame.bytes(), |file| write_all(file, pieces()));
    }

    /// Hands what was gathered to the file.
    pub fn flush(&mut self) {
        self.write(BufWriter::flush);
    }

    fn record(
        &mut self,
        now: Timestamp,
        length_bytes: usize,
        frame: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) {
        // Nothing of that length crosses a link that is described to a service.
        if length_bytes <= RECORD_BYTES_MAX {
            self.write(|file| {
                file.write_all(&record_header(now, length_bytes))?;
                frame(file)
            });
        }
    }

    /// Writes, until it fails once: the service goes on without its trace.
    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = write(file) {
            tracing::error!("{}: the trace ends here: {error}", self.path.display());
            // Without another try to write what it holds.
            drop(self.file.take().map(BufWriter::into_parts));
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Whether nobody loses anything if a trace is written there: a pipe keeps nothing, a disk does.
fn may_be_replaced(path: &Path) -> io::Result<bool> {
    let kind = match std::fs::metadata(path) {
        Ok(data) => data.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    if kind.is_file() { is_trace_or_empty(path) } else { Ok(!kind.is_block_device()) }
}

fn is_trace_or_empty(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    File::open(path)?.take(size_of_val(&MAGIC) as u64).read_to_end(&mut magic)?;
    let magic = magic.first_chunk().map(|magic| u32::from_ne_bytes(*magic));
    let is_trace = |magic: u32| MAGICS.contains(&magic) || MAGICS.contains(&magic.swap_bytes());
    Ok(magic.map_or(std::fs::metadata(path)?.len() == 0, is_trace))
}

fn write_all<'a>(
    file: &mut BufWriter<File>,
    mut pieces: impl Iterator<Item = &'a Bytes>,
) -> io::Result<()> {
    pieces.try_for_each(|piece| file.write_all(piece))
}

fn header() -> [u8; 24] {
    /// Of the format, major and minor as two numbers of two bytes.
    const VERSION: [u16; 2] = [2, 4];
    let mut header = [0; 24];
    header[..4].copy_from_slice(&MAGIC.to_ne_bytes());
    header[4..6].copy_from_slice(&VERSION[0].to_ne_bytes());
    header[6..8].copy_from_slice(&VERSION[1].to_ne_bytes());
    header[16..20].copy_from_slice(&(RECORD_BYTES_MAX as u32).to_ne_bytes());
    header[20..].copy_from_slice(&ETHERNET.to_ne_bytes());
    header
}

fn record_header(now: Timestamp, length_bytes: usize) -> [u8; 16] {
    let length = length_bytes as u32;
    // The format counts seconds in 32 bits without a sign: until 2106.
    let fields = [now.seconds as u32, now.nanoseconds, length, length];
    let mut header = [0; 16];
    for (place, field) in header.chunks_exact_mut(4).zip(fields) {
        place.copy_from_slice(&field.to_ne_bytes());
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trace_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        for begins in [&b""[..], &header(), &MAGIC.swap_bytes().to_ne_bytes(), b"\n\r\r\nmore"] {
            std::fs::write(&path, begins).unwrap();
            drop(Trace::create(&path).unwrap());
            assert_eq!(std::fs::read(&path).unwrap(), header());
        }
        for precious in [&b"p"[..], b"precious", &[0; 8192]] {
            std::fs::write(&path, precious).unwrap();
            let error = Trace::create(&path).unwrap_err().to_string();
            assert!(error.contains("is kept: choose another name"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), precious);
        }
        assert!(Trace::create(Path::new("/dev/null")).is_ok());
    }
}
