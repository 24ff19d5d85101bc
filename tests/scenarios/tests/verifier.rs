//! The write verifier changes when, and only when, unstable data may have been lost: over reboots
//! after cuts at many moments, and over clean ends.

use abi::FileSystemId;
use scenarios::layouts::{Layout, Shape};
use scenarios::model::Model;
use scenarios::operation::Operation;
use scenarios::recording::{End, Ground, Recording, Settings, record};
use scenarios::recovery::{Recovered, recover};
use scenarios::scenario::Cuts;
use scenarios::workload::{Style, Workload};
use sim::{Image, Luck, Survivors};
use std::collections::BTreeSet;
use std::time::Duration;

const ROUNDS: u32 = 5;

/// Moments of a round at which the power is cut; nothing goes on from there.
const MOMENTS: usize = 10;

fn settings(calls: u32, end: End) -> Settings {
    Settings {
        calls,
        depth: 1,
        disk_time: Duration::from_micros(500),
        cache_bytes: 1 << 20,
        end,
        fault: None,
        rest_before: 0,
        discards: None,
        rest_after: None,
    }
}

/// A file system over several lives.
struct Story {
    layout: Layout,
    luck: Luck,
    /// Verifiers of lives that were cut off.
    spent: BTreeSet<u64>,
    /// Reboots of each kind: data was lost; it ended in order.
    lost: u32,
    kept: u32,
}

impl Story {
    /// What clients are told after a reboot: that of a COMMIT which has nothing to do.
    fn verifier(&self, image: &Image, model: &Model) -> Option<u64> {
        let settings = settings(1, End::Abrupt);
        let commit = |model: &Model| {
            let known = model
                .files()
                .find(|(_, file)| file.id.is_some() && file.file_type == abi::FileType::Regular);
            known.map(|(file, _)| Operation::Commit { file, offset_bytes: 0, length_bytes: 0 })
        };
        let ground = Ground::Image(image.clone());
        let recording = record(ground, model, &settings, &self.luck, &mut |model| commit(model));
        recording.unwrap_or_else(|why| panic!("{}: {why}", self.layout)).verifier
    }

    /// The power is cut, and clients come back.
    fn reboot(&mut self, cuts: &Cuts<'_>, before: u64, survivors: Survivors) -> Option<Recovered> {
        let left = cuts.left(survivors);
        let recovered = recover(&left, cuts.model(), self.layout.logged, &self.luck);
        let recovered = recovered.unwrap_or_else(|why| panic!("{}: {why}", self.layout))?;
        let verifier = self.verifier(&recovered.found, &recovered.model)?;
        if !cuts.model().reads_like(&recovered.model) {
            assert_ne!(verifier, before, "{}: data is gone, and nobody is told", self.layout);
            self.lost += 1;
        }
        Some(recovered)
    }

    /// A round that was recorded, cut off at some moments and, if it ended in order, gone on with.
    fn cut(&mut self, recording: &Recording, before: u64, is_stopped: bool) -> Option<Recovered> {
        let length = recording.tape.length();
        let mut moments: Vec<_> = (1..MOMENTS).map(|_| self.luck.index(length)).collect();
        // While it is being stopped, too.
        moments.extend((length.saturating_sub(20)..length).step_by(2));
        moments.sort_unstable();
        let mut cuts = Cuts::new(recording, self.layout.logged, self.luck.fork());
        for moment in moments {
            cuts.reach(moment).unwrap_or_else(|why| panic!("{}: {why}", self.layout));
            for survivors in [Survivors::None, Survivors::All] {
                self.reboot(&cuts, before, survivors);
            }
        }
        cuts.reach(length).unwrap_or_else(|why| panic!("{}: {why}", self.layout));
        if !is_stopped {
            self.spent.insert(before);
            return self.reboot(&cuts, before, Survivors::None);
        }
        let image = cuts.left(Survivors::None);
        let mut model = cuts.model().clone();
        model.stabilize();
        assert_eq!(self.verifier(&image, &model)?, before, "{}: nothing was lost", self.layout);
        self.kept += 1;
        Some(Recovered { found: image.clone(), image, model, cuts: 0 })
    }

    fn tell(&mut self) {
        let mut image = self.layout.image(FileSystemId(77), Shape::small(2 << 20));
        let mut model = Model::default();
        let mut workload = Workload::new(Style::Data, self.luck.fork());
        for round in 0..ROUNDS {
            let is_stopped = round % 2 == 0;
            let settings = settings(50, if is_stopped { End::Stop } else { End::Abrupt });
            let next = &mut |model: &Model| workload.next(model);
            let recording = record(Ground::Image(image), &model, &settings, &self.luck, next)
                .unwrap_or_else(|why| panic!("{}: {why}", self.layout));
            let verifier = recording.verifier.expect("a WRITE in fifty calls");
            assert!(!self.spent.contains(&verifier), "{}: it is told again", self.layout);
            let Some(next) = self.cut(&recording, verifier, is_stopped) else { return };
            (image, model) = (next.found, next.model);
        }
    }
}

fn play(number: u64) {
    let (layout, luck) = (Layout::numbered(number), Luck::new(number));
    let mut story = Story { layout, luck, spent: BTreeSet::new(), lost: 0, kept: 0 };
    story.tell();
    assert!(story.lost > 10 && story.kept > 1, "{} lost, {} kept", story.lost, story.kept);
}

scenarios::test_layouts! {
    play:
    ufs2_little_endian_with_a_log = 0,
    ufs1_big_endian_with_a_log = 3,
    ufs1_little_endian_without_a_log = 5,
    ufs2_big_endian_without_a_log = 6,
}
