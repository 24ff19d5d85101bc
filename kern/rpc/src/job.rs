//! One call at work: run by the service, then given back as a reply.

use crate::message::{self, Framing, Refusal};
use crate::origin::Origin;
use crate::replies::Slot;
use crate::{Call, Fault, Program, portmap};
use alloc::rc::Rc;
use core::net::SocketAddr;
use xdr::Writer;

/// The largest reply sent as a datagram, in bytes: what IPv4 and UDP can carry, less some room
/// for options. A larger one becomes SYSTEM_ERR; clients ask for less over UDP.
pub(crate) const DATAGRAM_REPLY_BYTES_MAX: usize = 65_000;

/// A call taken from the server and not yet answered.
pub struct Job {
    pub(crate) call: Call,
    pub(crate) program: Rc<dyn Program>,
    pub(crate) result_bytes: usize,
    pub(crate) ticket: Ticket,
}

/// What has to be known of a call when its reply is ready.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) origin: Origin,
    /// Where its reply is remembered, if it is.
    pub(crate) slot: Option<Slot>,
    pub(crate) argument_bytes: usize,
    /// Length of a datagram that anybody may have sent in anybody's name.
    pub(crate) stranger_bytes: Option<usize>,
    /// Room that is kept for its reply.
    pub(crate) reply_bytes: usize,
    /// The procedure's row in the counts.
    pub(crate) row: usize,
}

/// What a call came to.
#[derive(Debug)]
pub struct Answered {
    message: Writer,
    fault: Option<Fault>,
}

/// A reply, ready to be sent.
#[derive(Debug)]
pub struct Reply {
    pub(crate) ticket: Ticket,
    remote: SocketAddr,
    pub(crate) message: Writer,
    pub(crate) fault: Option<Fault>,
}

impl Reply {
    /// Whom it is for.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// The row of its procedure in [`crate::Server::procedures`].
    pub fn row(&self) -> usize {
        self.ticket.row
    }

    /// How long it is.
    pub fn length_bytes(&self) -> usize {
        self.message.length_bytes()
    }
}

impl Job {
    /// The call.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Whether it asks for nothing but whether somebody is there, and where: portmap, and procedure
    /// 0 of every program (RFC 5531 §12.1).
    pub fn asks_nothing(&self) -> bool {
        self.call.procedure == 0 || self.call.program == portmap::PROGRAM
    }

    /// Runs the call to its end. Borrows the job, so that a task holds it once: a future that
    /// owned it would be copied about.
    pub async fn run(&self) -> Answered {
        let framing = self.ticket.origin.framing();
        let mut message = message::begin_reply(framing, self.call.xid, self.result_bytes);
        let result = self.program.run(&self.call, &mut message).await;
        let result = result.and_then(|()| fits(framing, &message));
        match result {
            Ok(()) => message::finish(framing, &mut message),
            Err(fault) => message = message::refuse(framing, self.call.xid, Refusal::Fault(fault)),
        }
        Answered { message, fault: result.err() }
    }

    /// Ends the call with what [`Job::run`] came to. Every job must end so: until its reply is
    /// given back, the server counts it as at work.
    pub fn reply(self, answered: Answered) -> Reply {
        let Answered { message, fault } = answered;
        Reply { ticket: self.ticket, remote: self.call.remote, message, fault }
    }
}

fn fits(framing: Framing, message: &Writer) -> Result<(), Fault> {
    let too_large =
        framing == Framing::Datagram && message.length_bytes() > DATAGRAM_REPLY_BYTES_MAX;
    if too_large { Err(Fault::System) } else { Ok(()) }
}
