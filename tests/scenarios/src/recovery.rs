//! From what a power cut left back to a file system in use, judged at every step.

use crate::compare::{self, Rigour};
use crate::judge;
use crate::model::Model;
use crate::observe::{Mounted, spin_up};
use abi::Errno;
use sim::{Fault, Image, Kind, Luck, Survivors, When};

/// One recovery in so many is itself cut off.
const CRASHES_DURING_RECOVERY: u64 = 8;

/// One recovery in so many has a disk that fails at some request.
const FAULTS_DURING_RECOVERY: u64 = 12;

/// What a power cut came to in the end.
pub struct Recovered {
    /// What it was recovered from: what was left, mended if there is no log.
    pub found: Image,
    /// What is on the disk, unmounted.
    pub image: Image,
    /// What is in the files, all of it durable.
    pub model: Model,
    /// Power cuts on the way, the first among them.
    pub cuts: u64,
}

/// Recovers from a cut while things were as in `model`: fsck, replay, a walk through everything,
/// and an orderly end. Now and then the power fails again on the way. `None` if a person would
/// have to decide how to go on: see [`judge::mend`].
///
/// # Errors
/// The rule that was broken.
pub fn recover(
    cut: &Image,
    model: &Model,
    logged: bool,
    luck: &Luck,
) -> Result<Option<Recovered>, String> {
    let (image, rigour) = match logged {
        true => (judge::after_cut(cut).map(|()| Some(cut.clone()))?, Rigour::Atomic),
        false => (judge::mend(cut)?, Rigour::Ordered),
    };
    let Some(image) = image else { return Ok(None) };
    let mut recovered = once(&image, model, rigour)?;
    if luck.one_in(CRASHES_DURING_RECOVERY) {
        recovered.cuts += again(&image, &recovered.model, logged, luck)
            .map_err(|why| format!("after a second cut, during recovery: {why}"))?;
    }
    if luck.one_in(FAULTS_DURING_RECOVERY) {
        let kind = *luck.pick(&[Kind::Read, Kind::Write, Kind::Flush]);
        let errno = *luck.pick(&[Errno::Io, Errno::NoSpace]);
        let number = luck.between(1, 40);
        let when = *luck.pick(&[When::Nth(number), When::From(number)]);
        let fault = Fault { kind, when, errno };
        recovered.cuts += u64::from(recover_with(fault, &image, model, logged, luck)?);
    }
    Ok(Some(recovered))
}

/// Recovers on a disk that fails like this, whatever comes of that, and then on one that does not.
/// `image` needs no mending. Whether there was such a request.
///
/// # Errors
/// The rule that was broken.
pub fn recover_with(
    fault: Fault,
    image: &Image,
    model: &Model,
    logged: bool,
    luck: &Luck,
) -> Result<bool, String> {
    let (disk, clock) = spin_up(image.clone());
    disk.fail(fault);
    let used = Mounted::on(disk.clone(), clock).and_then(|mounted| {
        mounted.walk()?;
        mounted.unmount()
    });
    let first = match fault.when {
        When::Nth(number) | When::From(number) => number,
        When::OneIn(_) => 1,
    };
    let counters = disk.counters();
    let asked = match fault.kind {
        Kind::Read => counters.reads,
        Kind::Write => counters.writes,
        Kind::Flush => counters.flushes,
    };
    if asked < first {
        return Ok(false);
    }
    let left = disk.cut(*luck.pick(&Survivors::ALL), luck);
    recover(&left, model, logged, luck).map(|_| true).map_err(|why| {
        let used = used.err().unwrap_or_else(|| "was used".to_owned());
        let tape = disk.tape();
        let past = tape.describe(tape.length().saturating_sub(24)..tape.length());
        format!("after {fault:?} during recovery, where it {used}: {why}\n{past}")
    })
}

fn once(image: &Image, model: &Model, rigour: Rigour) -> Result<Recovered, String> {
    let (found, mounted) = (image.clone(), Mounted::new(image.clone())?);
    let tree = mounted.walk()?;
    let model = compare::judge(model, &tree, rigour)?;
    let image = mounted.unmount()?;
    judge::after_unmount(&image).map_err(|why| format!("unmounted: {why}"))?;
    Ok(Recovered { found, image, model, cuts: 1 })
}

/// Cuts a recovery off at some moment and recovers from that. Replaying finds the same again.
fn again(image: &Image, model: &Model, logged: bool, luck: &Luck) -> Result<u64, String> {
    let mounted = Mounted::new(image.clone())?;
    let disk = mounted.disk.clone();
    mounted.unmount()?;
    let tape = disk.tape();
    let mut replay = tape.replay();
    replay.reach(luck.index(tape.length() + 1));
    let second = replay.cut(*luck.pick(&Survivors::ALL), luck);
    Ok(recover(&second, model, logged, luck)?.map_or(0, |recovered| recovered.cuts))
}
