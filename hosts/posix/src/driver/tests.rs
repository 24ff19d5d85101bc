//! What every driver promises of fills, and of receives that are called back.

use super::*;
use std::io::Write;
use std::os::unix::net::UnixStream;

const KEY: SocketKey = SocketKey(0);

/// The next fill that ends, and what is in its buffer.
fn ended(driver: &mut dyn Driver) -> Option<(bool, Vec<u8>)> {
    let mut ended = None;
    for _ in 0..5 {
        let mut sink = |event: Event<'_>| {
            if let Event::Filled { stream: KEY, result, fill } = event {
                ended = Some((result.is_ok(), fill.buffer));
            }
        };
        driver.wait(Some(Duration::from_millis(20)), &mut sink).expect("waits");
    }
    ended
}

#[test]
fn a_fill_that_is_let_go_of_ends_though_nothing_arrives() {
    for backend in [Backend::Auto, Backend::Poll] {
        let (mut driver, name) = open(backend).expect("a driver");
        let (mut client, server) = UnixStream::pair().expect("descriptors");
        driver.adopt(KEY, server.into()).expect("a new key");
        let begun = || {
            let mut buffer = Vec::with_capacity(100);
            buffer.extend_from_slice(b"begun ");
            Fill { buffer, count_bytes: 94 }
        };
        for waiting in [false, true] {
            driver.fill(KEY, begun(), waiting);
            assert_eq!(ended(&mut *driver), None, "{name}: nothing to fill it with");
            driver.let_go(KEY);
            assert_eq!(ended(&mut *driver), Some((false, b"begun ".to_vec())), "{name}");
            driver.let_go(KEY);
        }
        client.write_all(&[7; 94]).expect("room");
        driver.fill(KEY, begun(), true);
        let expected = [&b"begun "[..], &[7; 94]].concat();
        assert_eq!(ended(&mut *driver), Some((true, expected)), "{name}");
    }
}

#[test]
fn many_fills_are_let_go_of_while_bytes_arrive() {
    const SOCKETS: usize = 400;
    let (mut driver, _) = open(Backend::Auto).expect("a driver");
    let mut clients = Vec::new();
    let (mut under_way, mut is_early, mut waits) = (SOCKETS, true, 0);
    for key in (0..SOCKETS).map(SocketKey) {
        let (client, server) = UnixStream::pair().expect("descriptors");
        driver.adopt(key, server.into()).expect("a new key");
        let fill = Fill { buffer: Vec::with_capacity(1 << 16), count_bytes: 1 << 16 };
        driver.fill(key, fill, false);
        clients.push(client);
    }
    while under_way > 0 {
        waits += 1;
        assert!(waits < 1000, "{under_way} fills are left");
        clients.iter_mut().for_each(|client| client.write_all(b"x").expect("room"));
        let mut sink =
            |event: Event<'_>| under_way -= usize::from(matches!(event, Event::Filled { .. }));
        driver.wait(Some(Duration::ZERO), &mut sink).expect("waits");
        if std::mem::take(&mut is_early) {
            (0..SOCKETS).for_each(|key| driver.let_go(SocketKey(key)));
            clients.iter_mut().for_each(|client| client.write_all(b"y").expect("room"));
        }
    }
}

#[test]
fn a_receive_that_is_let_go_of_ends_and_its_socket_goes_on_with_another_driver() {
    for backend in [Backend::Auto, Backend::Poll] {
        let [(mut one, name), (mut other, _)] = [(); 2].map(|()| open(backend).expect("a driver"));
        let (mut client, server) = UnixStream::pair().expect("descriptors");
        one.adopt(KEY, server.into()).expect("a new key");
        for waiting in [false, true] {
            one.receive(KEY, waiting);
            assert_eq!(received(&mut *one), None, "{name}: nothing is there");
            one.let_go(KEY);
            assert_eq!(received(&mut *one), Some(None), "{name}: it ends without bytes");
        }
        let socket = one.surrender(KEY).expect("it was adopted");
        assert!(one.surrender(KEY).is_none());
        other.adopt(KEY, socket).expect("a new key");
        other.receive(KEY, false);
        client.write_all(b"for the other").expect("room");
        assert_eq!(received(&mut *one), None, "{name}");
        assert_eq!(received(&mut *other), Some(Some(b"for the other".to_vec())), "{name}");
    }
}

/// The next receive that ends, and its bytes if it has some.
fn received(driver: &mut dyn Driver) -> Option<Option<Vec<u8>>> {
    let mut ended = None;
    for _ in 0..5 {
        let mut sink = |event: Event<'_>| {
            if let Event::Received { stream: KEY, result, .. } = event {
                ended = Some(result.ok().map(<[u8]>::to_vec));
            }
        };
        driver.wait(Some(Duration::from_millis(20)), &mut sink).expect("waits");
    }
    ended
}
