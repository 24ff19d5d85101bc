//! From messages to calls: what is refused, what was seen before, what there is room for.

use crate::connection::Connection;
use crate::job::{DATAGRAM_REPLY_BYTES_MAX, Job, Reply, Ticket};
use crate::message::{self, CallHeader, Framing, REPLY_HEADER_BYTES, Refusal, Unfit};
use crate::origin::{ConnectionId, Origin};
use crate::output::Outstanding;
use crate::programs::{Found, Programs};
use crate::record::{Oversize, Record};
use crate::replies::Replies;
use crate::reply_cache::{Identity, Seen};
use crate::strangers::Strangers;
use crate::unfinished::Unfinished;
use crate::{Call, Counters, Facts, Limits, Needs, ProcedureCount, auth};
use abi::Instant;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Buf, Bytes};
use core::net::SocketAddr;
use xdr::{Reader, Writer};

/// Where a message came from.
struct Arrival {
    origin: Origin,
    remote: SocketAddr,
    local: SocketAddr,
    /// Its length, if it is a datagram.
    datagram_bytes: Option<usize>,
}

/// What became of a message.
enum Taken<'a> {
    /// It is a call, and now at work with this many bytes of arguments and room for its reply.
    Call { argument_bytes: usize, reply_bytes: usize },
    /// It is a call, and has to wait for so much room for its reply.
    NoRoom { record: Record<'a>, reply_bytes: usize },
    /// It is answered already.
    Answered(Writer),
    /// It is a duplicate of a call at work.
    Dropped,
    /// It is no call.
    Garbage,
}

/// Everything of a server but its connections.
pub(crate) struct Intake {
    pub(crate) limits: Limits,
    pub(crate) programs: Programs,
    pub(crate) counters: Counters,
    pub(crate) unfinished: Unfinished,
    pub(crate) replies: Replies,
    pub(crate) output: Outstanding,
    strangers: Strangers,
    /// Calls taken and not handed out yet.
    pub(crate) ready: VecDeque<Job>,
    /// Whether calls are taken at all.
    pub(crate) open: bool,
    pub(crate) now: Instant,
    /// Calls at work, those in `ready` among them.
    calls: usize,
    argument_bytes: usize,
}

/// The same without programs and calls.
pub(crate) struct PackedIntake {
    limits: Limits,
    counters: Counters,
    counts: Vec<ProcedureCount>,
    unfinished: Unfinished,
    replies: Replies,
    output: Outstanding,
    strangers: Strangers,
    now: Instant,
}

impl Intake {
    /// Without calls, which there must be none of.
    pub(crate) fn pack(self) -> PackedIntake {
        let Self {
            limits, programs, counters, unfinished, replies, output, strangers, now, ..
        } = self;
        let counts = programs.into_counts();
        PackedIntake { limits, counters, counts, unfinished, replies, output, strangers, now }
    }

    /// Without programs yet, whose counts are given beside it.
    pub(crate) fn unpack(packed: PackedIntake) -> (Self, Vec<ProcedureCount>) {
        let PackedIntake { limits, counters, counts, unfinished, replies, output, strangers, now } =
            packed;
        let (programs, ready) = (Programs::default(), VecDeque::new());
        let (open, calls, argument_bytes) = (false, 0, 0);
        let intake = Self {
            limits,
            programs,
            counters,
            unfinished,
            replies,
            output,
            strangers,
            ready,
            open,
            now,
            calls,
            argument_bytes,
        };
        (intake, counts)
    }

    pub(crate) fn new(limits: Limits, secret: [u8; 16]) -> Self {
        let replies = Replies::new(secret, &limits);
        Self {
            output: Outstanding::new(limits.output_bytes_max),
            limits,
            programs: Programs::default(),
            counters: Counters::default(),
            unfinished: Unfinished::default(),
            replies,
            strangers: Strangers::new(secret),
            ready: VecDeque::new(),
            open: false,
            now: Instant(0),
            calls: 0,
            argument_bytes: 0,
        }
    }

    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.output.set_bytes_max(limits.output_bytes_max);
        self.replies.set_limits(&limits);
        self.limits = limits;
    }

    /// Tells the time, once a turn.
    pub(crate) fn set_time(&mut self, now: Instant) {
        self.now = now;
        self.replies.expire(now);
    }

    /// Whether the limits of the whole server allow another call.
    pub(crate) fn has_room(&self) -> bool {
        self.open
            && self.calls < self.limits.calls_max
            && self.argument_bytes < self.limits.calls_bytes_max
    }

    /// Whether there is room for the reply to the next call of a connection, as far as it is
    /// known what that needs.
    pub(crate) fn has_output_room(&self, connection: &Connection) -> bool {
        let needed_bytes = connection.share.needed_bytes;
        self.output.has_room(needed_bytes, connection.has_nothing_outstanding())
    }

    /// Calls taken and not answered.
    pub(crate) fn calls(&self) -> usize {
        self.calls
    }

    /// Bytes of their arguments.
    pub(crate) fn argument_bytes(&self) -> usize {
        self.argument_bytes
    }

    /// Whether no call is at work.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls == 0
    }

    /// Takes one record of a connection from `input`. Says whether there may be another.
    pub(crate) fn take_record(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        input: &mut &[u8],
    ) -> bool {
        let before = *input;
        let is_taken = match connection.assembly.next(input, self.limits.record_bytes_max) {
            Ok(Some(record)) => match self.take_call(id, connection, record) {
                None => true,
                Some(Record::Lent(_)) => {
                    *input = before;
                    false
                }
                Some(Record::Gathered(record)) => {
                    connection.assembly.put_back(record);
                    false
                }
            },
            Ok(None) => false,
            Err(Oversize) => {
                self.counters.oversize += 1;
                connection.closing = true;
                false
            }
        };
        let held_bytes = connection.assembly.held_bytes();
        self.unfinished.update(id, &mut connection.unfinished, held_bytes);
        is_taken && !connection.closing
    }

    /// Takes one datagram. Gives the answer if there is one already.
    pub(crate) fn take_datagram(&mut self, peer: crate::Peer, bytes: &[u8]) -> Option<Writer> {
        if !self.has_room() {
            self.counters.datagrams_dropped += 1;
            return None;
        }
        let (remote, local) = (peer.remote, peer.local);
        let (origin, datagram_bytes) = (Origin::Datagram(peer), Some(bytes.len()));
        let arrival = Arrival { origin, remote, local, datagram_bytes };
        match self.take(&arrival, Record::Lent(bytes), true) {
            Taken::Answered(message) => return Some(message),
            Taken::NoRoom { .. } => self.counters.datagrams_dropped += 1,
            Taken::Call { .. } | Taken::Dropped | Taken::Garbage => {}
        }
        None
    }

    /// A call is done: where its reply goes now, and the reply.
    pub(crate) fn finish(&mut self, reply: Reply) -> (Origin, Writer) {
        let Reply { ticket, message, fault, .. } = reply;
        self.calls -= 1;
        self.argument_bytes -= ticket.argument_bytes;
        self.output.release(ticket.reply_bytes);
        self.counters.sent_bytes += message.length_bytes() as u64;
        if fault.is_some() {
            self.counters.faults += 1;
            self.programs.count(ticket.row).faults += 1;
        }
        let Some(slot) = ticket.slot else { return (ticket.origin, message) };
        let flat = flatten(message);
        let remembered = fault.is_none().then(|| flat.clone());
        let origin = self.replies.cache(slot).finish(slot.key, remembered, self.now);
        (origin.unwrap_or(ticket.origin), whole(&flat))
    }

    /// Whether an answer may leave, for all that is known of who asked for it.
    pub(crate) fn may_leave(
        &mut self,
        origin: Origin,
        stranger_bytes: Option<usize>,
        answer: &Writer,
    ) -> bool {
        let (Origin::Datagram(peer), Some(asked_bytes)) = (origin, stranger_bytes) else {
            return true;
        };
        let answer_bytes = answer.length_bytes();
        let may_leave = self.strangers.may_have(&peer, asked_bytes, answer_bytes, self.now);
        self.counters.reflections_dropped += u64::from(!may_leave);
        may_leave
    }

    /// Takes a record, or gives it back for want of room for its reply.
    fn take_call<'a>(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        record: Record<'a>,
    ) -> Option<Record<'a>> {
        let (remote, local) = (connection.remote, connection.local);
        let origin = Origin::Connection(id);
        let arrival = Arrival { origin, remote, local, datagram_bytes: None };
        connection.share.needed_bytes = 0;
        match self.take(&arrival, record, connection.has_nothing_outstanding()) {
            Taken::Call { argument_bytes, reply_bytes } => {
                connection.begin_call(argument_bytes, reply_bytes);
            }
            Taken::NoRoom { record, reply_bytes } => {
                connection.share.needed_bytes = reply_bytes;
                return Some(record);
            }
            Taken::Answered(message) => connection.push(message),
            Taken::Garbage => connection.closing = true,
            Taken::Dropped => {}
        }
        None
    }

    /// `is_first`: nothing else is outstanding where it came from.
    fn take<'a>(&mut self, arrival: &Arrival, record: Record<'a>, is_first: bool) -> Taken<'a> {
        let record_bytes = record.bytes().len();
        let mut reader = Reader::new(record.bytes());
        let Ok(xid) = message::call_id(&mut reader) else { return self.garbage() };
        match self.judge(arrival, xid, &mut reader) {
            Ok((mut call, found)) => {
                let arguments = reader.rest();
                let reply_bytes = reply_bytes(arrival.origin.framing(), &found, arguments);
                if !self.output.has_room(reply_bytes, is_first) {
                    return Taken::NoRoom { record, reply_bytes };
                }
                let argument_bytes = arguments.len();
                self.counters.received_bytes += record_bytes as u64;
                call.arguments = record.into_end(argument_bytes);
                self.admit(arrival, call, found, reply_bytes)
            }
            Err(Unfit::Garbage) => self.garbage(),
            Err(Unfit::Refused(refusal)) => {
                self.counters.refused += 1;
                Taken::Answered(message::refuse(arrival.origin.framing(), xid, refusal))
            }
        }
    }

    fn garbage<'a>(&mut self) -> Taken<'a> {
        self.counters.garbage += 1;
        Taken::Garbage
    }

    /// Everything RFC 5531 checks before a procedure sees a call. The arguments are still
    /// missing.
    fn judge(
        &self,
        arrival: &Arrival,
        xid: u32,
        reader: &mut Reader<'_>,
    ) -> Result<(Call, Found), Unfit> {
        let header = CallHeader::decode(reader)?;
        let credentials =
            auth::authenticate(&header.credential, &header.verifier).map_err(Refusal::Auth)?;
        let found = self.programs.find(&header, credentials.is_some())?;
        let call = Call {
            xid,
            program: header.program,
            version: header.version,
            procedure: header.procedure,
            credentials,
            remote: arrival.remote,
            local: arrival.local,
            datagram: arrival.origin.framing() == Framing::Datagram,
            arguments: Bytes::new(),
        };
        Ok((call, found))
    }

    fn admit<'a>(
        &mut self,
        arrival: &Arrival,
        call: Call,
        found: Found,
        reply_bytes: usize,
    ) -> Taken<'a> {
        let slot = self.replies.slot(found.facts.replay, &identity(&call));
        match slot.map_or(Seen::Never, |slot| {
            self.replies.cache(slot).begin(slot.key, arrival.origin, self.now)
        }) {
            Seen::Never => {}
            Seen::AtWork => {
                self.counters.duplicates_dropped += 1;
                return Taken::Dropped;
            }
            Seen::Done(reply) => {
                self.counters.replayed += 1;
                return Taken::Answered(whole(&reply));
            }
        }
        let argument_bytes = call.arguments.len();
        self.calls += 1;
        self.argument_bytes += argument_bytes;
        self.output.reserve(reply_bytes);
        self.counters.calls += 1;
        self.programs.count(found.row).calls += 1;
        let Found { program, facts: Facts { result_bytes, needs, .. }, row } = found;
        let stranger_bytes = arrival.datagram_bytes.filter(|_| needs == Needs::Nothing);
        let origin = arrival.origin;
        let ticket = Ticket { origin, slot, argument_bytes, stranger_bytes, reply_bytes, row };
        self.ready.push_back(Job { call, program, result_bytes, ticket });
        Taken::Call { argument_bytes, reply_bytes }
    }
}

impl Record<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Gathered(bytes) => bytes,
        }
    }

    /// Its last `length_bytes`, owned: copied from lent bytes, kept in place otherwise.
    fn into_end(self, length_bytes: usize) -> Bytes {
        match self {
            Self::Lent(bytes) => Bytes::copy_from_slice(&bytes[bytes.len() - length_bytes..]),
            Self::Gathered(mut bytes) => {
                bytes.advance(bytes.len() - length_bytes);
                bytes
            }
        }
    }
}

/// The largest reply that a call may have.
fn reply_bytes(framing: Framing, found: &Found, arguments: &[u8]) -> usize {
    let reply_bytes = found.facts.bound.bytes(arguments).saturating_add(REPLY_HEADER_BYTES);
    match framing {
        Framing::Record => reply_bytes,
        Framing::Datagram => reply_bytes.min(DATAGRAM_REPLY_BYTES_MAX),
    }
}

fn identity(call: &Call) -> Identity<'_> {
    Identity {
        client: call.remote.ip(),
        datagram: call.datagram,
        xid: call.xid,
        program: call.program,
        version: call.version,
        procedure: call.procedure,
        credentials: call.credentials,
        arguments: &call.arguments,
    }
}

/// A message as one piece. Replies worth remembering carry no payload, so this rarely copies.
fn flatten(message: Writer) -> Bytes {
    let mut pieces = message.into_pieces();
    match pieces.len() {
        1 => pieces.remove(0),
        _ => pieces.concat().into(),
    }
}

/// A finished message, to be sent again.
fn whole(message: &Bytes) -> Writer {
    let mut writer = Writer::with_capacity(message.len());
    writer.fixed(message);
    writer
}
