//! What is said in a SYN survives in a cookie, and nobody can make one.

use super::*;
use proptest::prelude::{any, proptest};

fn numbers() -> Numbers {
    Numbers::new([3; 16])
}

proptest! {
    #[test]
    fn a_cookie_brings_back_what_was_said(
        mss in 88..9000_u16, scale in 0..15_u8, sack: bool, ecn: bool, now in 0..1_u64 << 60, port: u16,
    ) {
        let now = Instant(now);
        let scale = (scale < 14).then_some(scale);
        let said = Handshake {
            first: SeqNo(0), peer_first: PEER, mss, window_scale: scale, sack, timestamp: Some(500), ecn,
            is_repeated: false,
        };
        let first = cookies::number(&numbers(), &pair(port), &said, now);
        let clock = cookies::clock(&numbers(), &pair(port), &said, now);
        let real = timestamp(numbers().clock_offset(&pair(port)), now);
        assert!(real.wrapping_sub(clock) < 128, "the clock does not go ahead");
        let answer = backlog::answer(&Handshake { first, ..said }, MSS, clock);
        let later = now + Duration::from_secs(59);
        let found = cookies::check(&numbers(), &pair(port), &third(&answer), later).unwrap();
        assert!(found.mss <= mss && (mss < 536 || found.mss >= 536));
        assert_eq!(found, Handshake { first, mss: found.mss, timestamp: Some(501), ..said });
        let stale = now + Duration::from_secs(121);
        assert_eq!(cookies::check(&numbers(), &pair(port), &third(&answer), stale), None);
        let other = pair(port ^ 1);
        assert_eq!(cookies::check(&numbers(), &other, &third(&answer), later), None);
    }

    #[test]
    fn guesses_are_refused(seq: u32, ack: u32) {
        let guess = segment(Flags::empty(), SeqNo(seq), Some(SeqNo(ack)));
        assert_eq!(cookies::check(&numbers(), &pair(9), &guess, at(0)), None);
    }

    #[test]
    fn first_numbers_go_forward_and_differ(port in any::<u16>()) {
        let first = numbers().first(&pair(port), at(0));
        assert_eq!(first.bytes_to(numbers().first(&pair(port), at(1000))), 250_000);
        assert_ne!(first, numbers().first(&pair(port ^ 1), at(0)));
        assert_ne!(first, Numbers::new([4; 16]).first(&pair(port), at(0)));
    }
}
