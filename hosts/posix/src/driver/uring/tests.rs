//! What the driver promises when more sockets are ready than there are buffers.

use super::buffers::RECEIVE_BUFFERS;
use super::*;
use std::io::Write;
use std::os::unix::net::UnixStream;

/// More than there are buffers, several times.
const SOCKETS: usize = 4 * RECEIVE_BUFFERS as usize + 5;

/// A moment in which everything that is going to happen at once has happened.
const MOMENT: Duration = Duration::from_millis(50);

/// A driver whose sockets are all ready, and their other ends.
fn all_ready() -> (UringDriver, Vec<UnixStream>) {
    let mut driver = UringDriver::new().expect("this kernel has io_uring");
    let mut clients = Vec::new();
    for key in (0..SOCKETS).map(SocketKey) {
        let (mut client, server) = UnixStream::pair().expect("descriptors");
        client.write_all(b"ready").expect("room");
        driver.adopt(key, server.into()).expect("a new key");
        clients.push(client);
    }
    (driver, clients)
}

/// Waits until nothing happens any more. Returns the same as [`wait`].
fn wait_for_all(driver: &mut UringDriver) -> [Vec<SocketKey>; 3] {
    let mut all = <[Vec<SocketKey>; 3]>::default();
    loop {
        let ended = wait(driver);
        if ended.iter().all(Vec::is_empty) {
            return all;
        }
        all.iter_mut().zip(ended).for_each(|(all, ended)| all.extend(ended));
    }
}

/// Waits once. Returns whose receive ended with bytes, with no buffer, and with another error.
fn wait(driver: &mut UringDriver) -> [Vec<SocketKey>; 3] {
    let mut ended = <[Vec<SocketKey>; 3]>::default();
    let mut sink = |event: Event<'_>| {
        let Event::Received { stream, result, waiting } = event else { return };
        let kind = match result {
            Ok(bytes) => usize::from(bytes != b"ready") * 2,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waiting => 1,
            Err(_) => 2,
        };
        ended[kind].push(stream);
    };
    driver.wait(Some(MOMENT), &mut sink).expect("waits");
    ended
}

#[test]
fn a_receive_without_a_buffer_ends_and_is_not_started_anew() {
    let (mut driver, _clients) = all_ready();
    (0..SOCKETS).for_each(|key| driver.start_receive(SocketKey(key), 0));
    let ended = wait_for_all(&mut driver);
    assert!(!ended[1].is_empty(), "somebody found no buffer");
    assert_eq!(ended.iter().map(Vec::len).sum::<usize>(), SOCKETS);
    assert_eq!(driver.under_way, 1, "only the wake-up is waited for");
}

#[test]
fn more_ready_sockets_than_buffers_are_served_in_turn_and_never_in_vain() {
    let (mut driver, _clients) = all_ready();
    let (mut served, mut in_vain) = (Vec::new(), 0);
    (0..SOCKETS).for_each(|key| driver.receive(SocketKey(key), true));
    while served.len() < SOCKETS {
        let [received, without, failed] = wait(&mut driver);
        assert!(failed.is_empty(), "{failed:?}");
        assert!(received.len() + without.len() > 0, "{} of {SOCKETS}", served.len());
        in_vain += without.len();
        served.extend(received);
        without.into_iter().for_each(|key| driver.receive(key, true));
    }
    assert_eq!(in_vain, 0, "receives in vain");
    served.sort_unstable();
    served.dedup();
    assert_eq!(served.len(), SOCKETS);
}

#[test]
fn a_receive_that_waits_for_its_turn_ends_when_it_is_canceled() {
    let (mut driver, _clients) = all_ready();
    (0..SOCKETS).for_each(|key| driver.receive(SocketKey(key), true));
    (0..SOCKETS).for_each(|key| driver.cancel(SocketKey(key)));
    let mut ended = wait_for_all(&mut driver).concat();
    ended.sort_unstable();
    assert!(ended.into_iter().eq((0..SOCKETS).map(SocketKey)));
    assert_eq!(driver.under_way, 1, "only the wake-up is waited for");
}

#[test]
fn a_fill_that_the_kernel_did_not_find_is_canceled_once_more() {
    let mut driver = UringDriver::new().expect("this kernel has io_uring");
    let (_client, server) = UnixStream::pair().expect("descriptors");
    let key = SocketKey(0);
    driver.adopt(key, server.into()).expect("a new key");
    let fill = Fill { buffer: Vec::with_capacity(100), count_bytes: 100 };
    driver.fill(key, fill, false);
    for (is_to_go, left) in [(false, 1), (true, 0)] {
        driver.fills.get_mut(&key).expect("under way").let_go = is_to_go;
        driver.let_go_ended(key, -libc::ENOENT);
        (0..3).for_each(|_| drop(wait(&mut driver)));
        assert_eq!(driver.fills.len(), left);
    }
    driver.let_go_ended(key, -libc::ENOENT);
}
