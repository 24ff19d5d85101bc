//! From what a power cut left back to a file system in use, judged at every step.

use crate::compare::{self, Rigour};
use crate::judge;
use crate::model::Model;
use crate::observe::Mounted;
use sim::{Image, Luck, Survivors};

/// One recovery in so many is itself cut off.
const CRASHES_DURING_RECOVERY: u64 = 8;

/// What a power cut came to in the end.
pub struct Recovered {
    /// What is on the disk, unmounted.
    pub image: Image,
    /// What is in the files, all of it durable.
    pub model: Model,
    /// Power cuts on the way, the first among them.
    pub cuts: u64,
}

/// Recovers from a cut while things were as in `model`: fsck, replay, a walk through everything,
/// and an orderly end. Now and then the power fails again on the way.
///
/// # Errors
/// The rule that was broken.
pub fn recover(cut: &Image, model: &Model, logged: bool, luck: &Luck) -> Result<Recovered, String> {
    let mut recovered = once(cut, model, logged)?;
    if luck.one_in(CRASHES_DURING_RECOVERY) {
        recovered.cuts += again(cut, &recovered.model, logged, luck)
            .map_err(|why| format!("after a second cut, during recovery: {why}"))?;
    }
    Ok(recovered)
}

fn once(cut: &Image, model: &Model, logged: bool) -> Result<Recovered, String> {
    let (image, rigour) = ready(cut, logged)?;
    let mounted = Mounted::new(image)?;
    let tree = mounted.walk()?;
    let model = compare::judge(model, &tree, rigour)?;
    let image = mounted.unmount()?;
    judge::after_unmount(&image).map_err(|why| format!("unmounted: {why}"))?;
    Ok(Recovered { image, model, cuts: 1 })
}

/// What can be mounted: without a log only what fsck has mended.
fn ready(cut: &Image, logged: bool) -> Result<(Image, Rigour), String> {
    if logged {
        judge::after_cut(cut)?;
        Ok((cut.clone(), Rigour::Atomic))
    } else {
        Ok((judge::mend(cut)?, Rigour::Ordered))
    }
}

/// Cuts a recovery off at some moment and recovers from that. Replaying finds the same again.
fn again(cut: &Image, model: &Model, logged: bool, luck: &Luck) -> Result<u64, String> {
    let (image, _) = ready(cut, logged)?;
    let mounted = Mounted::new(image)?;
    let disk = mounted.disk.clone();
    mounted.unmount()?;
    let tape = disk.tape();
    let mut replay = tape.replay();
    replay.reach(luck.index(tape.length() + 1));
    let second = replay.cut(*luck.pick(&Survivors::ALL), luck);
    once(&second, model, logged).map(|recovered| recovered.cuts)
}
