//! Conversations between two hosts, over ways good and bad.

use scenarios::network::kinds::{must_hold, play_numbered};

#[test]
fn what_is_said_is_heard_whatever_happens() {
    let played = must_hold("talk", 0..1000);
    assert!(played.heard_bytes > 1 << 20 && played.frames > 10_000);
}

#[test]
fn a_connection_goes_on_in_another_stack() {
    let played = must_hold("moving", 0..600);
    assert!(played.moves > 100, "{} connections moved", played.moves);
}

#[test]
fn one_seed_is_one_conversation() {
    let [first, second] = [(); 2].map(|()| play_numbered(8 * 7).expect("it holds"));
    assert_eq!(first, second);
    assert_ne!(first, play_numbered(8 * 8).expect("it holds"));
}
