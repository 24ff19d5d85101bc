//! Somebody means ill, or has no room.

use hyper::Clock;
use scenarios::network::kinds::must_hold;
use scenarios::network::narrow::Narrow;
use scenarios::network::pace::{good_way, near_by};
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

/// Long packets vanish without a word. Small ones arrive, and who sent the long ones gives up after minutes:
/// a way like that is not searched for what it carries (RFC 4821).
#[test]
fn a_black_hole_is_left_alone_in_the_end() {
    for is_v6 in [false, true] {
        let hole = Narrow { mtu_bytes: 1400, is_silent: true };
        let way = good_way(1500, false, near_by());
        let mut world = World::with_middle(&way, Box::new(hole), &Luck::new(1));
        let acts = [
            vec![Act::Send(1000), Act::Hear(1000), Act::Send(100_000), Act::Hear(2000)],
            vec![Act::Hear(1000), Act::Send(1000), Act::HearEnd],
        ];
        world.begin(0, &Conversation { opener: 0, is_v6, acts });
        let end = world.clock.now() + Duration::from_secs(700);
        let is_over = world.run(end, |world| {
            let sides = world.stations.iter();
            sides.filter_map(|side| side.talk(port(0))).all(|side| side.ledger.is_closed)
        });
        assert_eq!(is_over, Ok(true), "both are told");
        assert!(world.sent_frames().iter().sum::<u64>() < 1000, "and it was not tried too often");
        let heard =
            world.stations.each_ref().map(|side| side.talk(port(0)).map(|talk| talk.ledger.heard));
        assert_eq!(heard, [Some(1000), Some(1000)]);
    }
}
