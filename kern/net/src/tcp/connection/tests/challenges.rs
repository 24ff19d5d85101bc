//! Segments of those who guess (RFC 5961), leftovers (RFC 7323 §5), and worse.

use super::*;
use crate::tcp::limits::CHALLENGES_PER_SECOND;
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

fn end() -> End {
    End::new(OURS, PEERS)
}

/// Sends a segment, and expects nothing but a challenge.
fn assert_challenged(end: &mut End, segment: &Segment<'_>) {
    let (received, state) = (end.received.len(), end.connection.state());
    end.arrive(segment, at(1000));
    let challenge = end.one(at(1000));
    assert_eq!((challenge.seq, challenge.ack), (OURS + 1, Some(PEERS + 1)));
    assert_eq!((challenge.flags, challenge.payload_bytes), (Flags::empty(), 0));
    assert_eq!((end.received.len(), end.connection.state()), (received, state));
}

#[test]
fn only_the_exact_number_resets() {
    // RFC 5961 §3.2.
    let mut end = end();
    let rst = Segment { flags: Flags::RST, ..nothing(&end, at(1000)) };
    assert_challenged(&mut end, &Segment { seq: rst.seq + 1, ..rst });
    assert_challenged(&mut end, &Segment { seq: rst.seq + 65_000, ..rst });
    for outside in [rst.seq - 1, rst.seq + 70_000] {
        end.arrive(&Segment { seq: outside, ..rst }, at(1000));
        end.quiet(at(1000));
    }
    end.arrive(&Segment { ack: None, ..rst }, at(1000));
    assert_eq!(end.connection.over(), Some(Over::Reset));
    end.quiet(at(1000));
}

#[test]
fn a_syn_is_challenged() {
    // RFC 5961 §4.2.
    let mut end = end();
    let syn = Segment { flags: Flags::SYN, ..nothing(&end, at(1000)) };
    assert_challenged(&mut end, &syn);
    assert_challenged(&mut end, &Segment { seq: syn.seq - 1, ack: None, ..syn });
    assert_challenged(&mut end, &Segment { seq: syn.seq + 100_000, ..syn });
    // A machine that was started anew, and uses no timestamps now.
    let anew = Segment { ack: None, options: Options::default(), ..syn };
    assert_challenged(&mut end, &Segment { seq: syn.seq + 100_000_000, ..anew });
    end.arrive(&Segment { flags: Flags::RST, ..anew }, at(1000));
    assert_eq!(end.connection.over(), Some(Over::Reset));
}

#[test]
fn acknowledgements_are_believed_within_bounds() {
    // RFC 5961 §5.2.
    let mut end = end();
    let payload = b"injected";
    let segment = Segment { payload, ..nothing(&end, at(1000)) };
    assert_challenged(&mut end, &Segment { ack: Some(OURS + 2), ..segment });
    assert_challenged(&mut end, &Segment { ack: Some(OURS - 70_000), ..segment });
    end.arrive(&Segment { ack: None, ..segment }, at(1000));
    end.quiet(at(1000));
    assert!(end.received.is_empty());
    end.arrive(&Segment { ack: Some(OURS - 60_000), ..segment }, at(1000));
    assert_eq!(end.received, payload, "an old one does not keep bytes out");
}

#[test]
fn leftovers_are_dropped_and_answered() {
    // RFC 7323 §5.3.
    let mut end = end();
    let segment = Segment { payload: b"old", ..nothing(&end, at(1000)) };
    let timestamps = Some((timestamp_of(at(0)) - 1, 0));
    let options = Options { timestamps, ..Options::default() };
    assert_challenged(&mut end, &Segment { options, ..segment });
    end.arrive(&Segment { options: Options::default(), ..segment }, at(1000));
    end.quiet(at(1000));
    assert!(end.received.is_empty());
    let rst = Segment { flags: Flags::RST, payload: &[], options, ..segment };
    end.arrive(&rst, at(1000));
    assert_eq!(end.connection.over(), Some(Over::Reset), "a RST needs no timestamp");
}

#[test]
fn challenges_are_limited() {
    // RFC 5961 §7.
    let mut end = end();
    let syn = Segment { flags: Flags::SYN, ..nothing(&end, at(1000)) };
    let mut answers = 0;
    for _ in 0..1000 {
        end.arrive(&syn, at(1000));
        answers += end.leave(at(1000)).len();
    }
    assert_eq!(answers, CHALLENGES_PER_SECOND as usize);
}

#[test]
fn repeated_bytes_are_always_acknowledged() {
    let mut end = end();
    let segment = Segment { payload: b"again", ..nothing(&end, at(1000)) };
    end.arrive(&segment, at(1000));
    for _ in 0..100 {
        end.arrive(&segment, at(1000));
        let again = end.one(at(1000));
        assert_eq!(again.options.sack[0].map(|block| block.start), Some(PEERS + 1));
    }
    assert_eq!(end.received, b"again");
}

#[test]
fn a_closed_window_takes_acknowledgements() {
    let mut end = end();
    end.connection.pause(true, at(0), &mut |_| ());
    let payload = vec![0; 70_000];
    end.arrive(&Segment { payload: &payload, ..nothing(&end, at(10)) }, at(10));
    assert!(end.leave(at(10))[0].window <= 12);
    end.connection.send(vec![Bytes::from_static(b"data")], at(10));
    end.leave(at(10));
    let probe = Segment { payload: b"x", ..nothing(&end, at(10)) };
    for _ in 0..2000 {
        end.arrive(&Segment { seq: end.connection.receiver.next(), ..probe }, at(10));
        assert_eq!(end.leave(at(10)).len(), 1, "a probe is answered");
    }
    assert_eq!(end.sent_bytes, 4);
}

fn segments() -> impl Strategy<Value = Vec<Forged>> {
    let near = prop_oneof![-5..5_i32, -70_000..70_000_i32, any::<i32>()];
    let bytes = prop_oneof![0..1_usize, 0..2000_usize];
    let forged = (near.clone(), near, any::<u8>(), bytes, any::<(u16, bool, i32, bool)>());
    prop::collection::vec(forged, 0..60)
}

/// Distances of the numbers from the right ones, flags, payload; window, ACK, clock, timestamps.
type Forged = (i32, i32, u8, usize, (u16, bool, i32, bool));

proptest! {
    #[test]
    fn forged_segments_neither_panic_nor_reset(forged in segments()) {
        let mut end = end();
        end.connection.send(vec![Bytes::from(vec![1; 5000])], at(0));
        for (seq, ack, flags, bytes, (window, has_ack, clock, has_clock)) in forged {
            let right = nothing(&end, at(1000));
            let mut segment = Segment { window, payload: &[9; 2000][..bytes], ..right };
            segment.flags = Flags::from_bits_truncate(flags);
            segment.seq = SeqNo(right.seq.0.wrapping_add_signed(seq));
            segment.ack = right.ack.filter(|_| has_ack).map(|at| SeqNo(at.0.wrapping_add_signed(ack)));
            let clock = timestamp_of(at(1000)).wrapping_add_signed(clock);
            segment.options.timestamps = has_clock.then_some((clock, clock));
            let is_exact = seq == 0 && segment.flags.contains(Flags::RST);
            let was_over = end.connection.over();
            end.arrive(&segment, at(1000));
            let replies = end.leave(at(1000));
            assert!(replies.len() <= 12, "{} replies", replies.len());
            let is_reset = was_over.is_none() && end.connection.over() == Some(Over::Reset);
            assert!(!is_reset || is_exact);
            assert!(end.connection.kept_bytes() < 200_000);
            end.connection.timeout(at(1000));
        }
    }
}
