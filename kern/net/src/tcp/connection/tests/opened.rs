//! From the first SYN to the last word: a table on one side, an opening on the other.

use super::*;
use crate::tcp::opening::{Opening, Progress};
use crate::tcp::table::{Table, Verdict};
use core::net::{Ipv4Addr, SocketAddr};

fn pair() -> Pair {
    let end = |last, port| SocketAddr::from((Ipv4Addr::new(10, 0, 0, last), port));
    Pair { local: end(1, 2049), remote: end(2, 900) }
}

fn server() -> Table<End> {
    let mut table = Table::new([1; 16]);
    table.listen(2049);
    table
}

/// Gives the table a segment. What it answers is returned; what it opens is put into it.
fn serve(table: &mut Table<End>, sent: &Outgoing, now: Instant) -> Vec<Outgoing> {
    with_segment(sent, |segment| {
        let key = match table.segment(&pair(), segment, MSS, now) {
            Verdict::Connection(key) => key,
            Verdict::Open(handshake) => {
                table.insert(pair(), accepted(table, handshake, segment)).unwrap().0
            }
            Verdict::Answer(answer) => return vec![answer],
            Verdict::Nothing => return Vec::new(),
        };
        let (_, _, end) = table.get_mut(key).unwrap();
        end.arrive(segment, now);
        let answers = end.leave(now);
        if let Some(over) = end.connection.over() {
            assert_eq!(over, Over::Closed);
            let remembered = end.connection.remembered(pair());
            table.remove(key, remembered, now);
        }
        answers
    })
}

fn accepted(table: &Table<End>, handshake: Handshake, segment: &Segment<'_>) -> End {
    let clock_offset = table.numbers().clock_offset(&pair());
    let settings = Settings { clock_offset, ..settings() };
    let window_bytes = u32::from(segment.window) << handshake.window_scale.unwrap_or(0);
    let connection = Connection::new(handshake, window_bytes, settings, at(1));
    End { connection, received: Vec::new(), sent_bytes: 0, ended: false }
}

/// A client whose SYN was answered by the table.
fn client(table: &mut Table<End>) -> End {
    let mut opening = Opening::new(OURS, MSS, settings().clock_offset, at(0));
    let syn = opening.timeout(at(0)).unwrap().unwrap();
    let answer = serve(table, &syn, at(0)).remove(0);
    let opened = with_segment(&answer, |segment| opening.segment(segment, at(1)));
    let Progress::Open { handshake, window_bytes } = opened else { panic!("{opened:?}") };
    let mut connection = Connection::new(handshake, window_bytes, settings(), at(1));
    connection.acknowledge();
    End { connection, received: Vec::new(), sent_bytes: 0, ended: false }
}

fn talk(table: &mut Table<End>, client: &mut End, now: Instant) {
    loop {
        let sent = client.leave(now);
        if sent.is_empty() {
            return;
        }
        let answers: Vec<_> = sent.iter().flat_map(|sent| serve(table, sent, now)).collect();
        answers.iter().for_each(|sent| with_segment(sent, |segment| client.arrive(segment, now)));
    }
}

#[test]
fn a_handshake_is_a_round_trip() {
    for (answered_ms, expected) in [(30, Some(30)), (0, Some(1)), (5000, None)] {
        let mut table = server();
        let mut client = client(&mut table);
        talk(&mut table, &mut client, at(answered_ms));
        let (_, _, end) = table.get_mut(0).unwrap();
        let expected = expected.map(Duration::from_millis);
        assert_eq!(end.connection.sender.round_trip(), expected, "{answered_ms} ms");
    }
}

#[test]
fn a_client_talks_to_a_table() {
    let mut table = server();
    let mut client = client(&mut table);
    client.connection.send(vec![Bytes::from(vec![1; 5000])], at(2));
    talk(&mut table, &mut client, at(2));
    let (_, stream, end) = table.get_mut(0).unwrap();
    assert_eq!((end.received.len(), end.connection.handshake.ecn), (5000, true));
    end.connection.close(at(3));
    let key = table.key_of(stream).unwrap();
    let fin = table.get_mut(key).unwrap().2.leave(at(3));
    fin.iter().for_each(|sent| with_segment(sent, |segment| client.arrive(segment, at(3))));
    assert!(client.ended);
    client.connection.close(at(4));
    let last = client.leave(at(4));
    let answers: Vec<_> = last.iter().flat_map(|sent| serve(&mut table, sent, at(4))).collect();
    assert_eq!(table.key_of(stream), None);
    assert_eq!(serve(&mut table, last.last().unwrap(), at(5)), a_millisecond_later(&answers));
    answers.iter().for_each(|sent| with_segment(sent, |segment| client.arrive(segment, at(5))));
    assert_eq!(client.connection.over(), Some(Over::Closed));
}

/// The last acknowledgement, as what is remembered of the connection says it then.
fn a_millisecond_later(answers: &[Outgoing]) -> Vec<Outgoing> {
    let mut last = answers.last().unwrap().clone();
    last.options.timestamps = last.options.timestamps.map(|(ours, echo)| (ours + 1, echo));
    vec![last]
}

#[test]
fn data_may_come_with_the_last_step_of_opening() {
    let mut table = server();
    let mut client = client(&mut table);
    client.connection.send(vec![Bytes::from_static(b"early")], at(2));
    let sent = client.one(at(2));
    serve(&mut table, &sent, at(2));
    assert_eq!(table.get_mut(0).unwrap().2.received, b"early");
}

#[test]
fn a_table_is_a_value() {
    let mut table = server();
    let mut client = client(&mut table);
    let (mut other_table, mut other_client) = (table.clone(), client.clone());
    for (table, client) in [(&mut table, &mut client), (&mut other_table, &mut other_client)] {
        client.connection.send(vec![Bytes::from(vec![1; 5000])], at(2));
        talk(table, client, at(2));
    }
    assert_eq!(client, other_client);
    assert_eq!(table.get_mut(0), other_table.get_mut(0));
}
