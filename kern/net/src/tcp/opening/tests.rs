//! Connections that we open.

use super::*;
use crate::tcp::segment::Flags;

const OURS: SeqNo = SeqNo(100);
const PEERS: SeqNo = SeqNo(900);

fn at(milliseconds: u64) -> Instant {
    Instant(1_000_000_000_000 + milliseconds * 1_000_000)
}

fn arrives(sent: &Outgoing) -> Segment<'static> {
    Segment {
        source_port: 0,
        destination_port: 0,
        seq: sent.seq,
        ack: sent.ack,
        flags: sent.flags,
        window: sent.window,
        options: sent.options,
        payload: &[],
        congestion_experienced: false,
    }
}

fn opening(first: SeqNo) -> (Opening, Outgoing) {
    let mut opening = Opening::new(first, 1460, 0, at(0));
    let syn = opening.timeout(at(0)).unwrap().unwrap();
    (opening, syn)
}

fn answered(syn: &Outgoing) -> Outgoing {
    answer(&Handshake::of_syn(PEERS, &arrives(syn)), 1300, 55)
}

#[test]
fn an_answer_opens() {
    // RFC 9293 §3.5, figure 6.
    let (mut opening, syn) = opening(OURS);
    assert_eq!(syn.flags, Flags::SYN | Flags::ECE | Flags::CWR);
    let opened = opening.segment(&arrives(&answered(&syn)), at(5));
    let handshake = Handshake {
        first: OURS,
        peer_first: PEERS,
        mss: 1300,
        window_scale: Some(WINDOW_SCALE),
        sack: true,
        timestamp: Some(55),
        ecn: true,
        is_repeated: false,
    };
    assert_eq!(opened, Progress::Open { handshake, window_bytes: 65_535 });
}

#[test]
fn an_answer_to_something_else_is_reset() {
    // RFC 9293 §3.5, figure 8: what is left of a connection before.
    let (mut opening, syn) = opening(OURS);
    let other = Outgoing { ack: Some(OURS + 7), ..answered(&syn) };
    let Progress::Answer(reset) = opening.segment(&arrives(&other), at(5)) else { panic!() };
    assert_eq!((reset.flags, reset.seq), (Flags::RST, OURS + 7));
    let rst = Outgoing { flags: Flags::RST, ..other };
    assert_eq!(opening.segment(&arrives(&rst), at(5)), Progress::Nothing);
    let rst = Outgoing { ack: None, ..rst };
    assert_eq!(opening.segment(&arrives(&rst), at(5)), Progress::Nothing);
    let rst = Outgoing { ack: Some(OURS + 1), ..rst };
    assert_eq!(opening.segment(&arrives(&rst), at(5)), Progress::Refused);
}

#[test]
fn two_that_open_at_once_have_one_connection() {
    // RFC 9293 §3.5, figure 7.
    let ((mut ours, our_syn), (mut theirs, their_syn)) = (opening(OURS), opening(PEERS));
    let Progress::Answer(ours_again) = ours.segment(&arrives(&their_syn), at(1)) else { panic!() };
    let Progress::Answer(theirs_again) = theirs.segment(&arrives(&our_syn), at(1)) else {
        panic!()
    };
    assert_eq!((ours_again.seq, ours_again.ack), (OURS, Some(PEERS + 1)));
    for (end, answer, first) in [(&mut ours, theirs_again, OURS), (&mut theirs, ours_again, PEERS)]
    {
        let Progress::Open { handshake, window_bytes } = end.segment(&arrives(&answer), at(2))
        else {
            panic!("{end:?}")
        };
        assert_eq!((handshake.first, window_bytes, handshake.sack), (first, 65_535, true));
    }
}

#[test]
fn a_crossed_opening_is_not_easily_disturbed() {
    let ((mut ours, _), (_, their_syn)) = (opening(OURS), opening(PEERS));
    ours.segment(&arrives(&their_syn), at(1));
    let bare = Outgoing { seq: PEERS + 1, ack: Some(OURS + 1), window: 10, ..Outgoing::default() };
    let rst = Outgoing { flags: Flags::RST, ..bare.clone() };
    let guessed = Outgoing { seq: PEERS + 2, ..rst.clone() };
    assert!(matches!(ours.segment(&arrives(&guessed), at(1)), Progress::Answer(_)));
    let wrong = Outgoing { ack: Some(OURS + 2), ..bare.clone() };
    let Progress::Answer(reset) = ours.segment(&arrives(&wrong), at(1)) else { panic!() };
    assert_eq!((reset.flags, reset.seq), (Flags::RST, OURS + 2));
    let opened = ours.clone().segment(&arrives(&bare), at(1));
    assert!(matches!(opened, Progress::Open { window_bytes: 1280, .. }));
    assert_eq!(ours.segment(&arrives(&rst), at(1)), Progress::Refused);
}

#[test]
fn a_syn_is_repeated_without_what_may_be_in_the_way() {
    let (mut opening, _) = opening(OURS);
    let mut times = alloc::vec::Vec::new();
    let last = loop {
        let now = opening.deadline();
        match opening.timeout(now) {
            Ok(syn) => assert_eq!(syn.map(|syn| syn.flags), Some(Flags::SYN)),
            Err(Unanswered) => break now,
        }
        times.push(now.since(at(0)).as_secs());
    };
    assert_eq!((times.as_slice(), last.since(at(0)).as_secs()), (&[1, 3, 7, 15, 31][..], 63));
    assert_eq!(opening.timeout(at(5)), Ok(None));
}

#[test]
fn an_answer_counts_more_than_a_syn_that_anybody_could_send() {
    let ((mut ours, our_syn), (_, forged)) = (opening(OURS), opening(PEERS + 5000));
    assert!(matches!(ours.segment(&arrives(&forged), at(1)), Progress::Answer(_)));
    let Progress::Open { handshake, .. } = ours.segment(&arrives(&answered(&our_syn)), at(2))
    else {
        panic!("{ours:?}")
    };
    assert_eq!(handshake.peer_first, PEERS);
}

#[test]
fn a_reset_that_a_forged_syn_brought_about_ends_nothing() {
    let ((mut ours, our_syn), (_, forged)) = (opening(OURS), opening(PEERS + 5000));
    // The true peer, which knows nothing of the forged SYN, refuses our answer to it.
    let Progress::Answer(crossed) = ours.segment(&arrives(&forged), at(1)) else { panic!() };
    let rst = reset(&arrives(&crossed));
    assert_eq!((rst.seq, rst.ack), (forged.seq + 1, None));
    assert_eq!(ours.segment(&arrives(&rst), at(2)), Progress::Nothing);
    let opened = ours.clone().segment(&arrives(&answered(&our_syn)), at(3));
    assert!(matches!(opened, Progress::Open { handshake, .. } if handshake.peer_first == PEERS));
    // Or it refuses our SYN itself, when that comes again.
    let now = ours.deadline();
    assert_eq!(now, at(1000), "whatever anybody sends, it comes again in time");
    let again = ours.timeout(now).unwrap().unwrap();
    assert_eq!((again.seq, again.ack), (OURS, None));
    let refusal = reset(&arrives(&again));
    assert_eq!(ours.segment(&arrives(&refusal), now), Progress::Refused);
}

#[test]
fn forged_syns_do_not_put_off_ours_and_are_not_all_answered() {
    let ((mut ours, _), (_, forged)) = (opening(OURS), opening(PEERS));
    let rst = Outgoing { seq: PEERS + 1, flags: Flags::RST, ..Outgoing::default() };
    let answers = (0..900).filter(|&ms| {
        let progress = ours.segment(&arrives(&forged), at(ms));
        assert_eq!(ours.segment(&arrives(&rst), at(ms)), Progress::Nothing);
        progress != Progress::Nothing
    });
    assert!(answers.count() <= 2 * CHALLENGES_PER_SECOND as usize);
    assert_eq!(ours.deadline(), at(1000));
}

#[test]
fn an_answer_to_a_repeated_syn_is_known_for_one() {
    let (mut opening, _) = opening(OURS);
    let syn = opening.timeout(at(1000)).unwrap().unwrap();
    let opened = opening.segment(&arrives(&answered(&syn)), at(1005));
    assert!(matches!(opened, Progress::Open { handshake, .. } if handshake.is_repeated));
}

#[test]
fn a_peer_is_freed_of_who_began_in_our_name_as_well() {
    let ((mut ours, _), (_, forged)) = (opening(OURS), opening(PEERS + 5000));
    ours.segment(&arrives(&forged), at(1));
    // What the true peer says, which a stranger's SYN reached before ours.
    let misled = Outgoing { seq: PEERS + 1, ack: Some(OURS + 900), ..Outgoing::default() };
    let Progress::Answer(reset) = ours.segment(&arrives(&misled), at(2)) else { panic!() };
    assert_eq!((reset.flags, reset.seq), (Flags::RST, OURS + 900));
}
