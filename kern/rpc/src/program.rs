//! Programs as tables: a procedure is a row.

use crate::Call;
use alloc::boxed::Box;
use alloc::rc::Rc;
use core::future::Future;
use core::pin::Pin;
use xdr::{Malformed, Reader, Writer};

/// Why a call that reached its procedure has no result (accept_stat and auth_stat, RFC 5531 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// GARBAGE_ARGS: the arguments could not be decoded.
    GarbageArguments,
    /// SYSTEM_ERR: the server is out of something.
    System,
    /// PROC_UNAVAIL: a row that only keeps the numbers, for a procedure nobody offers any more.
    Unavailable,
    /// AUTH_TOOWEAK: what the call is about wants to know who asks.
    TooWeak,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::GarbageArguments
    }
}

/// A procedure at work. What it writes is its result; if it ends in a fault, what it wrote is
/// forgotten.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>>;

/// The function of a row: decodes the call's arguments and writes the result.
pub type Run<P> = for<'a> fn(&'a P, &'a Call, &'a mut Writer) -> Answer<'a>;

/// What to do with a call that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Harmless: run it again.
    Rerun,
    /// Answer it from the reply cache, or drop it while the first is still at work.
    Remember,
    /// The same, for procedures that arrive in floods and do little harm twice, unless late, when
    /// they would overwrite newer data: their replies push out none but each other.
    RememberData,
}

/// How large a result can get, in bytes: so much room is kept for it while the call is at work.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Never larger than this.
    Fixed(usize),
    /// As large as the arguments ask for, read by this function. If they do not decode there
    /// will be no result.
    Asked(fn(&mut Reader<'_>) -> Result<usize, Malformed>),
}

impl Bound {
    /// In bytes, for a call with these arguments.
    pub fn bytes(self, arguments: &[u8]) -> usize {
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Asked(ask) => ask(&mut Reader::new(arguments)).unwrap_or(0),
        }
    }
}

/// What a caller has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: whoever reaches us is answered, and whomever he says that he is.
    Nothing,
    /// A handle, which nobody guesses. Whether a user's name, too, is for the program to say.
    Handle,
    /// The name of a user: any credential but AUTH_NONE.
    User,
}

/// What a server needs to know of a procedure before it takes a call.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What to do with a duplicate.
    pub replay: Replay,
    /// The largest result in bytes, what the arguments ask for apart: sizes the reply's buffer.
    pub result_bytes: usize,
    /// How large the result can get.
    pub bound: Bound,
    /// What its caller has to have.
    pub needs: Needs,
}

/// One row: everything RPC needs to know of a procedure.
pub struct Procedure<P: 'static> {
    /// Its number; rows are in order, so it is also the index.
    pub number: u32,
    /// The RFC's name.
    pub name: &'static str,
    /// The function.
    pub run: Run<P>,
    /// What to do with a duplicate.
    pub replay: Replay,
    /// The largest result in bytes, what the arguments ask for apart: sizes the reply's buffer.
    pub result_bytes: usize,
    /// How large the result can get.
    pub bound: Bound,
}

/// One version of a program.
pub struct Version<P: 'static> {
    /// Its number.
    pub number: u32,
    /// Its rows, by number without gaps.
    pub procedures: &'static [Procedure<P>],
    /// What callers of its procedures have to have, but for row 0 (NULL), which needs nothing.
    pub needs: Needs,
}

/// A program and the state it works on.
pub struct Table<P: 'static> {
    /// Its number.
    pub number: u32,
    /// Its name, as rpcinfo(8) prints it.
    pub name: &'static str,
    /// Its versions, ascending.
    pub versions: &'static [Version<P>],
    /// What the functions are given.
    pub state: Rc<P>,
}

/// A [`Table`], whatever its state is.
pub trait Program {
    /// Its number.
    fn number(&self) -> u32;

    /// Its name.
    fn name(&self) -> &'static str;

    /// Its version numbers, ascending.
    fn versions(&self) -> Box<dyn Iterator<Item = u32> + '_>;

    /// What is known of a procedure. `None` if there is none of that number.
    fn procedure(&self, version: u32, procedure: u32) -> Option<Facts>;

    /// The RFC's name of a procedure, for people.
    fn procedure_name(&self, version: u32, procedure: u32) -> Option<&'static str>;

    /// Starts a call whose procedure exists.
    fn run<'a>(&'a self, call: &'a Call, result: &'a mut Writer) -> Answer<'a>;
}

impl<P> Table<P> {
    fn row(&self, version: u32, procedure: u32) -> Option<(&'static Procedure<P>, Needs)> {
        let version = self.versions.iter().find(|candidate| candidate.number == version)?;
        let row = version.procedures.get(procedure as usize)?;
        Some((row, if procedure == 0 { Needs::Nothing } else { version.needs }))
    }
}

impl<P> Program for Table<P> {
    fn number(&self) -> u32 {
        self.number
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn versions(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        Box::new(self.versions.iter().map(|version| version.number))
    }

    fn procedure(&self, version: u32, procedure: u32) -> Option<Facts> {
        let (&Procedure { replay, result_bytes, bound, .. }, needs) =
            self.row(version, procedure)?;
        Some(Facts { replay, result_bytes, bound, needs })
    }

    fn procedure_name(&self, version: u32, procedure: u32) -> Option<&'static str> {
        self.row(version, procedure).map(|(row, _)| row.name)
    }

    fn run<'a>(&'a self, call: &'a Call, result: &'a mut Writer) -> Answer<'a> {
        match self.row(call.version, call.procedure) {
            Some((row, _)) => (row.run)(&self.state, call, result),
            None => Box::pin(async { Err(Fault::System) }),
        }
    }
}
