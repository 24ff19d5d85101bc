//! What every driver promises of fills.

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
