//! A server with one program, a network that writes down what it is asked, and calls that end
//! when the test says so.

use crate::wire::{self, Reply};
use abi::{Instant, Timestamp};
use bytes::Bytes;
use rpc::{
    Answer, Bound, Call, ConnectionId, Fault, Job, Limits, Needs, Output, Peer, Ports, Procedure,
    Program, Replay, Server, Table, Version,
};
use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use xdr::Writer;

pub const ONE: ConnectionId = ConnectionId(1);
pub const TWO: ConnectionId = ConnectionId(2);

pub fn limits() -> Limits {
    Limits {
        calls_max: 64,
        calls_bytes_max: 1 << 20,
        connection_calls_max: 8,
        connection_input_bytes_max: 1 << 20,
        connection_output_bytes_max: 64 << 10,
        output_bytes_max: 256 << 10,
        record_bytes_max: 64 << 10,
        unfinished_bytes_max: 256 << 10,
        reply_cache_entries: 16,
        reply_cache_bytes: 16 << 10,
        data_reply_cache_entries: 16,
        data_reply_cache_bytes: 16 << 10,
    }
}

/// How often COUNT ran.
#[derive(Default)]
pub struct State {
    pub runs: Cell<u32>,
}

pub struct World {
    pub server: Server,
    pub state: Rc<State>,
}

impl World {
    pub fn new(limits: Limits) -> Self {
        Self::at(limits, Ports::one(2049))
    }

    pub fn at(limits: Limits, ports: Ports) -> Self {
        let state = Rc::new(State::default());
        let mut server = Server::new(limits, [3; 16]);
        let versions = VERSIONS;
        let table = Table { number: wire::PROGRAM, name: "test", versions, state: state.clone() };
        server.open(vec![Rc::new(table) as Rc<dyn Program>], ports);
        let mut world = Self { server, state };
        world.set_time(0);
        world.open(ONE);
        world
    }

    pub fn open(&mut self, id: ConnectionId) {
        self.server.opened(id, address(700 + id.0 as u16), address(2049));
    }

    pub fn set_time(&mut self, seconds: u64) {
        let wall = Timestamp { seconds: 1_000_000 + seconds as i64, nanoseconds: 0 };
        self.server.set_time(Instant(seconds * 1_000_000_000), wall);
    }

    /// Every call that the server lets run now.
    pub fn jobs(&mut self) -> Vec<Job> {
        std::iter::from_fn(|| self.server.next_call()).collect()
    }

    pub fn finish(&mut self, job: Job) {
        let reply = run(job);
        self.server.reply(reply);
    }

    /// Runs calls until none is left.
    pub fn run_all(&mut self) {
        while let Some(job) = self.server.next_call() {
            self.finish(job);
        }
    }

    /// What is to be done outside. A network that cannot fill buffers gives them back at once.
    pub fn outputs(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        while let Some(output) = self.server.next_output() {
            match output {
                Output::Fill(id, buffer, _) => self.server.filled(id, buffer),
                output => outputs.push(output),
            }
        }
        outputs
    }

    /// What is sent on a connection now, in how many sends.
    pub fn sends(&mut self, id: ConnectionId) -> Vec<Vec<Bytes>> {
        let sends = self.outputs().into_iter().filter_map(|output| match output {
            Output::Send(to, pieces) if to == id => Some(pieces),
            _ => None,
        });
        sends.collect()
    }

    /// The replies sent on a connection now.
    pub fn replies(&mut self, id: ConnectionId) -> Vec<Reply> {
        wire::parse_stream(&self.sends(id).concat().concat())
    }

    /// The replies to what is received now.
    pub fn exchange(&mut self, id: ConnectionId, bytes: &[u8]) -> Vec<Reply> {
        self.server.received(id, bytes);
        self.run_all();
        self.replies(id)
    }
}

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

pub fn peer(port: u16) -> Peer {
    Peer { socket: 5, remote: address(port), local: address(2049) }
}

pub fn run(job: Job) -> rpc::Reply {
    let answered = match pin!(job.run()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answered) => answered,
        Poll::Pending => panic!("test procedures never wait"),
    };
    job.reply(answered)
}

const VERSIONS: &[Version<State>] =
    &[version(1, Needs::User), version(wire::BY_HANDLE, Needs::Handle)];

const fn version(number: u32, needs: Needs) -> Version<State> {
    Version { number, procedures: PROCEDURES, needs }
}

const PROCEDURES: &[Procedure<State>] = &[
    row(wire::NULL, "NULL", null, Replay::Rerun),
    Procedure {
        bound: Bound::Asked(|arguments| Ok(arguments.rest().len())),
        ..row(wire::ECHO, "ECHO", echo, Replay::Rerun)
    },
    Procedure {
        bound: Bound::Asked(|arguments| Ok(4 + (arguments.u32()? as usize).next_multiple_of(4))),
        ..row(wire::PAYLOAD, "PAYLOAD", payload, Replay::Rerun)
    },
    row(wire::COUNT, "COUNT", count, Replay::Remember),
    row(wire::GARBAGE, "GARBAGE", garbage, Replay::Remember),
    row(wire::WRITE, "WRITE", count, Replay::RememberData),
];

const fn row(
    number: u32,
    name: &'static str,
    run: rpc::Run<State>,
    replay: Replay,
) -> Procedure<State> {
    Procedure { number, name, run, replay, result_bytes: 16, bound: Bound::Fixed(4) }
}

fn null<'a>(_: &'a State, _: &'a Call, _: &'a mut Writer) -> Answer<'a> {
    Box::pin(async { Ok(()) })
}

/// Gives its arguments back.
fn echo<'a>(_: &'a State, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        result.fixed(&call.arguments);
        Ok(())
    })
}

/// Gives as many bytes of payload as it is asked for.
fn payload<'a>(_: &'a State, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        let length = call.reader().u32()? as usize;
        result.splice([Bytes::from(vec![7; length])]);
        Ok(())
    })
}

/// Tells how often it ran.
fn count<'a>(state: &'a State, _: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        state.runs.set(state.runs.get() + 1);
        result.u32(state.runs.get());
        Ok(())
    })
}

/// Writes something, and then finds its arguments malformed.
fn garbage<'a>(_: &'a State, _: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        result.splice([Bytes::from_static(b"forgotten")]);
        Err(Fault::GarbageArguments)
    })
}
