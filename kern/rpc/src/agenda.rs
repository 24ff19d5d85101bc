//! What is to be done next, and for which connection.

use crate::connection::{Connection, KEPT_BYTES_MAX};
use crate::intake::Intake;
use crate::origin::{ConnectionId, Peer};
use crate::server::Output;
use alloc::collections::VecDeque;
use xdr::Writer;

/// Connections whose turn will come, and requests to the network.
#[derive(Default)]
pub(crate) struct Agenda {
    /// Connections with bytes kept and room of their own, in turn.
    waiting: VecDeque<ConnectionId>,
    /// Connections with output.
    replying: VecDeque<ConnectionId>,
    /// Connections in the middle of a large record, which the network is to fill.
    lending: VecDeque<ConnectionId>,
    /// Everything else to be done outside.
    outputs: VecDeque<Output>,
}

impl Agenda {
    /// Whether nothing is left to be done outside.
    pub(crate) fn is_empty(&self) -> bool {
        self.outputs.is_empty() && self.lending.is_empty()
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(crate) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn next_waiting(&mut self) -> Option<ConnectionId> {
        self.waiting.pop_front()
    }

    pub(crate) fn next_replying(&mut self) -> Option<ConnectionId> {
        self.replying.pop_front()
    }

    pub(crate) fn next_lending(&mut self) -> Option<ConnectionId> {
        self.lending.pop_front()
    }

    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn send_datagram(&mut self, peer: Peer, message: Writer) {
        self.outputs.push_back(Output::Datagram(peer, message.into_pieces()));
    }

    /// The network shall fill the record that a connection is in the middle of, if that is large.
    /// Its memory counts from now on, and is taken when it is asked for: whoever has to go before
    /// that takes none.
    pub(crate) fn plan_lending(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        intake: &mut Intake,
    ) {
        if connection.has_input() || connection.closing {
            return;
        }
        if let Some(held_bytes) = connection.assembly.held_bytes_if_lent() {
            intake.unfinished.update(id, &mut connection.unfinished, held_bytes);
            self.lending.push_back(id);
        }
    }

    /// Connections are called otherwise from now on; what is to be done for those without a name is
    /// not done.
    pub(crate) fn rename(&mut self, name: &dyn Fn(ConnectionId) -> Option<ConnectionId>) {
        for list in [&mut self.waiting, &mut self.replying, &mut self.lending] {
            *list = list.drain(..).filter_map(name).collect();
        }
        self.outputs = self.outputs.drain(..).filter_map(|output| output.renamed(name)).collect();
    }

    /// Gives back memory of lists beyond `keep` entries.
    pub(crate) fn trim(&mut self, keep: usize) {
        self.waiting.shrink_to(keep);
        self.replying.shrink_to(keep);
        self.lending.shrink_to(keep);
        self.outputs.shrink_to(keep);
    }

    /// Puts a connection that has changed on the lists where it belongs now.
    pub(crate) fn settle(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        intake: &mut Intake,
    ) {
        if connection.has_output() && !connection.replying {
            connection.replying = true;
            self.replying.push_back(id);
        }
        let unsent_bytes = connection.unsent_bytes();
        intake.output.update(id, &mut connection.share, unsent_bytes, intake.now);
        connection.closing |= connection.is_over();
        if connection.closing {
            return self.close(id, connection, intake);
        }
        if connection.has_input() && !connection.waiting && connection.has_room(&intake.limits) {
            self.line_up(id, connection, intake);
        }
        self.settle_pause(id, connection, intake);
    }

    /// Its turn will come: at once if there is room for a reply, or else when there is.
    fn line_up(&mut self, id: ConnectionId, connection: &mut Connection, intake: &mut Intake) {
        if !intake.has_output_room(connection) {
            return intake.output.wait(id, &mut connection.share);
        }
        intake.output.wait_no_more(&mut connection.share);
        connection.waiting = true;
        self.waiting.push_back(id);
    }

    fn settle_pause(&mut self, id: ConnectionId, connection: &mut Connection, intake: &mut Intake) {
        let pause = if connection.paused {
            !connection.is_relieved(&intake.limits)
        } else {
            connection.kept_bytes() > KEPT_BYTES_MAX
        };
        if pause != connection.paused {
            connection.paused = pause;
            intake.counters.pauses += u64::from(pause);
            self.outputs.push_back(Output::Pause(id, pause));
        }
    }

    /// Gives up what a closing connection holds, and tells the network once.
    fn close(&mut self, id: ConnectionId, connection: &mut Connection, intake: &mut Intake) {
        if connection.closed {
            return;
        }
        connection.closed = true;
        connection.forget_input();
        intake.output.wait_no_more(&mut connection.share);
        intake.unfinished.update(id, &mut connection.unfinished, 0);
        self.outputs.push_back(Output::Close(id));
    }
}
