//! The power is cut while the first mount makes a log.

use abi::FileSystemId;
use scenarios::judge;
use scenarios::layouts::{Layout, Shape};
use scenarios::observe::Mounted;
use sim::{Image, Luck, Survivors};

/// Large enough for a log.
const SIZE_BYTES: u64 = 26 << 20;

/// As often as luck has a say.
const TRIES: u32 = 4;

/// What the first mount of this layout has written, cut everywhere.
fn cut_everywhere(layout: Layout) {
    let shape = Shape { bytes_per_inode: 65536, ..Shape::small(SIZE_BYTES) };
    let first = Mounted::new(layout.image(FileSystemId(77), shape)).expect("a mount");
    let tape = first.disk.tape();
    let luck = Luck::new(17);
    let mut replay = tape.replay();
    for moment in 0..=tape.length() {
        replay.reach(moment);
        let cuts =
            Survivors::ALL.into_iter().flat_map(|survivors| (0..TRIES).map(move |_| survivors));
        for survivors in cuts {
            let image = replay.cut(survivors, &luck);
            if let Err(why) = goes_on(&image) {
                let past = tape.describe(0..moment);
                panic!("{layout}, cut at {moment} ({survivors:?}): {why}\n{past}");
            }
            if replay.at_risk() == 0 {
                break;
            }
        }
    }
    assert!(tape.length() > 20, "a log was made");
    judge::after_unmount(&first.unmount().expect("all written")).expect("clean");
}

/// Whether it can be mounted, mended and used.
fn goes_on(image: &Image) -> Result<(), String> {
    if let Err(why) = Mounted::new(image.clone())
        && why.starts_with("cannot mount")
    {
        return Err(why);
    }
    let mended = judge::mend(image)?.ok_or("there is space enough to mend it")?;
    judge::after_unmount(&mended)?;
    judge::after_unmount(&Mounted::new(mended)?.unmount()?)
}

#[test]
fn a_cut_while_the_log_is_made_leaves_what_can_be_mended() {
    (4..8).map(Layout::numbered).for_each(cut_everywhere);
}
