//! UDP: sizes, and answers that come from where the question went.

use crate::harness::{Actor, PATIENCE, pattern, with_every_backend};
use std::net::{IpAddr, SocketAddr, UdpSocket};

fn client(to: IpAddr) -> UdpSocket {
    let own = if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    let client = UdpSocket::bind(own).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn ask(client: &UdpSocket, to: SocketAddr, question: &[u8]) -> (Vec<u8>, SocketAddr) {
    client.send_to(question, to).unwrap();
    let mut answer = vec![0; 70_000];
    let (count, from) = client.recv_from(&mut answer).unwrap();
    answer.truncate(count);
    (answer, from)
}

#[test]
fn datagrams_of_every_size_come_back() {
    with_every_backend(|home| {
        let address = home.serve(Actor::echo);
        let client = client(address.ip());
        for size in [1, 120, 8_192, 32_768, 65_507, 0, 2] {
            let (answer, from) = ask(&client, address, &pattern(size));
            assert!(answer == pattern(size), "{size} bytes");
            assert_eq!(from, address);
        }
    });
}

#[test]
fn a_wildcard_answers_from_the_address_that_was_asked() {
    with_every_backend(|home| {
        for (wildcard, asked) in
            [("0.0.0.0:0", &["127.0.0.1", "127.0.0.77", "127.3.2.1"][..]), ("[::]:0", &["::1"])]
        {
            let port = home.serve_at(wildcard, Actor::echo).port();
            for asked in asked {
                let to = SocketAddr::new(asked.parse().unwrap(), port);
                let (answer, from) = ask(&client(to.ip()), to, b"who is there?");
                assert_eq!((&answer[..], from), (&b"who is there?"[..], to));
            }
        }
    });
}

#[test]
fn an_answer_nobody_waits_for_harms_nobody() {
    with_every_backend(|home| {
        let address = home.serve(Actor::echo);
        for _ in 0..100 {
            client(address.ip()).send_to(b"gone already", address).unwrap();
        }
        let client = client(address.ip());
        assert_eq!(ask(&client, address, b"still there?").0, b"still there?");
    });
}
