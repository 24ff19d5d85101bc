//! The closed-loop engine: one thread drives its connections, each with a
//! fixed number of calls outstanding. Requests that become due while one
//! burst of replies is handled go out in one send.

use crate::hist::Hist;
use crate::nfs3::{NFS_PROGRAM, V3, proc3};
use crate::rpc::{Cred, LAST_FRAGMENT, begin_call, end_call, parse_reply};
use crate::xdr::{Dec, Res};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use rustix::time::Timespec;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// One call that a flow wants to make.
#[derive(Clone, Copy, Default)]
pub struct Call {
    pub proc_: u32,
    /// For the flow's own use.
    pub tag: u64,
    pub len: u32,
    /// Housekeeping calls are not part of the result.
    pub uncounted: bool,
}

pub enum Next {
    Call(Call),
    /// Nothing to do until another call of this connection is answered.
    Wait,
    /// Finished (only once the flow has been told to stop).
    Done,
}

/// What a flow made of a reply.
#[derive(Default)]
pub struct Outcome {
    /// An NFS status that was not expected here.
    pub error: Option<u32>,
    /// The data or its shape was not what it should be.
    pub corrupt: bool,
    pub bytes: u64,
    pub items: u64,
}

/// The calls of one connection. A flow keeps a state per slot; slots run
/// independently of each other unless the flow makes them wait.
pub trait Flow: Send {
    fn next(&mut self, slot: usize, stopping: bool) -> Next;
    fn encode(&mut self, slot: usize, call: &Call, out: &mut Vec<u8>);
    fn reply(&mut self, slot: usize, call: &Call, d: &mut Dec<'_>) -> Res<Outcome>;
}

#[derive(Default, Clone)]
pub struct Stats {
    pub per_proc: Vec<Option<Hist>>,
    pub bytes: u64,
    pub items: u64,
    pub corrupt: u64,
    pub errors: BTreeMap<String, u64>,
    /// Why the run ended early.
    pub aborted: Option<String>,
}

impl Stats {
    fn new() -> Stats {
        Stats { per_proc: vec![None; proc3::COUNT], ..Stats::default() }
    }
    pub fn merge(&mut self, o: Stats) {
        if self.per_proc.is_empty() {
            self.per_proc = vec![None; proc3::COUNT];
        }
        for (a, b) in self.per_proc.iter_mut().zip(o.per_proc) {
            if let Some(b) = b {
                a.get_or_insert_with(Hist::default).merge(&b);
            }
        }
        self.bytes += o.bytes;
        self.items += o.items;
        self.corrupt += o.corrupt;
        for (k, v) in o.errors {
            *self.errors.entry(k).or_default() += v;
        }
        self.aborted = self.aborted.take().or(o.aborted);
    }
    pub fn all(&self) -> Hist {
        let mut h = Hist::default();
        self.per_proc.iter().flatten().for_each(|p| h.merge(p));
        h
    }
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum::<u64>() + self.corrupt
    }
}

/// When the run starts counting, when it stops making new calls, and when it
/// gives up on what is still outstanding.
#[derive(Clone, Copy)]
pub struct Window {
    pub from: Instant,
    pub until: Instant,
    pub give_up: Instant,
}

#[derive(Clone, Copy)]
enum SlotState {
    Idle,
    Busy { xid: u32, sent: Instant, call: Call },
    Done,
}

struct Conn {
    sock: TcpStream,
    flow: Box<dyn Flow>,
    slots: Vec<SlotState>,
    generation: u32,
    busy: usize,
    done: usize,
    out: Vec<u8>,
    out_at: usize,
    want_write: bool,
    inp: Vec<u8>,
    start: usize,
    end: usize,
    /// Earlier fragments of a record that came in several.
    partial: Vec<u8>,
}

/// Room kept for small replies; a larger record grows the buffer.
const IN_BUF: usize = 256 << 10;

impl Conn {
    fn finished(&self) -> bool {
        self.done == self.slots.len()
    }

    /// Gives every idle slot its next call.
    fn fill(&mut self, stopping: bool, cred: &Cred) {
        let mut now = None;
        for i in 0..self.slots.len() {
            if !matches!(self.slots[i], SlotState::Idle) {
                continue;
            }
            match self.flow.next(i, stopping) {
                Next::Wait => {}
                Next::Done => {
                    self.slots[i] = SlotState::Done;
                    self.done += 1;
                }
                Next::Call(call) => {
                    self.generation = self.generation.wrapping_add(1);
                    let xid = self.generation << 12 | i as u32;
                    let at = begin_call(&mut self.out, xid, NFS_PROGRAM, V3, call.proc_, cred);
                    self.flow.encode(i, &call, &mut self.out);
                    end_call(&mut self.out[at..], 0);
                    let sent = *now.get_or_insert_with(Instant::now);
                    self.slots[i] = SlotState::Busy { xid, sent, call };
                    self.busy += 1;
                }
            }
        }
    }

    fn send(&mut self) -> io::Result<()> {
        while self.out_at < self.out.len() {
            let rest = &self.out[self.out_at..];
            let n = match rustix::net::send(
                &self.sock,
                rest,
                SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            ) {
                Ok(n) => n,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e.into()),
            };
            self.out_at += n;
        }
        self.out.clear();
        self.out_at = 0;
        Ok(())
    }

    fn unsent(&self) -> bool {
        self.out_at < self.out.len()
    }

    /// One recv. Ok(false): nothing there now.
    fn recv(&mut self, flags: RecvFlags) -> io::Result<bool> {
        // A large record is read to its exact end, so that the next one
        // starts at the front of the buffer and nothing need be moved.
        let have = self.end - self.start;
        let mut most = usize::MAX;
        if have == 0 {
            (self.start, self.end) = (0, 0);
        } else if have >= 4 {
            let need = 4 + (mark_at(&self.inp[self.start..]) & !LAST_FRAGMENT) as usize;
            if need > IN_BUF / 4 {
                most = need - have;
            }
            if self.start + need > self.inp.len() {
                self.inp.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, have);
                if need > self.inp.len() {
                    if need > 64 << 20 {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "impossible record length",
                        ));
                    }
                    self.inp.resize(need, 0);
                }
            }
        } else if self.inp.len() - self.end < 4 {
            self.inp.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, have);
        }
        let room = (self.inp.len() - self.end).min(most);
        let into = &mut self.inp[self.end..self.end + room];
        let n = match rustix::net::recv(&self.sock, into, flags) {
            Ok((_, n)) => n,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            Err(e) => return Err(e.into()),
        };
        if n == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "server closed the connection",
            ));
        }
        self.end += n;
        Ok(true)
    }

    /// Handles every complete record in the buffer.
    fn replies(&mut self, w: &Window, st: &mut Stats) -> io::Result<()> {
        while self.end - self.start >= 4 {
            let mark = mark_at(&self.inp[self.start..]);
            let len = (mark & !LAST_FRAGMENT) as usize;
            if self.end - self.start < 4 + len {
                break;
            }
            let body = self.start + 4..self.start + 4 + len;
            self.start = body.end;
            if mark & LAST_FRAGMENT == 0 {
                self.partial.extend_from_slice(&self.inp[body]);
                continue;
            }
            if self.partial.is_empty() {
                let inp = std::mem::take(&mut self.inp);
                let r = self.one(&inp[body], w, st);
                self.inp = inp;
                r?;
            } else {
                let mut msg = std::mem::take(&mut self.partial);
                msg.extend_from_slice(&self.inp[body]);
                self.one(&msg, w, st)?;
                msg.clear();
                self.partial = msg;
            }
        }
        Ok(())
    }

    fn one(&mut self, msg: &[u8], w: &Window, st: &mut Stats) -> io::Result<()> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_string());
        let (xid, body) = parse_reply(msg).map_err(|_| invalid("malformed reply"))?;
        let slot = (xid & 0xfff) as usize;
        let Some(&SlotState::Busy { xid: want, sent, call }) = self.slots.get(slot) else {
            return Err(invalid("reply to no call"));
        };
        if want != xid {
            return Err(invalid("reply to no call"));
        }
        self.slots[slot] = SlotState::Idle;
        self.busy -= 1;
        let now = Instant::now();
        let counted = !call.uncounted && now >= w.from && now < w.until;
        let outcome = match body {
            Ok(mut d) => self
                .flow
                .reply(slot, &call, &mut d)
                .unwrap_or(Outcome { corrupt: true, ..Outcome::default() }),
            Err(e) => {
                // The flow's state machine cannot go on without a result.
                return Err(invalid(&format!("RPC error {e:?}")));
            }
        };
        // Wrong data is reported whenever it is seen.
        st.corrupt += outcome.corrupt as u64;
        if let Some(s) = outcome.error {
            let what = format!(
                "{}:{}",
                crate::nfs3::PROC_NAMES[call.proc_ as usize],
                crate::nfs3::status_name(s)
            );
            *st.errors.entry(what).or_default() += 1;
        }
        // A refused call is an error, not work done.
        if counted && outcome.error.is_none() {
            let ns = now.duration_since(sent).as_nanos() as u64;
            st.per_proc[call.proc_ as usize].get_or_insert_with(Hist::default).record(ns);
            st.bytes += outcome.bytes;
            st.items += outcome.items;
        }
        Ok(())
    }
}

fn mark_at(b: &[u8]) -> u32 {
    u32::from_be_bytes([b[0], b[1], b[2], b[3]])
}

pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let sock = TcpStream::connect_timeout(&addr, Duration::from_secs(5))?;
    sock.set_nodelay(true)?;
    // Lets the loop look at the clock when a server hangs.
    sock.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(sock)
}

/// Runs the flows, one connection each with `depth` slots, to their end.
pub fn run(
    socks: Vec<TcpStream>,
    flows: Vec<Box<dyn Flow>>,
    depth: usize,
    cred: &Cred,
    w: Window,
) -> Stats {
    let mut st = Stats::new();
    let mut conns: Vec<Conn> = socks
        .into_iter()
        .zip(flows)
        .map(|(sock, flow)| Conn {
            sock,
            flow,
            slots: vec![SlotState::Idle; depth.min(4096)],
            generation: 0,
            busy: 0,
            done: 0,
            out: Vec::new(),
            out_at: 0,
            want_write: false,
            inp: vec![0; IN_BUF],
            start: 0,
            end: 0,
            partial: Vec::new(),
        })
        .collect();
    let r = if conns.len() == 1 {
        run_one(&mut conns[0], cred, w, &mut st)
    } else {
        run_many(&mut conns, cred, w, &mut st)
    };
    if let Err(e) = r {
        st.aborted = Some(e.to_string());
    }
    st
}

fn hung() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "server did not answer in time")
}

/// A single connection needs no poll: blocking recv, as a client with one
/// mount and one thread would do.
fn run_one(c: &mut Conn, cred: &Cred, w: Window, st: &mut Stats) -> io::Result<()> {
    let ep = Epoll::new()?;
    ep.add(&c.sock, 0, EventFlags::IN | EventFlags::OUT)?;
    loop {
        let now = Instant::now();
        c.fill(now >= w.until, cred);
        if c.finished() {
            return Ok(());
        }
        c.send()?;
        if now >= w.give_up {
            return Err(hung());
        }
        if c.unsent() {
            // The server must be read from before it takes more.
            ep.wait(500)?;
            if c.recv(RecvFlags::DONTWAIT)? {
                c.replies(&w, st)?;
            }
        } else if c.busy > 0 {
            if c.recv(RecvFlags::empty())? {
                c.replies(&w, st)?;
            }
        } else {
            return Err(io::Error::other("workload stalled"));
        }
    }
}

fn run_many(conns: &mut [Conn], cred: &Cred, w: Window, st: &mut Stats) -> io::Result<()> {
    let ep = Epoll::new()?;
    for (i, c) in conns.iter_mut().enumerate() {
        ep.add(&c.sock, i, EventFlags::IN)?;
        c.fill(false, cred);
        c.send()?;
    }
    let mut swept = false;
    loop {
        for (i, c) in conns.iter_mut().enumerate() {
            let want = c.unsent();
            if want != c.want_write {
                c.want_write = want;
                let out = if want { EventFlags::OUT } else { EventFlags::empty() };
                ep.modify(&c.sock, i, EventFlags::IN | out)?;
            }
        }
        let ready = ep.wait(100)?;
        let now = Instant::now();
        let stopping = now >= w.until;
        for i in ready {
            let c = &mut conns[i];
            if c.recv(RecvFlags::DONTWAIT)? {
                c.replies(&w, st)?;
            }
            c.fill(stopping, cred);
            c.send()?;
        }
        if stopping && !swept {
            // Slots that were waiting when the time was up.
            swept = true;
            for c in conns.iter_mut() {
                c.fill(true, cred);
                c.send()?;
            }
        }
        if conns.iter().all(Conn::finished) {
            return Ok(());
        }
        if now >= w.give_up {
            return Err(hung());
        }
    }
}

struct Epoll(OwnedFd);

impl Epoll {
    fn new() -> io::Result<Epoll> {
        Ok(Epoll(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }
    fn add(&self, s: &TcpStream, i: usize, events: EventFlags) -> io::Result<()> {
        Ok(epoll::add(&self.0, s, epoll::EventData::new_u64(i as u64), events)?)
    }
    fn modify(&self, s: &TcpStream, i: usize, events: EventFlags) -> io::Result<()> {
        Ok(epoll::modify(&self.0, s, epoll::EventData::new_u64(i as u64), events)?)
    }
    fn wait(&self, ms: i32) -> io::Result<Vec<usize>> {
        let mut ev = Vec::with_capacity(64);
        let until = Timespec { tv_sec: ms as i64 / 1000, tv_nsec: ms as i64 % 1000 * 1_000_000 };
        match epoll::wait(&self.0, spare_capacity(&mut ev), Some(&until)) {
            Ok(_) | Err(Errno::INTR) => Ok(ev.iter().map(|e| e.data.u64() as usize).collect()),
            Err(e) => Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xdr::Put;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Answers every call with `len` bytes of payload, in fragments of at
    /// most `frag` bytes, until the client goes away.
    fn server(l: TcpListener, conns: usize, len: usize, frag: usize) {
        for _ in 0..conns {
            let (mut s, _) = l.accept().unwrap();
            std::thread::spawn(move || {
                let mut mark = [0; 4];
                while s.read_exact(&mut mark).is_ok() {
                    let mut call = vec![0; (u32::from_be_bytes(mark) & !LAST_FRAGMENT) as usize];
                    s.read_exact(&mut call).unwrap();
                    let mut msg = call[..4].to_vec(); // xid
                    for w in [1, 0, 0, 0, 0] {
                        msg.put_u32(w); // REPLY, accepted, no verifier, SUCCESS
                    }
                    msg.put_opaque(&vec![7; len]);
                    let n = msg.len().div_ceil(frag);
                    let mut out = Vec::new();
                    for (i, f) in msg.chunks(frag).enumerate() {
                        out.put_u32(f.len() as u32 | if i + 1 == n { LAST_FRAGMENT } else { 0 });
                        out.extend_from_slice(f);
                    }
                    if s.write_all(&out).is_err() {
                        return;
                    }
                }
            });
        }
    }

    struct Payload(usize);

    impl Flow for Payload {
        fn next(&mut self, _: usize, stopping: bool) -> Next {
            if stopping {
                return Next::Done;
            }
            Next::Call(Call { proc_: proc3::READ, ..Call::default() })
        }
        fn encode(&mut self, _: usize, _: &Call, _: &mut Vec<u8>) {}
        fn reply(&mut self, _: usize, _: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
            let data = d.opaque()?;
            let corrupt = data.len() != self.0 || data.iter().any(|b| *b != 7);
            Ok(Outcome { corrupt, bytes: data.len() as u64, ..Outcome::default() })
        }
    }

    fn try_run(conns: usize, depth: usize, len: usize, frag: usize) {
        let l = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        std::thread::spawn(move || server(l, conns, len, frag));
        let socks = (0..conns).map(|_| connect(addr).unwrap()).collect();
        let flows = (0..conns).map(|_| Box::new(Payload(len)) as Box<dyn Flow>).collect();
        let from = Instant::now();
        let until = from + Duration::from_millis(200);
        let w = Window { from, until, give_up: until + Duration::from_secs(20) };
        let st = run(socks, flows, depth, &Cred::sys(0, 0), w);
        assert_eq!(st.aborted, None);
        assert_eq!(st.error_count(), 0);
        let n = st.all().count();
        assert!(n > 0);
        assert_eq!(st.bytes, n * len as u64);
    }

    #[test]
    fn small_replies() {
        try_run(1, 1, 8, 1 << 20);
        try_run(1, 32, 100, 1 << 20);
        try_run(5, 3, 100, 1 << 20);
    }

    #[test]
    fn replies_larger_than_the_buffer() {
        try_run(1, 4, 1 << 20, 1 << 30);
        try_run(3, 4, (1 << 20) + 3, 1 << 30);
    }

    #[test]
    fn replies_in_fragments() {
        try_run(1, 4, 300_000, 65_536);
        try_run(2, 2, 50, 7);
    }

    #[test]
    fn a_server_that_hangs_up_aborts_the_run() {
        let l = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        std::thread::spawn(move || drop(l.accept()));
        let from = Instant::now();
        let w = Window {
            from,
            until: from + Duration::from_secs(5),
            give_up: from + Duration::from_secs(9),
        };
        let st =
            run(vec![connect(addr).unwrap()], vec![Box::new(Payload(1))], 1, &Cred::sys(0, 0), w);
        assert!(st.aborted.is_some());
    }
}
