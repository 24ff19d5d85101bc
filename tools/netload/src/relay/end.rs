//! The ends of a path: a tap, or a unix stream socket in QEMU's framing (each frame after its
//! length in four bytes, big-endian). Never waits.

use super::tap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// The longest frame.
const FRAME_BYTES_MAX: usize = 69_632;
/// Frames taken at once, so that both ends have their turn.
const FRAMES_PER_TURN_MAX: usize = 64;
/// What a stream may have to send; more is lost, as on a tap whose queue is full.
const UNSENT_BYTES_MAX: usize = 4 << 20;

/// One end of a path.
#[derive(Debug)]
pub enum End {
    /// Frames as reads and writes.
    Tap(File),
    /// Frames in a byte stream.
    Stream(Stream),
}

/// A stream, what came of its next frame, and what has not left.
#[derive(Debug)]
pub struct Stream {
    socket: UnixStream,
    arrived: Vec<u8>,
    unsent: Vec<u8>,
}

impl End {
    /// Opens `tap:NAME` or `unix:PATH`, where somebody listens.
    ///
    /// # Errors
    /// What cannot be had.
    pub fn open(name: &str) -> Result<Self, String> {
        let opened = match name.split_once(':') {
            Some(("tap", name)) => tap::attach(name).map(Self::Tap),
            Some(("unix", path)) => UnixStream::connect(path).and_then(Self::stream),
            _ => return Err(format!("{name:?}: use tap:NAME or unix:PATH")),
        };
        opened.map_err(|why| format!("{name}: {why}"))
    }

    fn stream(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self::Stream(Stream { socket, arrived: Vec::new(), unsent: Vec::new() }))
    }

    /// What to wait on.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tap(file) => file.as_fd(),
            Self::Stream(stream) => stream.socket.as_fd(),
        }
    }

    /// Whether frames wait for room in a socket.
    pub fn is_behind(&self) -> bool {
        matches!(self, Self::Stream(stream) if !stream.unsent.is_empty())
    }

    /// Takes what has arrived, up to a bound.
    ///
    /// # Errors
    /// If the end is over.
    pub fn receive(&mut self, mut each: impl FnMut(Vec<u8>)) -> io::Result<()> {
        match self {
            Self::Tap(file) => {
                let mut buffer = [0; 2048];
                for _ in 0..FRAMES_PER_TURN_MAX {
                    match file.read(&mut buffer) {
                        Ok(count) => each(buffer[..count].to_vec()),
                        Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                        Err(why) => return Err(why),
                    }
                }
                Ok(())
            }
            Self::Stream(stream) => stream.receive(each),
        }
    }

    /// Sends a frame; with [`End::flush`] it has left.
    ///
    /// # Errors
    /// If the end is over.
    pub fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Tap(file) => match file.write(frame) {
                // A tap that is down, or full: the frame is lost.
                Err(why) if !matches!(why.raw_os_error(), Some(5 | 11 | 105)) => Err(why),
                _ => Ok(()),
            },
            Self::Stream(stream) => {
                if stream.unsent.len() < UNSENT_BYTES_MAX {
                    stream.unsent.extend_from_slice(&(frame.len() as u32).to_be_bytes());
                    stream.unsent.extend_from_slice(frame);
                }
                Ok(())
            }
        }
    }

    /// Sends what was gathered.
    ///
    /// # Errors
    /// If the end is over.
    pub fn flush(&mut self) -> io::Result<()> {
        let Self::Stream(Stream { socket, unsent, .. }) = self else { return Ok(()) };
        if unsent.is_empty() {
            return Ok(());
        }
        match socket.write(unsent) {
            Ok(count) => drop(unsent.drain(..count)),
            Err(why) if why.kind() == ErrorKind::WouldBlock => {}
            Err(why) => return Err(why),
        }
        Ok(())
    }
}

impl Stream {
    fn receive(&mut self, each: impl FnMut(Vec<u8>)) -> io::Result<()> {
        let mut buffer = [0; 128 << 10];
        match self.socket.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.arrived.extend_from_slice(&buffer[..count]),
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(why) => return Err(why),
        }
        let taken = frames_of(&self.arrived, each)?;
        self.arrived.drain(..taken);
        Ok(())
    }
}

/// Tells each whole frame in `bytes`, and returns what they take.
fn frames_of(bytes: &[u8], mut each: impl FnMut(Vec<u8>)) -> io::Result<usize> {
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                format!("a frame of {length} bytes"),
            ));
        }
        let Some((frame, next)) = behind.split_at_checked(length) else { break };
        each(frame.to_vec());
        rest = next;
    }
    Ok(bytes.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_stream_come_whole() {
        let bytes = [0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2];
        let mut frames = Vec::new();
        assert_eq!(frames_of(&bytes, |frame| frames.push(frame)).unwrap(), 10);
        assert_eq!(frames, [vec![7, 8], vec![]]);
        assert!(frames_of(&[255; 8], |_| ()).is_err());
    }

    #[test]
    fn an_end_has_a_kind_that_is_known() {
        assert!(End::open("eth0").unwrap_err().contains("use tap:NAME"));
        assert!(End::open("unix:/nowhere/at/all").is_err());
    }
}
