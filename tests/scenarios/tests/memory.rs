//! Without a disk: the model foresees every answer, and the same seed makes the same run.

use scenarios::model::Model;
use scenarios::recording::{End, Ground, Recording, Settings, record};
use scenarios::workload::{Style, Workload};
use sim::Luck;
use std::time::Duration;

fn run(seed: u64, style: Style) -> Recording {
    let luck = Luck::new(seed);
    let settings = Settings {
        calls: 600,
        depth: 8,
        disk_time: Duration::from_millis(1),
        cache_bytes: 1 << 20,
        end: End::Stop,
        fault: None,
        rest_before: 0,
        discards: None,
        rest_after: None,
    };
    let mut workload = Workload::new(style, luck.fork());
    let next = &mut |model: &Model| workload.next(model);
    let recording = record(Ground::Memory(16 << 20), &Model::default(), &settings, &luck, next);
    recording.unwrap_or_else(|why| panic!("seed {seed}, {style:?}: {why}"))
}

#[test]
fn the_model_foresees_every_answer() {
    for seed in 0..4 {
        for style in Style::ALL {
            assert!(run(seed, style).calls.len() >= 1200);
        }
    }
}

#[test]
fn one_seed_is_one_run() {
    let fingerprint = |seed| run(seed, Style::Mixed).fingerprint();
    assert_eq!(fingerprint(1), fingerprint(1));
    assert_ne!(fingerprint(1), fingerprint(2));
}
