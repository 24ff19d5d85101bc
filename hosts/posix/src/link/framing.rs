//! Frames on a byte stream, as QEMU's `-netdev stream` has them: each after its length in four
//! bytes, big-endian. The peer is not trusted: it may say anything, and a byte at a time.

use hyper::Frame;

/// Bytes of a length.
pub(crate) const LENGTH_BYTES: usize = 4;

/// The longest frame, in bytes: QEMU's own bound.
pub(crate) const FRAME_BYTES_MAX: usize = (64 << 10) + (4 << 10);

/// The length that goes before a frame.
pub(crate) fn length_of(frame: &Frame) -> [u8; LENGTH_BYTES] {
    u32::try_from(frame.bytes()).unwrap_or(u32::MAX).to_be_bytes()
}

/// The peer announced a frame of so many bytes: no frame is that long, so this is no such stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oversize(pub(crate) usize);

/// Finds frames in the bytes of one connection. Holds the beginning of at most one.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    /// A length and as much of its frame as has arrived: less than all.
    begun: Vec<u8>,
}

impl Deframer {
    /// Lends each frame that is complete with `bytes` to `sink`, in place if it lies within them.
    ///
    /// # Errors
    /// [`Oversize`]: the connection is of no use any more.
    pub(crate) fn take(
        &mut self,
        mut bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Oversize> {
        while !self.begun.is_empty() {
            let wanted = wanted_bytes(&self.begun)?;
            let (part, rest) = bytes.split_at(bytes.len().min(wanted - self.begun.len()));
            self.begun.extend_from_slice(part);
            bytes = rest;
            if self.begun.len() < wanted {
                return Ok(());
            }
            if self.begun.len() >= LENGTH_BYTES && wanted_bytes(&self.begun)? == wanted {
                lend(&self.begun[LENGTH_BYTES..], sink);
                // A link is idle most of the time: it then holds nothing.
                self.begun = Vec::new();
            }
        }
        loop {
            let wanted = wanted_bytes(bytes)?;
            let Some((frame, rest)) = bytes.split_at_checked(wanted) else { break };
            lend(&frame[LENGTH_BYTES..], sink);
            bytes = rest;
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }
}

/// A frame without bytes is none, and no harm.
fn lend(frame: &[u8], sink: &mut dyn FnMut(&[u8])) {
    if !frame.is_empty() {
        sink(frame);
    }
}

/// How long what begins with `begun` is, as far as that can be said: at least a length.
fn wanted_bytes(begun: &[u8]) -> Result<usize, Oversize> {
    let Some(&length) = begun.first_chunk() else { return Ok(LENGTH_BYTES) };
    let frame_bytes = u32::from_be_bytes(length) as usize;
    if frame_bytes > FRAME_BYTES_MAX {
        Err(Oversize(frame_bytes))
    } else {
        Ok(LENGTH_BYTES + frame_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(frames: &[&[u8]]) -> Vec<u8> {
        let with_length = |frame: &&[u8]| [&(frame.len() as u32).to_be_bytes(), *frame].concat();
        frames.iter().flat_map(with_length).collect()
    }

    fn frames_in(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Result<(), Oversize>) {
        let (mut deframer, mut frames) = (Deframer::default(), Vec::new());
        let mut sink = |frame: &[u8]| frames.push(frame.to_vec());
        let result = chunks.iter().try_for_each(|chunk| deframer.take(chunk, &mut sink));
        (frames, result)
    }

    #[test]
    fn frames_are_found_however_the_stream_is_cut() {
        let long = vec![7; FRAME_BYTES_MAX];
        let frames = [&b"one"[..], b"", b"a second one", &long, b"4"];
        let stream = framed(&frames);
        let expected: Vec<_> =
            frames.iter().filter(|frame| !frame.is_empty()).map(|frame| frame.to_vec()).collect();
        for size in [1, 2, 3, 4, 5, 7, 11, 1000, 65_537, stream.len()] {
            let chunks: Vec<_> = stream.chunks(size).collect();
            assert_eq!(frames_in(&chunks), (expected.clone(), Ok(())), "in chunks of {size}");
        }
        for cut in 0..40 {
            let (first, second) = stream.split_at(cut);
            assert_eq!(frames_in(&[first, second]), (expected.clone(), Ok(())), "cut at {cut}");
        }
    }

    #[test]
    fn a_length_that_no_frame_has_ends_the_stream() {
        let mut stream = framed(&[b"good"]);
        stream.extend_from_slice(&(FRAME_BYTES_MAX as u32 + 1).to_be_bytes());
        stream.extend_from_slice(b"whatever");
        for size in [1, 3, stream.len()] {
            let chunks: Vec<_> = stream.chunks(size).collect();
            let expected = (vec![b"good".to_vec()], Err(Oversize(FRAME_BYTES_MAX + 1)));
            assert_eq!(frames_in(&chunks), expected, "in chunks of {size}");
        }
        assert_eq!(frames_in(&[b"GET / HTTP/1.0\r\n"]).1, Err(Oversize(0x4745_5420)));
    }

    #[test]
    fn nothing_is_held_between_frames_and_no_more_than_arrived_within_one() {
        let mut deframer = Deframer::default();
        deframer.take(&(FRAME_BYTES_MAX as u32).to_be_bytes(), &mut |_| {}).unwrap();
        assert!(deframer.begun.capacity() < 64);
        deframer.take(&vec![0; FRAME_BYTES_MAX], &mut |_| {}).unwrap();
        assert_eq!(deframer.begun.capacity(), 0);
    }
}
