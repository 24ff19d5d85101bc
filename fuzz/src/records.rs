//! RPC records: bytes in any splits on several connections, datagrams, and calls that end in any
//! order.

use crate::input::Input;
use abi::{Instant, Timestamp};
use rpc::{
    Answer, Bound, Call, ConnectionId, Fault, Job, Limits, Needs, Output, Peer, Ports, Procedure,
    Program, Replay, Server, Table, Version,
};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use xdr::{Malformed, Reader, Writer};

const LIMITS: Limits = Limits {
    calls_max: 8,
    calls_bytes_max: 4096,
    connection_calls_max: 4,
    connection_input_bytes_max: 2048,
    connection_output_bytes_max: 2048,
    output_bytes_max: 4096,
    record_bytes_max: 1024,
    unfinished_bytes_max: 2048,
    reply_cache_entries: 4,
    reply_cache_bytes: 1024,
    data_reply_cache_entries: 4,
    data_reply_cache_bytes: 1024,
};
const PROGRAM: u32 = 0x2000_0001;
const PORT: u16 = 2049;
const CONNECTIONS: u64 = 4;

fn echo<'a>((): &'a (), call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        result.fixed(&call.arguments);
        Ok(())
    })
}

fn fail<'a>((): &'a (), call: &'a Call, _result: &'a mut Writer) -> Answer<'a> {
    Box::pin(async move {
        call.reader().u32()?;
        Err(Fault::System)
    })
}

fn rest(arguments: &mut Reader<'_>) -> Result<usize, Malformed> {
    Ok(arguments.rest().len())
}

const fn row(number: u32, run: rpc::Run<()>, replay: Replay) -> Procedure<()> {
    Procedure { number, name: "", run, replay, result_bytes: 16, bound: Bound::Asked(rest) }
}

static ROWS: [Procedure<()>; 4] = [
    row(0, echo, Replay::Rerun),
    row(1, echo, Replay::Remember),
    row(2, fail, Replay::Rerun),
    row(3, echo, Replay::RememberData),
];
static VERSIONS: [Version<()>; 2] = [
    Version { number: 2, procedures: &ROWS, needs: Needs::Nothing },
    Version { number: 3, procedures: &ROWS, needs: Needs::User },
];

/// Feeds a server what the input says and checks what it sends.
pub fn rpc_records(input: &[u8]) {
    let mut world = World::new();
    let mut input = Input::new(input);
    while !input.is_empty() {
        world.step(&mut input);
        world.settle();
    }
    world.end();
}

struct World {
    server: Server,
    jobs: Vec<Job>,
    /// Connection by slot; a slot that is closed opens under a new name.
    names: [u64; CONNECTIONS as usize],
    next_name: u64,
    /// What each connection sent that is not acknowledged.
    unsent: HashMap<u64, usize>,
    calls: u64,
    replies: u64,
    now: u64,
}

impl World {
    fn new() -> Self {
        let mut server = Server::new(LIMITS, [7; 16]);
        let table: Rc<dyn Program> = Rc::new(Table {
            number: PROGRAM,
            name: "echo",
            versions: &VERSIONS,
            state: Rc::new(()),
        });
        server.open(vec![table], Ports::one(PORT));
        let mut world = Self {
            server,
            jobs: Vec::new(),
            names: [0; CONNECTIONS as usize],
            next_name: 0,
            unsent: HashMap::new(),
            calls: 0,
            replies: 0,
            now: 0,
        };
        (0..CONNECTIONS as usize).for_each(|slot| world.open(slot));
        world
    }

    fn open(&mut self, slot: usize) {
        self.names[slot] = self.next_name;
        self.server.opened(ConnectionId(self.next_name), address(slot as u16), address(PORT));
        self.next_name += 1;
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let choice = input.u8();
        let slot = usize::from(choice >> 6);
        let id = ConnectionId(self.names[slot]);
        match choice % 8 {
            0 | 1 => {
                let count = usize::from(input.u8());
                self.server.received(id, input.take(count));
            }
            2 => self.call(id, input),
            3 => self.finish(input.u8().into()),
            4 => self.acknowledge(id.0, input.u16().into()),
            5 => self.reopen(slot),
            6 => {
                let count = usize::from(input.u8());
                let peer = Peer { socket: 0, remote: address(slot as u16), local: address(PORT) };
                self.server.received_datagram(peer, input.take(count));
            }
            _ => self.pass_time(input.u8()),
        }
    }

    /// A well-formed call but for what the input says, in two pieces.
    fn call(&mut self, id: ConnectionId, input: &mut Input<'_>) {
        let (xid, version, procedure) = (input.u8(), input.u8() % 5, input.u8() % 4);
        let mut message = Writer::with_capacity(128);
        [xid.into(), 0, 2, PROGRAM, version.into(), procedure.into()]
            .iter()
            .for_each(|&word| message.u32(word));
        let flavor = input.u8() % 3;
        message.u32(flavor.into());
        message.opaque(&credential(flavor, input));
        [0, 0].iter().for_each(|&word| message.u32(word));
        let count = usize::from(input.u8());
        message.fixed(input.take(count & !3));
        let body: Vec<u8> = message.into_pieces().concat();
        let mut record = (0x8000_0000 | body.len() as u32).to_be_bytes().to_vec();
        record.extend(body);
        let split = usize::from(input.u8()).min(record.len());
        self.server.received(id, &record[..split]);
        self.server.received(id, &record[split..]);
    }

    fn finish(&mut self, index: usize) {
        if self.jobs.is_empty() {
            return;
        }
        let job = self.jobs.swap_remove(index % self.jobs.len());
        let answered = task::drive(job.run(), || panic!("nothing to wait for"));
        self.server.reply(job.reply(answered));
    }

    fn acknowledge(&mut self, name: u64, count: usize) {
        let Some(unsent) = self.unsent.get_mut(&name) else { return };
        let count = count.min(*unsent);
        *unsent -= count;
        if count > 0 {
            self.server.sent(ConnectionId(name), count);
        }
    }

    fn reopen(&mut self, slot: usize) {
        self.server.closed(ConnectionId(self.names[slot]));
        self.unsent.remove(&self.names[slot]);
        self.open(slot);
    }

    fn pass_time(&mut self, seconds: u8) {
        self.now += u64::from(seconds) * 1_000_000_000;
        let wall = Timestamp { seconds: (self.now / 1_000_000_000) as i64, nanoseconds: 0 };
        self.server.set_time(Instant(self.now), wall);
    }

    /// Takes what the server has to give, and checks it.
    fn settle(&mut self) {
        while let Some(job) = self.server.next_call() {
            assert!(job.call().arguments.len() <= LIMITS.record_bytes_max as usize);
            self.calls += 1;
            self.jobs.push(job);
            assert!(self.jobs.len() <= LIMITS.calls_max, "more calls than allowed");
        }
        while let Some(output) = self.server.next_output() {
            match output {
                Output::Send(id, pieces) => self.take_records(id.0, &pieces.concat()),
                Output::Close(id) => self.close(id),
                Output::Datagram(_, pieces) => self.check_reply(&pieces.concat()),
                Output::Pause(..) => {}
                Output::Fill(id, mut buffer, count_bytes) => {
                    let arrived_bytes = count_bytes.min((self.calls % 3) as usize * 40_000);
                    buffer.resize(buffer.len() + arrived_bytes, 0);
                    self.server.filled(id, buffer);
                }
            }
        }
    }

    fn close(&mut self, id: ConnectionId) {
        if let Some(slot) = self.names.iter().position(|&name| name == id.0) {
            self.reopen(slot);
        }
    }

    /// What is sent at once is whole records, each of one fragment.
    fn take_records(&mut self, name: u64, mut bytes: &[u8]) {
        assert!(self.names.contains(&name), "sent on a connection that is closed");
        *self.unsent.entry(name).or_default() += bytes.len();
        while let Some((header, rest)) = bytes.split_first_chunk() {
            let header = u32::from_be_bytes(*header);
            assert!(header & 0x8000_0000 != 0, "a reply in fragments");
            let (record, rest) = rest.split_at((header & 0x7fff_ffff) as usize);
            self.check_reply(record);
            bytes = rest;
        }
        assert!(bytes.is_empty(), "a record without its end");
    }

    fn check_reply(&mut self, record: &[u8]) {
        self.replies += 1;
        let word = |at: usize| {
            record.get(4 * at..4 * at + 4).map(|word| [word[0], word[1], word[2], word[3]])
        };
        assert_eq!(word(1), Some([0, 0, 0, 1]), "not a reply");
        assert!(matches!(word(2), Some([0, 0, 0, 0 | 1])), "neither accepted nor denied");
        assert!(record.len() <= LIMITS.record_bytes_max as usize + 64);
    }

    /// Whatever happened before, the server comes to rest.
    fn end(&mut self) {
        (0..CONNECTIONS as usize).for_each(|slot| self.reopen(slot));
        self.settle();
        while !self.jobs.is_empty() {
            self.finish(0);
            self.settle();
        }
        for (name, unsent) in std::mem::take(&mut self.unsent) {
            self.server.sent(ConnectionId(name), unsent);
        }
        self.settle();
        assert!(self.server.is_idle(), "calls or replies are left over");
    }
}

/// The body of a credential: for AUTH_SYS a valid one that the input can spoil.
fn credential(flavor: u8, input: &mut Input<'_>) -> Vec<u8> {
    let mut body = Writer::with_capacity(64);
    if flavor == 1 {
        body.u32(0);
        body.opaque(b"host");
        [7, 7].iter().for_each(|&word| body.u32(word));
        let groups = input.u8() % 20;
        body.u32(groups.into());
        (0..groups).for_each(|group| body.u32(group.into()));
    } else {
        let count = usize::from(input.u8() % 32);
        body.fixed(input.take(count));
    }
    body.into_pieces().concat()
}

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
