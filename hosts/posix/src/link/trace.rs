//! What crosses a link, as a file that Wireshark and tcpdump read: pcap with nanoseconds
//! (draft-ietf-opsawg-pcap), of Ethernet frames.
//!
//! Frames stand in it as they crossed: one that the kernel is to cut, or has put together, is one
//! large frame, and a checksum that is left to the kernel is not there yet. None is shortened,
//! for what was cut off could not be taken apart.

use super::LinkError;
use abi::Timestamp;
use hyper::Frame;
use rustix::fs::OFlags;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Says that nanoseconds follow, in this machine's byte order.
const MAGIC: u32 = 0xa1b2_3c4d;

/// What traces of others begin with: microseconds, and the newer format (pcapng).
const MAGICS: [u32; 3] = [MAGIC, 0xa1b2_c3d4, 0x0a0d_0d0a];

/// `LINKTYPE_ETHERNET`
const ETHERNET: u32 = 1;

/// The longest record that is promised to readers, in bytes: the most that they take.
const RECORD_BYTES_MAX: usize = 256 << 10;

/// What stands before each frame, in bytes.
const RECORD_HEADER_BYTES: usize = 16;

/// What is gathered before it goes to the file, and what waits for the reader of a pipe, in bytes; one
/// record more at most.
const BUFFER_BYTES: usize = 256 << 10;

/// A trace being written. What is still gathered is written when it is dropped.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    /// Until writing has failed.
    file: Option<File>,
    /// What the file holds, in bytes.
    file_bytes: u64,
    /// Somebody reads while it is written: it has each frame at once, as far as it has room.
    is_pipe: bool,
    /// Records that the file does not have yet. In a pipe the first may have begun.
    gathered: VecDeque<u8>,
    has_complained: bool,
}

impl Trace {
    /// Makes the file, or empties it if it is an older trace: nothing else is written over. Nobody is
    /// waited for.
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
        let file = open(path)
            .map_err(|error| without_reader(path, &error).unwrap_or_else(|| refused(error)))?;
        let is_pipe = !file.metadata().map_err(refused)?.is_file();
        (&file).write_all(&header()).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
            file_bytes: header().len() as u64,
            is_pipe,
            gathered: VecDeque::new(),
            has_complained: false,
        })
    }

    /// Records a frame that lies in one piece.
    pub fn bytes(&mut self, frame: &[u8], now: Timestamp) {
        self.record(now, frame.len(), |gathered| gathered.extend(frame));
    }

    /// Records a frame in pieces.
    pub fn frame(&mut self, frame: &Frame, now: Timestamp) {
        let pieces = std::iter::once(&frame.head).chain(&frame.payload);
        let append =
            |gathered: &mut VecDeque<u8>| pieces.for_each(|piece| gathered.extend(&piece[..]));
        self.record(now, frame.bytes(), append);
    }

    fn record(
        &mut self,
        now: Timestamp,
        length_bytes: usize,
        append: impl FnOnce(&mut VecDeque<u8>),
    ) {
        // Nothing of that length crosses a link that is described to a service.
        if length_bytes > RECORD_BYTES_MAX || self.file.is_none() || !self.has_room() {
            return;
        }
        self.gathered.extend(record_header(now, length_bytes));
        append(&mut self.gathered);
        if self.is_pipe || self.gathered.len() >= BUFFER_BYTES {
            self.flush();
        }
    }

    /// Whether another record can be gathered: not while the reader of a pipe is too slow.
    fn has_room(&mut self) -> bool {
        if self.gathered.len() >= BUFFER_BYTES {
            self.flush();
        }
        let has_room = self.gathered.len() < BUFFER_BYTES;
        if !has_room && !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!("{}: its reader is too slow, and misses frames", self.path.display());
        }
        has_room
    }

    /// Hands what was gathered to the file, as far as that takes it. When it takes no more for good,
    /// the trace ends behind a whole record, and the service goes on without.
    fn flush(&mut self) {
        let Some(file) = &mut self.file else { return };
        let gathered = self.gathered.make_contiguous();
        let (written_bytes, outcome) = write_some(file, gathered);
        match outcome {
            Ok(()) => {
                self.file_bytes += written_bytes as u64;
                self.gathered.drain(..written_bytes);
            }
            Err(error) => {
                tracing::warn!("{}: the trace ends here: {error}", self.path.display());
                let whole_bytes = whole_records_bytes(&gathered[..written_bytes]);
                if !self.is_pipe {
                    // If not even that can be done, readers say that a frame is cut short.
                    let _ = file.set_len(self.file_bytes + whole_bytes as u64);
                }
                self.file = None;
                self.gathered = VecDeque::new();
            }
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Opens a file to be written, or a pipe that somebody reads, without waiting for that one, now or
/// later.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options.custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

fn without_reader(path: &Path, error: &io::Error) -> Option<LinkError> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo());
    let is_unread = is_pipe && error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
    is_unread.then(|| {
        let path = path.display();
        LinkError::new(format!("{path}: nobody reads this pipe: start its reader first"))
    })
}

/// Writes as much as is taken now. Returns how much that is, and what ended it for good.
fn write_some(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// How many of these bytes are whole records; they begin with one.
fn whole_records_bytes(bytes: &[u8]) -> usize {
    let mut whole = 0;
    while let Some(length) = bytes[whole..].get(8..).and_then(<[u8]>::first_chunk) {
        let end = whole + RECORD_HEADER_BYTES + u32::from_ne_bytes(*length) as usize;
        if end > bytes.len() {
            break;
        }
        whole = end;
    }
    whole
}

/// Whether nobody loses anything if a trace is written there: a pipe keeps nothing, a disk does.
fn may_be_replaced(path: &Path) -> io::Result<bool> {
    let kind = match std::fs::metadata(path) {
        Ok(data) => data.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
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

fn record_header(now: Timestamp, length_bytes: usize) -> [u8; RECORD_HEADER_BYTES] {
    let length = length_bytes as u32;
    // The format counts seconds in 32 bits without a sign: until 2106.
    let fields = [now.seconds as u32, now.nanoseconds, length, length];
    let mut header = [0; RECORD_HEADER_BYTES];
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

    /// A record of as many bytes, each of which is `number`.
    fn record(trace: &mut Trace, number: u8, bytes: usize) {
        trace.bytes(&vec![number; bytes], Timestamp { seconds: 1, nanoseconds: 2 });
    }

    #[test]
    fn a_file_that_takes_no_more_ends_the_trace_behind_a_whole_record() {
        let records: Vec<u8> = [&[7; 60][..], &[8; 1000], &[]]
            .into_iter()
            .flat_map(|frame| {
                [&record_header(Timestamp::default(), frame.len())[..], frame].concat()
            })
            .collect();
        let ends = [0, 76, 76 + 1016, 76 + 1016 + 16];
        for count in 0..=records.len() {
            let end = ends.iter().rfind(|&&end| end <= count);
            assert_eq!(Some(&whole_records_bytes(&records[..count])), end);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let mut trace = Trace::create(&path).unwrap();
        record(&mut trace, 1, 60);
        trace.flush();
        record(&mut trace, 2, 60);
        // Nothing can be written by this descriptor any more.
        trace.file = Some(File::open(&path).unwrap());
        trace.flush();
        assert!(trace.file.is_none());
        record(&mut trace, 3, 60);
        assert!(trace.gathered.is_empty());
        let error = Trace::create(Path::new("/dev/full")).unwrap_err().to_string();
        assert!(error.contains("no trace can be written"), "{error}");
        drop(trace);
        let written = std::fs::read(&path).unwrap();
        assert_eq!((written.len(), written[24 + RECORD_HEADER_BYTES]), (24 + 76, 1));
    }

    #[test]
    fn nobody_waits_for_the_reader_of_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
        let error = Trace::create(&path).unwrap_err().to_string();
        assert!(error.contains("nobody reads this pipe: start its reader first"), "{error}");
        let nonblocking = OFlags::NONBLOCK.bits() as i32;
        let reader = OpenOptions::new().read(true).custom_flags(nonblocking).open(&path);
        let mut reader = reader.unwrap();
        let mut trace = Trace::create(&path).unwrap();
        record(&mut trace, 1, 60);
        let mut seen = Vec::new();
        let mut read_on = || {
            // Ends when there is nothing more for now.
            let _ = reader.read_to_end(&mut seen);
            seen.len()
        };
        assert_eq!(read_on(), 24 + 76, "it has what there is at once");
        (0..2000).for_each(|_| record(&mut trace, 2, 1000));
        assert!(trace.gathered.len() < BUFFER_BYTES + 1016 && trace.has_complained);
        while read_on() < BUFFER_BYTES {
            trace.flush();
        }
        record(&mut trace, 3, 60);
        while !trace.gathered.is_empty() {
            trace.flush();
            read_on();
        }
        read_on();
        assert_eq!(whole_records_bytes(&seen[24..]), seen.len() - 24);
        assert_eq!(seen.last(), Some(&3), "what comes later is there again");
        drop(reader);
        record(&mut trace, 4, 60);
        assert!(trace.file.is_none(), "its reader has gone");
    }
}
