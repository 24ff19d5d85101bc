//! Every input kept in `corpus/` and `regressions/` once more, and some that luck makes, without a fuzzer.

use fuzz::{TARGETS, Target};
use std::path::Path;

/// Runs the inputs in a folder of a target, if it has one, and counts them.
fn replay(folder: &str, (name, target): Target) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    let Ok(files) = std::fs::read_dir(&folder) else { return 0 };
    let run = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("a file").path();
        println!("{}", path.display());
        target(&std::fs::read(&path).expect("an input"));
    };
    files.map(run).count()
}

#[test]
fn the_corpus_holds() {
    for target in TARGETS {
        assert!(replay("corpus", target) > 0, "{} has no corpus", target.0);
    }
}

#[test]
fn what_was_found_stays_fixed() {
    TARGETS.into_iter().for_each(|target| {
        replay("regressions", target);
    });
}

#[test]
fn luck_finds_nothing() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (_, target) in TARGETS {
        for _ in 0..200 {
            let length = next() % 400;
            let input: Vec<u8> = (0..length).map(|_| next() as u8).collect();
            target(&input);
        }
    }
}

#[test]
fn the_empty_input_is_an_input() {
    TARGETS.iter().for_each(|(_, target)| target(&[]));
}
