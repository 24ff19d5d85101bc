//! Somebody means ill, or has no room.

use hyper::Clock;
use scenarios::network::kinds::must_hold;
use scenarios::network::narrow::Narrow;
use scenarios::network::pace::{good_way, near_by};
use scenarios::network::station::Station;
use scenarios::network::talk::Act;
use scenarios::network::world::{Conversation, World, port};
use sim::Luck;
use std::time::Duration;

#[test]
fn who_does_not_know_the_numbers_does_no_harm() {
    let played = must_hold("attacked", 0..250);
    assert!(played.heard_bytes > 1 << 20);
}

#[test]
fn who_lies_is_borne_and_got_rid_of() {
    must_hold("lied to", 0..250);
}

#[test]
fn a_narrow_way_is_found() {
    let played = must_hold("narrow", 0..100);
    assert!(played.heard_bytes > 1 << 20);
}

#[test]
fn a_black_hole_is_found() {
    let played = must_hold("black hole", 0..100);
    assert!(played.heard_bytes > 1 << 20);
}

/// Long packets vanish without a word: the first are missed for seconds, further ones for no time.
#[test]
fn a_black_hole_is_found_once_for_all_that_go_there() {
    for is_v6 in [false, true] {
        let hole = Narrow { mtu_bytes: 1400, is_silent: true };
        let way = good_way(1500, false, near_by());
        let mut world = World::with_middle(&way, Box::new(hole), &Luck::new(1));
        let mut talk = |number: usize, within: Duration| {
            let acts = [
                vec![Act::Send(1000), Act::Hear(500), Act::Send(100_000), Act::Close],
                vec![Act::Hear(1000), Act::Send(500), Act::HearEnd, Act::Close],
            ];
            world.begin(number, &Conversation { opener: 0, is_v6, acts });
            let end = world.clock.now() + within;
            let is_over = world.run(end, |world| {
                let sides = world.stations.iter();
                sides.filter_map(|side| side.talk(port(number))).all(|side| side.ledger.is_closed)
            });
            assert_eq!(is_over, Ok(true));
            let heard = |side: &Station| side.talk(port(number)).map(|talk| talk.ledger.heard);
            assert_eq!(world.stations.each_ref().map(heard), [Some(500), Some(101_000)]);
        };
        talk(0, Duration::from_secs(10));
        talk(1, Duration::from_millis(500));
    }
}
