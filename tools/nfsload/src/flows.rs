//! The workloads, each a `Flow`: which call a slot makes next, and what its
//! reply should look like.

use crate::dataset::{BIG_SEED, Dataset, entry_name, write_seed};
use crate::engine::{Call, Flow, Next, Outcome};
use crate::nfs3::{self, Fh, Sattr, proc3};
use crate::pattern::{self, Rng};
use crate::xdr::{Dec, Put, Res};

pub const ALL: [&str; 15] = [
    "null",
    "getattr",
    "lookup",
    "lookup-miss",
    "access",
    "readdirplus",
    "seqread-1m",
    "seqread-64k",
    "randread-4k",
    "seqwrite-1m",
    "seqwrite-64k",
    "seqwrite-fresh",
    "syncwrite-4k",
    "churn",
    "untar",
];

/// Whether the workload changes anything on the server.
pub fn writes(name: &str) -> bool {
    matches!(name, "churn" | "untar")
        || name.starts_with("seqwrite")
        || name.starts_with("syncwrite")
}

pub fn make(
    name: &str,
    ds: &Dataset,
    conn: usize,
    depth: usize,
    run: u64,
) -> Option<Box<dyn Flow>> {
    let small = |proc_| -> Box<dyn Flow> {
        Box::new(Small { proc_, ds: ds.clone(), rng: Rng::new(conn as u64 + 1), names: Vec::new() })
    };
    let read = |len: u32, random: bool| -> Box<dyn Flow> {
        Box::new(Reads {
            fh: ds.big,
            size: ds.shape.big_bytes,
            len: len.min(ds.rtmax),
            random,
            verify: ds.shape.verify,
            // Connections start at different places, as separate readers do.
            at: ds.shape.big_bytes / 8 * (conn as u64 % 8) / len as u64 * len as u64,
            rng: Rng::new(conn as u64 + 7),
        })
    };
    let write = |len: u32, mode: WriteMode| -> Box<dyn Flow> {
        Box::new(Writes {
            fh: if mode == WriteMode::Fresh { ds.fresh_fhs[conn] } else { ds.write_fhs[conn] },
            seed: write_seed(conn),
            size: ds.shape.write_bytes,
            len: len.min(ds.wtmax) & !7,
            mode,
            at: 0,
            written: 0,
            outstanding: 0,
            stage: if mode == WriteMode::Fresh { Stage::Truncate } else { Stage::Write },
            verf: None,
            unstable: false,
            checks: 0,
            rng: Rng::new(conn as u64 + 11),
        })
    };
    Some(match name {
        "null" => small(proc3::NULL),
        "getattr" => small(proc3::GETATTR),
        "access" => small(proc3::ACCESS),
        "lookup" => {
            let names = (0..ds.shape.entries).map(entry_name).collect();
            Box::new(Small {
                proc_: proc3::LOOKUP,
                ds: ds.clone(),
                rng: Rng::new(conn as u64 + 1),
                names,
            })
        }
        "lookup-miss" => small(proc3::LOOKUP),
        "readdirplus" => Box::new(Scan { ds: ds.clone(), slots: vec![ScanAt::default(); depth] }),
        "seqread-1m" => read(1 << 20, false),
        "seqread-64k" => read(64 << 10, false),
        "randread-4k" => read(4 << 10, true),
        "seqwrite-1m" => write(1 << 20, WriteMode::Stream),
        "seqwrite-64k" => write(64 << 10, WriteMode::Stream),
        "seqwrite-fresh" => write(64 << 10, WriteMode::Fresh),
        "syncwrite-4k" => write(4 << 10, WriteMode::Sync),
        "churn" => Box::new(Churn {
            dir: ds.churn,
            names: (0..depth).map(|s| format!("c{run}-{conn}-{s}")).collect(),
            there: vec![false; depth],
        }),
        "untar" => Box::new(Untar {
            top: ds.untar,
            prefix: format!("u{run}-{conn}"),
            slots: (0..depth).map(|_| UntarSlot::default()).collect(),
        }),
        _ => return None,
    })
}

/// Result status as an outcome: `want` is fine, anything else an error.
fn expect(status: u32, want: u32) -> Outcome {
    Outcome { error: (status != want).then_some(status), ..Outcome::default() }
}

/// Stateless calls with small replies.
struct Small {
    proc_: u32,
    ds: Dataset,
    rng: Rng,
    /// Names to look up; without any, names that do not exist.
    names: Vec<String>,
}

impl Flow for Small {
    fn next(&mut self, _: usize, stopping: bool) -> Next {
        if stopping {
            return Next::Done;
        }
        Next::Call(Call { proc_: self.proc_, tag: self.rng.next(), ..Call::default() })
    }
    fn encode(&mut self, _: usize, call: &Call, out: &mut Vec<u8>) {
        let pick = |n: usize| (((call.tag >> 32) * n as u64) >> 32) as usize;
        match self.proc_ {
            proc3::GETATTR => {
                out.put_opaque(self.ds.many_fhs[pick(self.ds.many_fhs.len())].bytes());
            }
            proc3::ACCESS => {
                out.put_opaque(self.ds.many_fhs[pick(self.ds.many_fhs.len())].bytes());
                out.put_u32(0x3f);
            }
            proc3::LOOKUP if self.names.is_empty() => nfs3::put_dirop(
                out,
                &self.ds.many,
                format!("no{:05}", pick(self.ds.shape.entries)).as_bytes(),
            ),
            proc3::LOOKUP => {
                nfs3::put_dirop(out, &self.ds.many, self.names[pick(self.names.len())].as_bytes());
            }
            _ => {}
        }
    }
    fn reply(&mut self, _: usize, _: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        if self.proc_ == proc3::NULL {
            return Ok(Outcome::default());
        }
        let want = if self.proc_ == proc3::LOOKUP && self.names.is_empty() {
            nfs3::NOENT
        } else {
            nfs3::OK
        };
        let o = expect(d.u32()?, want);
        if o.error.is_none() {
            match self.proc_ {
                proc3::GETATTR => {
                    d.bytes(84)?;
                }
                proc3::LOOKUP if want == nfs3::OK => {
                    nfs3::get_fh(d)?;
                    nfs3::skip_post_op_attr(d)?;
                }
                _ => nfs3::skip_post_op_attr(d)?,
            }
        }
        Ok(o)
    }
}

#[derive(Clone, Copy, Default)]
struct ScanAt {
    cookie: u64,
    verf: [u8; 8],
    seen: u64,
}

/// Whole-directory READDIRPLUS scans; each slot scans on its own.
struct Scan {
    ds: Dataset,
    slots: Vec<ScanAt>,
}

impl Flow for Scan {
    fn next(&mut self, _: usize, stopping: bool) -> Next {
        if stopping {
            return Next::Done;
        }
        Next::Call(Call { proc_: proc3::READDIRPLUS, ..Call::default() })
    }
    fn encode(&mut self, slot: usize, _: &Call, out: &mut Vec<u8>) {
        let s = &self.slots[slot];
        nfs3::put_readdirplus(out, &self.ds.many, s.cookie, s.verf, 8 << 10, 32 << 10);
    }
    fn reply(&mut self, slot: usize, _: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        let mut o = expect(d.u32()?, nfs3::OK);
        let s = &mut self.slots[slot];
        if o.error.is_some() {
            *s = ScanAt::default();
            return Ok(o);
        }
        let p = nfs3::dir_page(d)?;
        o.items = p.entries;
        s.seen += p.entries;
        s.cookie = p.cookie;
        s.verf = p.verf;
        if p.eof {
            // With or without "." and "..".
            let n = self.ds.shape.entries as u64;
            o.corrupt = s.seen != n && s.seen != n + 2;
            *s = ScanAt::default();
        } else {
            o.corrupt = p.entries == 0;
        }
        Ok(o)
    }
}

/// READs of the big file: one cursor per connection, or random offsets.
struct Reads {
    fh: Fh,
    size: u64,
    len: u32,
    random: bool,
    verify: pattern::Verify,
    at: u64,
    rng: Rng,
}

impl Flow for Reads {
    fn next(&mut self, _: usize, stopping: bool) -> Next {
        if stopping {
            return Next::Done;
        }
        let len = self.len as u64;
        let off = if self.random {
            self.rng.below(self.size / len) * len
        } else {
            if self.at + len > self.size {
                self.at = 0;
            }
            self.at += len;
            self.at - len
        };
        Next::Call(Call { proc_: proc3::READ, tag: off, len: self.len, uncounted: false })
    }
    fn encode(&mut self, _: usize, call: &Call, out: &mut Vec<u8>) {
        nfs3::put_read(out, &self.fh, call.tag, call.len);
    }
    fn reply(&mut self, _: usize, call: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        let mut o = expect(d.u32()?, nfs3::OK);
        if o.error.is_none() {
            nfs3::skip_post_op_attr(d)?;
            let count = d.u32()?;
            d.bool()?;
            let data = d.opaque()?;
            o.bytes = data.len() as u64;
            // A short read inside the file is allowed by the protocol but
            // not expected of any server here.
            o.corrupt = count as usize != data.len()
                || count != call.len
                || !pattern::check(data, BIG_SEED, call.tag, self.verify);
        }
        Ok(o)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WriteMode {
    /// UNSTABLE over the whole file, then COMMIT, and again.
    Stream,
    /// The same, but the file is cut to nothing before each pass.
    Fresh,
    /// FILE_SYNC at random offsets.
    Sync,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Write,
    /// All of the pass is sent; COMMIT once the answers are in.
    Commit,
    Truncate,
    /// After the run: read some of it back.
    Check,
}

struct Writes {
    fh: Fh,
    seed: u64,
    size: u64,
    len: u32,
    mode: WriteMode,
    at: u64,
    /// The file holds the pattern up to here.
    written: u64,
    outstanding: usize,
    stage: Stage,
    verf: Option<[u8; 8]>,
    /// A WRITE of this pass was answered UNSTABLE, so COMMIT is needed.
    unstable: bool,
    checks: u32,
    rng: Rng,
}

const CHECKS: u32 = 16;

impl Writes {
    fn end_pass(&mut self, last: bool) {
        self.at = 0;
        self.unstable = false;
        self.stage = match (last, self.mode) {
            (true, _) => Stage::Check,
            (_, WriteMode::Fresh) => Stage::Truncate,
            _ => Stage::Write,
        };
    }
    fn go(&mut self, proc_: u32, tag: u64, len: u32, uncounted: bool) -> Next {
        self.outstanding += 1;
        Next::Call(Call { proc_, tag, len, uncounted })
    }
}

impl Flow for Writes {
    fn next(&mut self, _slot: usize, stopping: bool) -> Next {
        let len = self.len as u64;
        if stopping && self.stage == Stage::Write {
            self.stage = if self.mode == WriteMode::Sync { Stage::Check } else { Stage::Commit };
        }
        if self.stage == Stage::Commit && !self.unstable && self.outstanding == 0 {
            // As a client does: nothing to commit when every WRITE was
            // answered as stable.
            self.end_pass(stopping);
        }
        match self.stage {
            Stage::Write if self.mode == WriteMode::Sync => {
                let off = self.rng.below(self.size / len) * len;
                self.go(proc3::WRITE, off, self.len, false)
            }
            Stage::Write => {
                let off = self.at;
                self.at += len;
                if self.at + len > self.size {
                    self.stage = Stage::Commit;
                }
                self.go(proc3::WRITE, off, self.len, false)
            }
            _ if self.outstanding > 0 => Next::Wait,
            Stage::Commit => self.go(proc3::COMMIT, 0, 0, stopping),
            Stage::Truncate => self.go(proc3::SETATTR, 0, 0, false),
            Stage::Check if self.checks < CHECKS && self.written >= len => {
                self.checks += 1;
                let off = self.rng.below(self.written / len) * len;
                self.go(proc3::READ, off, self.len, true)
            }
            Stage::Check => Next::Done,
        }
    }
    fn encode(&mut self, _: usize, call: &Call, out: &mut Vec<u8>) {
        match call.proc_ {
            proc3::WRITE => {
                let stable =
                    if self.mode == WriteMode::Sync { nfs3::FILE_SYNC } else { nfs3::UNSTABLE };
                nfs3::put_write_head(out, &self.fh, call.tag, call.len, stable);
                pattern::fill(out, self.seed, call.tag, call.len as usize);
            }
            proc3::COMMIT => nfs3::put_commit(out, &self.fh),
            proc3::SETATTR => {
                nfs3::put_setattr(out, &self.fh, Sattr { size: Some(0), ..Sattr::default() });
            }
            _ => nfs3::put_read(out, &self.fh, call.tag, call.len),
        }
    }
    fn reply(&mut self, _: usize, call: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        self.outstanding -= 1;
        let mut o = expect(d.u32()?, nfs3::OK);
        if call.proc_ == proc3::COMMIT {
            // Even a failed COMMIT must not be repeated for ever.
            self.end_pass(call.uncounted);
        } else if call.proc_ == proc3::SETATTR {
            self.written = 0;
            self.stage = Stage::Write;
        }
        if o.error.is_some() {
            return Ok(o);
        }
        match call.proc_ {
            proc3::WRITE => {
                nfs3::skip_wcc(d)?;
                let count = d.u32()?;
                let committed = d.u32()?;
                let verf = d.bytes(8)?;
                o.bytes = count as u64;
                self.unstable |= committed == nfs3::UNSTABLE;
                o.corrupt = count != call.len
                    || (self.mode == WriteMode::Sync && committed != nfs3::FILE_SYNC);
                if self.verf.is_none() {
                    self.verf = Some(verf.try_into().unwrap_or_default());
                }
                if self.mode != WriteMode::Sync {
                    self.written = self.written.max(call.tag + count as u64);
                } else {
                    self.written = self.size; // whole before the run began
                }
            }
            proc3::COMMIT => {
                nfs3::skip_wcc(d)?;
                let verf: [u8; 8] = d.bytes(8)?.try_into().unwrap_or_default();
                // A changed verifier means that the server lost writes.
                o.corrupt = self.verf.is_some_and(|v| v != verf);
            }
            proc3::READ => {
                nfs3::skip_post_op_attr(d)?;
                d.bytes(8)?;
                let data = d.opaque()?;
                o.corrupt = data.len() != call.len as usize
                    || !pattern::check(data, self.seed, call.tag, pattern::Verify::Full);
            }
            _ => {}
        }
        Ok(o)
    }
}

/// CREATE and REMOVE of one name per slot.
struct Churn {
    dir: Fh,
    names: Vec<String>,
    there: Vec<bool>,
}

impl Flow for Churn {
    fn next(&mut self, slot: usize, stopping: bool) -> Next {
        match (self.there[slot], stopping) {
            (true, _) => Next::Call(Call { proc_: proc3::REMOVE, ..Call::default() }),
            (false, false) => Next::Call(Call { proc_: proc3::CREATE, ..Call::default() }),
            (false, true) => Next::Done,
        }
    }
    fn encode(&mut self, slot: usize, call: &Call, out: &mut Vec<u8>) {
        let name = self.names[slot].as_bytes();
        if call.proc_ == proc3::CREATE {
            nfs3::put_create(out, &self.dir, name, 0o644);
        } else {
            nfs3::put_dirop(out, &self.dir, name);
        }
    }
    fn reply(&mut self, slot: usize, call: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        self.there[slot] = call.proc_ == proc3::CREATE;
        Ok(expect(d.u32()?, nfs3::OK))
    }
}

/// Files per directory of an unpacked tree.
const FILES: usize = 16;
const FILE_BYTES: usize = 4096;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Mkdir,
    Create,
    Write,
    Commit,
    Setattr,
    Remove,
    Rmdir,
}

#[derive(Default)]
struct UntarSlot {
    step: Step,
    dirs: Vec<(Fh, usize)>,
    /// Directories made so far: part of the next one's name.
    made: usize,
    file: Option<Fh>,
    stuck: bool,
}

/// What unpacking an archive does: directories of small files, each created,
/// written, committed and given its mode and time. Taken down afterwards,
/// outside the result.
struct Untar {
    top: Fh,
    prefix: String,
    slots: Vec<UntarSlot>,
}

impl Untar {
    fn seed(&self, slot: usize) -> u64 {
        1000 + slot as u64
    }
    fn dir_name(&self, slot: usize, i: usize) -> String {
        format!("{}-{slot}-{i}", self.prefix)
    }
}

impl Flow for Untar {
    fn next(&mut self, slot: usize, stopping: bool) -> Next {
        let s = &mut self.slots[slot];
        if stopping && !matches!(s.step, Step::Remove | Step::Rmdir) {
            s.step = Step::Remove;
        }
        if matches!(s.step, Step::Remove | Step::Rmdir) {
            match s.dirs.last() {
                _ if s.stuck => return Next::Done,
                None => return Next::Done,
                Some((_, 0)) => s.step = Step::Rmdir,
                Some(_) => s.step = Step::Remove,
            }
        }
        let proc_ = match s.step {
            Step::Mkdir => proc3::MKDIR,
            Step::Create => proc3::CREATE,
            Step::Write => proc3::WRITE,
            Step::Commit => proc3::COMMIT,
            Step::Setattr => proc3::SETATTR,
            Step::Remove => proc3::REMOVE,
            Step::Rmdir => proc3::RMDIR,
        };
        Next::Call(Call { proc_, uncounted: stopping, ..Call::default() })
    }
    fn encode(&mut self, slot: usize, _: &Call, out: &mut Vec<u8>) {
        let s = &self.slots[slot];
        let (dir, n) = s.dirs.last().copied().unwrap_or((self.top, 0));
        let file = s.file.unwrap_or(dir);
        match s.step {
            Step::Mkdir => nfs3::put_mkdir(out, &self.top, self.dir_name(slot, s.made).as_bytes()),
            Step::Create => nfs3::put_create(out, &dir, format!("file{n:03}.c").as_bytes(), 0o600),
            Step::Write => {
                nfs3::put_write_head(out, &file, 0, FILE_BYTES as u32, nfs3::UNSTABLE);
                pattern::fill(out, self.seed(slot), 0, FILE_BYTES);
            }
            Step::Commit => nfs3::put_commit(out, &file),
            Step::Setattr => nfs3::put_setattr(
                out,
                &file,
                Sattr { mode: Some(0o644), mtime: Some(1_000_000_000), size: None },
            ),
            Step::Remove => nfs3::put_dirop(out, &dir, format!("file{:03}.c", n - 1).as_bytes()),
            Step::Rmdir => {
                nfs3::put_dirop(out, &self.top, self.dir_name(slot, s.dirs.len() - 1).as_bytes());
            }
        }
    }
    fn reply(&mut self, slot: usize, call: &Call, d: &mut Dec<'_>) -> Res<Outcome> {
        let mut o = expect(d.u32()?, nfs3::OK);
        let s = &mut self.slots[slot];
        if o.error.is_some() {
            // Directories are numbered in a row: give up rather than skip.
            s.stuck = true;
            s.step = Step::Remove;
            return Ok(o);
        }
        match s.step {
            Step::Mkdir => {
                s.dirs.push((nfs3::post_op_fh(d)?.ok_or(crate::xdr::Malformed)?, 0));
                s.made += 1;
                s.step = Step::Create;
            }
            Step::Create => {
                s.file = Some(nfs3::post_op_fh(d)?.ok_or(crate::xdr::Malformed)?);
                if let Some(l) = s.dirs.last_mut() {
                    l.1 += 1;
                }
                s.step = Step::Write;
            }
            Step::Write => {
                nfs3::skip_wcc(d)?;
                o.bytes = d.u32()? as u64;
                o.corrupt = o.bytes != FILE_BYTES as u64;
                s.step = if d.u32()? == nfs3::UNSTABLE { Step::Commit } else { Step::Setattr };
            }
            Step::Commit => s.step = Step::Setattr,
            Step::Setattr => {
                o.items = 1; // one file done
                let full = s.dirs.last().is_none_or(|l| l.1 == FILES);
                s.step = if full { Step::Mkdir } else { Step::Create };
            }
            Step::Remove => {
                if let Some(l) = s.dirs.last_mut() {
                    l.1 -= 1;
                }
            }
            Step::Rmdir => {
                s.dirs.pop();
            }
        }
        debug_assert!(call.proc_ < proc3::COUNT as u32);
        Ok(o)
    }
}
