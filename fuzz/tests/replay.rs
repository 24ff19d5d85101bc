//! Every input kept in `corpus/` once more, and some that luck makes, without a fuzzer.

use fuzz::TARGETS;
use std::path::Path;

#[test]
fn the_corpus_holds() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let files = std::fs::read_dir(&folder).expect("each target has a corpus");
        let mut count = 0;
        for file in files {
            let path = file.expect("a file").path();
            println!("{}", path.display());
            target(&std::fs::read(&path).expect("an input"));
            count += 1;
        }
        assert!(count > 0, "{} is empty", folder.display());
    }
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
