//! Calls of every procedure of NFSv3 and MOUNT, through a whole service on a small file system
//! in memory.
//!
//! Arguments are put together from pieces that the input chooses: handles the service gave,
//! names that exist, numbers, and plain bytes. So a call is often valid, and its neighbours are
//! not.

mod arguments;
mod host;

use crate::input::Input;
use host::{FakeHost, REMOTE};
use hyper::{StreamEvent, StreamId};
use service::{Config, Limits, Network, Next, Opening, Service, Source, State};
use std::rc::Rc;
use xdr::Writer;

const NFS: u32 = 100_003;
const MOUNT: u32 = 100_005;
const NFS_PROCEDURES: u8 = 22;
const MOUNT_PROCEDURES: u8 = 6;
const CALLS_MAX: u32 = 64;
const TURNS_MAX: u32 = 100;
const FILE_SYSTEM_BYTES: u64 = 1 << 20;
const HANDLES_MAX: usize = 32;
const STREAM: StreamId = StreamId(1);

/// Makes the calls that the input says and checks that each has one reply.
pub fn nfs3_calls(input: &[u8]) {
    let mut world = World::new();
    world.call(&Call { program: MOUNT, procedure: 1, uid: 0, arguments: mount_root() });
    let mut input = Input::new(input);
    for _ in 0..CALLS_MAX {
        if input.is_empty() {
            break;
        }
        let call = world.next_call(&mut input);
        world.call(&call);
    }
}

struct Call {
    program: u32,
    procedure: u32,
    uid: u32,
    arguments: Vec<u8>,
}

/// So few replies are remembered that they are forgotten too.
fn limits() -> Limits {
    let rpc = rpc::Limits { reply_cache_entries: 8, ..rpc::Limits::default() };
    Limits { rpc, ..Limits::default() }
}

struct World {
    service: Service,
    host: Rc<FakeHost>,
    /// Handles that replies have given.
    handles: Vec<Vec<u8>>,
    xid: u32,
}

impl World {
    fn new() -> Self {
        let host = FakeHost::new();
        let config = Config {
            name: "fuzz".into(),
            source: Source::Memory { size_bytes: FILE_SYSTEM_BYTES, id: 7 },
            opening: Opening::AtOnce,
            exports: vec![nfs::Export::new("/").expect("a plain path")],
            limits: limits(),
            network: Network::Host { port: 2049 },
        };
        let mut service = Service::new(FakeHost::hypercalls(&host), config);
        service.turn();
        assert!(matches!(service.state(), State::Serving(_)), "{:?}", service.state());
        service.stream_event(StreamEvent::Opened { stream: STREAM, remote: REMOTE, local: REMOTE });
        Self { service, host, handles: Vec::new(), xid: 0 }
    }

    fn next_call(&self, input: &mut Input<'_>) -> Call {
        let choice = input.u8();
        let (program, procedure) = match choice.checked_sub(240) {
            Some(procedure) => (MOUNT, procedure % MOUNT_PROCEDURES),
            None => (NFS, choice % NFS_PROCEDURES),
        };
        let uid = if choice & 0x20 == 0 { 0 } else { 1000 };
        let arguments = arguments::arguments(input, &self.handles);
        Call { program, procedure: procedure.into(), uid, arguments }
    }

    fn call(&mut self, call: &Call) {
        self.xid += 1;
        let record = record(self.xid, call);
        self.service.stream_event(StreamEvent::Received { stream: STREAM, bytes: &record });
        let rested = (0..TURNS_MAX).any(|_| self.service.turn() != Next::Again);
        assert!(rested, "one call keeps the service busy for {TURNS_MAX} turns");
        let sent = self.host.take_sent();
        self.check_reply(&sent);
        self.learn_handles(&sent);
        let count_bytes = sent.len();
        self.service.stream_event(StreamEvent::Sent { stream: STREAM, count_bytes });
    }

    fn check_reply(&self, sent: &[u8]) {
        let word = |at: usize| {
            let bytes = sent.get(4 * at..).and_then(|rest| rest.first_chunk::<4>());
            bytes.map(|bytes| u32::from_be_bytes(*bytes))
        };
        assert_eq!(word(0), Some(0x8000_0000 | (sent.len() as u32 - 4)), "not one whole record");
        assert_eq!((word(1), word(2), word(3)), (Some(self.xid), Some(1), Some(0)));
        // SUCCESS, or GARBAGE_ARGS.
        assert!(matches!(word(6), Some(0 | 4)), "accept status {:?}", word(6));
    }

    /// Finds handles in a reply: an opaque of their length whose bytes are a handle's.
    fn learn_handles(&mut self, sent: &[u8]) {
        let length = (nfs::HANDLE_BYTES as u32).to_be_bytes();
        for window in sent.windows(4 + nfs::HANDLE_BYTES).step_by(4) {
            let handle = &window[4..];
            let is_one = window[..4] == length && nfs::Handle::from_bytes(handle).is_ok();
            let is_new = is_one && !self.handles.iter().any(|known| known == handle);
            if is_new && self.handles.len() < HANDLES_MAX {
                self.handles.push(handle.to_vec());
            }
        }
    }
}

fn mount_root() -> Vec<u8> {
    let mut path = Writer::with_capacity(8);
    path.opaque(b"/");
    path.into_pieces().concat()
}

fn record(xid: u32, call: &Call) -> Vec<u8> {
    let mut message = Writer::with_capacity(256);
    let header = [0, xid, 0, 2, call.program, 3, call.procedure];
    header.iter().for_each(|&word| message.u32(word));
    // AUTH_SYS: stamp, machine name, user, group, no other groups; no verifier.
    [1, 20, 0, 0, call.uid, call.uid, 0, 0, 0].iter().for_each(|&word| message.u32(word));
    message.fixed(&call.arguments);
    let length = message.length_bytes() as u32 - 4;
    message.set_u32(0, 0x8000_0000 | length);
    message.into_pieces().concat()
}
