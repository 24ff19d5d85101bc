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
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Says that nanoseconds follow, in this machine's byte order.
const MAGIC: u32 = 0xa1b2_3c4d;

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
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// If that cannot be.
    pub fn create(path: &Path) -> Result<Self, LinkError> {
        let created = File::create(path).and_then(|file| {
            let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
            file.write_all(&header())?;
            Ok(file)
        });
        let file = created.map_err(|error| {
            LinkError::new(format!("{}: no trace can be written: {error}", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), file: Some(file) })
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
