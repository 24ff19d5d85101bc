//! One connection's life, as a machine that starts no operation itself.
//!
//! ```text
//!         close()          output has left        client's FIN, or time
//!  Open ───────────► Closing ───────────► Lingering ───────────► Dead ──► gone
//!   │                   │ (nothing to linger for: client's FIN is here)   ▲
//!   └───────────────────┴── reset, or the service is ended ───────────────┘
//! ```
//!
//! Lingering reads and discards what the client still sends: closing a socket with unread input
//! resets the connection, and may destroy the last replies on their way (RFC 1122 §4.2.2.13).
//! The service hears of the end when its output has left, not when the socket is gone.

use abi::Instant;
use bytes::Bytes;
use hyper::StreamId;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

/// See the module's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Closing,
    Lingering,
    Dead,
}

/// What of a connection is to be under way no longer: another worker takes it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hush {
    Nothing,
    Input,
    Everything,
}

/// What a connection needs done next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(VecDeque<Bytes>),
    Receive {
        waiting: bool,
    },
    Fill {
        fill: Fill,
        waiting: bool,
    },
    /// End a fill early: nobody wants its bytes.
    LetGo,
    /// End a receive or a fill early, for now.
    Recall,
    /// Tell the client that nothing more follows.
    Shutdown,
    Cancel,
    Release,
}

/// Where the service wants the next bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) buffer: Vec<u8>,
    /// At most so many, for which there is room behind what the buffer holds.
    pub(crate) count_bytes: usize,
}

impl Fill {
    /// Takes what arrived elsewhere; returns what is too much.
    pub(crate) fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(self.count_bytes));
        self.buffer.extend_from_slice(taken);
        rest
    }
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) id: StreamId,
    pub(crate) tenant: usize,
    pub(crate) phase: Phase,
    /// When patience with the client ends, in this phase.
    pub(crate) deadline: Option<Instant>,
    /// The socket, until the driver has taken it over.
    pub(crate) unadopted: Option<OwnedFd>,
    /// What is to be sent after what is being sent; no piece is empty.
    output: VecDeque<Bytes>,
    /// Not begun yet.
    pub(crate) wanted: Option<Fill>,
    /// Input is not wanted at present.
    pub(crate) paused: bool,
    /// The same, because its service has had more than its share for now.
    pub(crate) held: bool,
    /// More input is probably there.
    waiting: bool,
    receiving: bool,
    /// What is received goes to a buffer of the service's.
    filling: bool,
    /// That buffer is not wanted any more.
    pub(crate) let_go: bool,
    sending: bool,
    canceled: bool,
    hush: Hush,
    /// What that concerns is to be asked to end.
    recalls: bool,
    /// What was asked to end and has not, for no fault of the connection's.
    input_recalled: bool,
    output_recalled: bool,
    /// The client has sent its last byte.
    ended: bool,
    /// Whether to wait for the client's last byte before closing.
    lingers: bool,
    /// The service knows that the connection is over.
    pub(crate) told: bool,
    /// Somebody will ask for the next step.
    pub(crate) dirty: bool,
}

impl Connection {
    pub(crate) fn new(id: StreamId, tenant: usize, socket: OwnedFd) -> Self {
        Self {
            id,
            tenant,
            phase: Phase::Open,
            deadline: None,
            unadopted: Some(socket),
            output: VecDeque::new(),
            wanted: None,
            paused: false,
            held: false,
            waiting: false,
            receiving: false,
            filling: false,
            let_go: false,
            sending: false,
            canceled: false,
            hush: Hush::Nothing,
            recalls: false,
            input_recalled: false,
            output_recalled: false,
            ended: false,
            lingers: true,
            told: false,
            dirty: false,
        }
    }

    /// Queues output, unless the connection is closing.
    pub(crate) fn send(&mut self, mut data: Vec<Bytes>) {
        if self.phase != Phase::Open {
            return;
        }
        data.retain(|piece| !piece.is_empty());
        if self.output.is_empty() {
            self.output = data.into();
        } else {
            self.output.extend(data);
        }
    }

    /// Receives the next bytes there, unless the connection is closing.
    pub(crate) fn fill(&mut self, buffer: Vec<u8>, count_bytes: usize) {
        if self.phase == Phase::Open {
            self.wanted = Some(Fill { buffer, count_bytes });
        }
    }

    /// Ends the connection once its output has left; see [`Phase`] for `lingers`.
    pub(crate) fn close(&mut self, lingers: bool) {
        self.lingers &= lingers;
        self.wanted = None;
        match self.phase {
            Phase::Open => self.phase = Phase::Closing,
            Phase::Lingering if !lingers => self.abort(),
            _ => {}
        }
    }

    /// Ends the connection now.
    pub(crate) fn abort(&mut self) {
        self.phase = Phase::Dead;
        self.output = VecDeque::new();
        self.wanted = None;
    }

    /// Has nothing of this under way, soon; what is there already is asked to end, once more if it was
    /// before.
    pub(crate) fn hush(&mut self, hush: Hush) {
        self.hush = hush;
        self.recalls = hush != Hush::Nothing;
    }

    /// Whether nothing is under way, and nothing to be given back.
    pub(crate) fn is_still(&self) -> bool {
        let is_idle = !self.receiving && !self.sending && self.phase != Phase::Dead;
        is_idle && self.hush == Hush::Everything && self.wanted.is_none()
    }

    /// A buffer that is not to be filled now.
    pub(crate) fn take_unfilled(&mut self) -> Option<Vec<u8>> {
        let is_hushed = self.hush != Hush::Nothing;
        self.wanted.take_if(|_| is_hushed).map(|fill| fill.buffer)
    }

    /// Goes on elsewhere, where it is called so.
    pub(crate) fn resettle(&mut self, id: StreamId, tenant: usize) {
        (self.id, self.tenant) = (id, tenant);
        (self.held, self.dirty) = (false, false);
        self.hush(Hush::Nothing);
    }

    /// A receive operation has ended, with so many bytes. Says whether they are for the service.
    pub(crate) fn received(&mut self, result: &io::Result<usize>, waiting: bool) -> bool {
        let let_go = std::mem::take(&mut self.let_go);
        let recalled = std::mem::take(&mut self.input_recalled);
        (self.receiving, self.filling, self.waiting) = (false, false, waiting);
        match result {
            Ok(0) => self.ended = true,
            Ok(_) => return self.phase == Phase::Open,
            Err(error) if let_go || is_transient(error) => {}
            Err(error) if recalled && is_canceled(error) => {}
            Err(_) => self.abort(),
        }
        false
    }

    /// Whether the client has sent its last byte and may still wait for answers.
    pub(crate) fn is_half_closed(&self) -> bool {
        self.ended && self.phase == Phase::Open
    }

    /// Whether everything queued so far has left.
    pub(crate) fn has_sent_all(&self) -> bool {
        !self.sending && self.output.is_empty()
    }

    /// A send operation has ended. Returns the number of bytes that left.
    pub(crate) fn sent(
        &mut self,
        result: io::Result<usize>,
        mut pieces: VecDeque<Bytes>,
    ) -> Option<usize> {
        self.sending = false;
        let recalled = std::mem::take(&mut self.output_recalled);
        let count = match result {
            Ok(count) => count,
            Err(error) if is_transient(&error) => 0,
            Err(error) if recalled && is_canceled(&error) => 0,
            Err(_) => {
                self.abort();
                return None;
            }
        };
        drop_front(&mut pieces, count);
        if self.phase != Phase::Dead && !pieces.is_empty() {
            pieces.append(&mut self.output);
            self.output = pieces;
        }
        (count > 0).then_some(count)
    }

    /// The next step, which is taken to be done. Ask until there is none.
    pub(crate) fn next_step(&mut self) -> Option<Step> {
        if self.phase == Phase::Closing && self.has_sent_all() {
            let waits_for_client = self.lingers && !self.ended;
            self.phase = if waits_for_client { Phase::Lingering } else { Phase::Dead };
            return Some(Step::Shutdown);
        }
        if self.phase == Phase::Lingering && self.ended {
            self.phase = Phase::Dead;
        }
        if self.is_ending() && std::mem::take(&mut self.filling) {
            self.let_go = true;
            return Some(Step::LetGo);
        }
        if let Some(recall) = self.next_recall() {
            return Some(recall);
        }
        match self.phase {
            Phase::Open => self.next_send().or_else(|| self.next_receive(self.paused || self.held)),
            Phase::Closing => self.next_send(),
            Phase::Lingering => self.next_receive(false),
            Phase::Dead => self.next_farewell(),
        }
    }

    /// Whether what arrives is read only to be read.
    fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Closing | Phase::Lingering)
    }

    /// Whether the service is to be told that the connection is over.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Lingering | Phase::Dead)
    }

    /// Asks what is under way to end, if it is to.
    fn next_recall(&mut self) -> Option<Step> {
        if self.phase == Phase::Dead || !std::mem::take(&mut self.recalls) {
            return None;
        }
        self.input_recalled |= self.receiving;
        if self.sending && self.hush == Hush::Everything {
            self.output_recalled = true;
            return Some(Step::Cancel);
        }
        self.receiving.then_some(Step::Recall)
    }

    fn next_send(&mut self) -> Option<Step> {
        if self.sending || self.output.is_empty() || self.hush == Hush::Everything {
            return None;
        }
        self.sending = true;
        Some(Step::Send(std::mem::take(&mut self.output)))
    }

    fn next_receive(&mut self, paused: bool) -> Option<Step> {
        if self.receiving || paused || self.ended || self.hush != Hush::Nothing {
            return None;
        }
        self.receiving = true;
        let waiting = self.waiting;
        Some(match self.wanted.take() {
            Some(fill) => {
                self.filling = true;
                Step::Fill { fill, waiting }
            }
            None => Step::Receive { waiting },
        })
    }

    fn next_farewell(&mut self) -> Option<Step> {
        if !self.receiving && !self.sending {
            return Some(Step::Release);
        }
        let first = !std::mem::replace(&mut self.canceled, true);
        first.then_some(Step::Cancel)
    }
}

/// Whether the operation is worth the same attempt again.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Whether it ended because it was asked to.
fn is_canceled(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::CANCELED)
}

pub(crate) fn drop_front(pieces: &mut VecDeque<Bytes>, mut count: usize) {
    while let Some(piece) = pieces.front_mut() {
        if count < piece.len() {
            return bytes::Buf::advance(piece, count);
        }
        count -= piece.len();
        pieces.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
        Connection::new(StreamId(7), 0, socket.into())
    }

    fn pieces(texts: &[&'static str]) -> Vec<Bytes> {
        texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
    }

    fn expect_send(connection: &mut Connection) -> VecDeque<Bytes> {
        match connection.next_step() {
            Some(Step::Send(pieces)) => pieces,
            other => panic!("expected a send, got {other:?}"),
        }
    }

    #[test]
    fn what_is_sent_in_one_turn_leaves_together_and_the_rest_follows() {
        let mut connection = connection();
        connection.send(pieces(&["one", "", "two"]));
        connection.send(pieces(&["three"]));
        let first = expect_send(&mut connection);
        assert_eq!(first, pieces(&["one", "two", "three"]));
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: false }));
        connection.send(pieces(&["four"]));
        assert_eq!(connection.next_step(), None);
        assert_eq!(connection.sent(Ok(4), first), Some(4));
        assert_eq!(expect_send(&mut connection), pieces(&["wo", "three", "four"]));
    }

    #[test]
    fn close_waits_for_output_and_then_for_the_client() {
        let mut connection = connection();
        connection.send(pieces(&["last"]));
        let output = expect_send(&mut connection);
        connection.close(true);
        assert_eq!(connection.next_step(), None);
        assert!(!connection.is_over());
        connection.sent(Ok(4), output);
        assert_eq!(connection.next_step(), Some(Step::Shutdown));
        assert!(connection.is_over());
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: false }));
        assert!(!connection.received(&Ok(7), false));
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: false }));
        connection.received(&Ok(0), false);
        assert_eq!(connection.next_step(), Some(Step::Release));
    }

    #[test]
    fn a_buffer_is_filled_by_the_next_receive_or_takes_what_the_last_one_brought() {
        let mut connection = connection();
        connection.next_step();
        connection.fill(Vec::with_capacity(5), 5);
        assert_eq!(connection.next_step(), None, "a receive is under way");
        let mut fill = connection.wanted.take().unwrap();
        assert_eq!(fill.take(b"seven b"), b" b");
        assert_eq!((&fill.buffer[..], fill.buffer.capacity()), (&b"seven"[..], 5));
        connection.received(&Ok(7), true);
        connection.fill(fill.buffer, 0);
        assert!(matches!(connection.next_step(), Some(Step::Fill { waiting: true, .. })));
        connection.close(true);
        connection.fill(Vec::new(), 0);
        assert_eq!(connection.wanted, None);
    }

    #[test]
    fn a_connection_that_is_closed_lets_go_of_the_buffer_that_is_being_filled() {
        for result in [Err(io::ErrorKind::TimedOut.into()), Ok(3)] {
            let mut connection = connection();
            connection.fill(Vec::with_capacity(5), 5);
            assert!(matches!(connection.next_step(), Some(Step::Fill { .. })));
            connection.close(true);
            assert_eq!(connection.next_step(), Some(Step::Shutdown));
            assert_eq!(connection.next_step(), Some(Step::LetGo));
            assert_eq!(connection.next_step(), None);
            assert!(!connection.received(&result, false));
            assert_eq!(connection.next_step(), Some(Step::Receive { waiting: false }));
            connection.received(&Err(io::ErrorKind::ConnectionReset.into()), false);
            assert_eq!(connection.next_step(), Some(Step::Release));
        }
        let mut connection = connection();
        connection.fill(Vec::with_capacity(5), 5);
        connection.close(true);
        assert_eq!(connection.wanted, None);
    }

    #[test]
    fn a_reset_cancels_what_is_under_way_and_waits_for_it() {
        let mut connection = connection();
        connection.send(pieces(&["lost"]));
        let output = expect_send(&mut connection);
        connection.next_step();
        connection.received(&Err(io::ErrorKind::ConnectionReset.into()), false);
        assert_eq!(connection.next_step(), Some(Step::Cancel));
        assert_eq!(connection.next_step(), None);
        connection.sent(Err(io::ErrorKind::BrokenPipe.into()), output);
        assert_eq!(connection.next_step(), Some(Step::Release));
    }

    #[test]
    fn a_receive_that_found_no_buffer_is_wanted_again_or_not() {
        let no_buffer = || Err(io::ErrorKind::WouldBlock.into());
        let mut connection = connection();
        connection.next_step();
        assert!(!connection.received(&no_buffer(), true));
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: true }));
        connection.paused = true;
        connection.received(&no_buffer(), true);
        assert_eq!(connection.next_step(), None);
        connection.paused = false;
        connection.next_step();
        connection.abort();
        assert_eq!(connection.next_step(), Some(Step::Cancel));
        connection.received(&no_buffer(), true);
        assert_eq!(connection.next_step(), Some(Step::Release));
    }

    #[test]
    fn a_hushed_connection_has_nothing_under_way_and_goes_on_elsewhere() {
        let canceled = || Err(Errno::CANCELED.into());
        let mut connection = connection();
        connection.send(pieces(&["one", "two"]));
        let output = expect_send(&mut connection);
        connection.next_step();
        connection.hush(Hush::Input);
        assert_eq!([connection.next_step(), connection.next_step()], [Some(Step::Recall), None]);
        connection.hush(Hush::Everything);
        assert_eq!([connection.next_step(), connection.next_step()], [Some(Step::Cancel), None]);
        assert!(!connection.received(&canceled(), false) && !connection.is_still());
        assert_eq!(connection.sent(Ok(4), output), Some(4));
        connection.fill(b"begun".to_vec(), 0);
        assert_eq!(connection.next_step(), None);
        assert_eq!(
            (connection.is_still(), connection.take_unfilled()),
            (false, Some(b"begun".into()))
        );
        assert!(connection.is_still());
        connection.resettle(StreamId(9), 1);
        let output = expect_send(&mut connection);
        assert_eq!(output, pieces(&["wo"]));
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: false }));
        connection.hush(Hush::Everything);
        connection.next_step();
        connection.hush(Hush::Nothing);
        assert!(connection.sent(canceled(), output).is_none());
        assert_eq!(expect_send(&mut connection), pieces(&["wo"]), "it ends late, and goes on");
    }

    #[test]
    fn a_paused_connection_receives_nothing_more() {
        let mut connection = connection();
        connection.next_step();
        connection.paused = true;
        assert!(connection.received(&Ok(18), true));
        assert_eq!(connection.next_step(), None);
        connection.paused = false;
        assert_eq!(connection.next_step(), Some(Step::Receive { waiting: true }));
    }
}
