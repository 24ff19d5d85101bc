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
    Ok(Some(recovered))
}

fn once(image: &Image, model: &Model, rigour: Rigour) -> Result<Recovered, String> {
    let mounted = Mounted::new(image.clone())?;
    let tree = mounted.walk()?;
    let model = compare::judge(model, &tree, rigour)?;
    let image = mounted.unmount()?;
    judge::after_unmount(&image).map_err(|why| format!("unmounted: {why}"))?;
    Ok(Recovered { image, model, cuts: 1 })
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
