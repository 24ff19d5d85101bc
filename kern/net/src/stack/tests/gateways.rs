//! Gateways that fall silent, and come back.

use super::*;
use crate::limits::GATEWAY_RETRY;
use crate::neighbours::Claim;

const START: Instant = Instant(1_000_000_000);

/// A host whose gateways answer when they are told to.
struct Network {
    stack: Stack,
    gateways: [IpAddr; 2],
    far: SocketAddr,
    now: Instant,
}

/// Where gateways are.
fn station(index: usize) -> [u8; 6] {
    [2, 7, 7, 7, 7, index as u8]
}

impl Network {
    fn new(gateways: [&str; 2], far: &str) -> Self {
        let gateways = gateways.map(address);
        let config = Config { gateways: gateways.to_vec(), ..config(1) };
        let link = LinkProperties { mac: None, mtu_bytes: 1500, offload: LinkOffload::default() };
        let stack = Stack::new(config, &link, [5; 16], START);
        let far = SocketAddr::new(address(far), 9);
        let mut network = Self { stack, gateways, far, now: START };
        network.wait(Duration::from_secs(10));
        network
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.stack.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.stack.advance(self.now, &mut |_| {});
            while self.stack.next_frame(self.now).is_some() {}
        }
        self.now = end;
    }

    fn answers(&mut self, index: usize) {
        let claim = Claim { station: Some(station(index)), is_answer: true, overrides: true };
        let Stack { neighbours, wire, .. } = &mut self.stack;
        neighbours.claimed(self.gateways[index], claim, self.now, wire);
    }

    /// Sends something far away. Says by which gateway it left at once.
    fn sent_by(&mut self) -> Option<usize> {
        let own = self.stack.addresses.source_for(self.far.ip()).unwrap();
        self.stack.send_udp((own, 2049).into(), self.far, vec![], self.now);
        self.stack.ask_questions(self.now);
        let frames = core::iter::from_fn(|| self.stack.next_frame(self.now));
        let stations: Vec<_> = frames.map(|frame| frame.head[..6].to_vec()).collect();
        (0..2).find(|index| stations.iter().any(|to| to[..] == station(*index)))
    }
}

fn networks() -> [Network; 2] {
    [
        Network::new(["10.0.0.9", "10.0.0.8"], "192.0.2.7"),
        Network::new(["fd00::9", "fd00::8"], "2001:db8::7"),
    ]
}

#[test]
fn a_gateway_that_never_answers_is_left_for_the_next() {
    for mut network in networks() {
        assert_eq!(network.sent_by(), None, "the first one is asked for");
        network.wait(Duration::from_secs(3));
        assert_eq!(network.sent_by(), None, "the second one is");
        network.answers(1);
        assert_eq!(network.sent_by(), Some(1));
        // It goes on answering, and the first one is asked for, to no avail.
        for _ in 0..100 {
            network.wait(Duration::from_secs(7));
            assert_eq!(network.sent_by(), Some(1));
            network.wait(Duration::from_secs(6));
            network.answers(1);
        }
    }
}

#[test]
fn a_gateway_that_falls_silent_is_left_until_it_answers_again() {
    for mut network in networks() {
        network.sent_by();
        network.answers(0);
        assert_eq!(network.sent_by(), Some(0));
        network.wait(Duration::from_secs(31));
        assert_eq!(network.sent_by(), Some(0), "its answer is old, and is checked");
        network.wait(Duration::from_secs(9));
        network.sent_by();
        network.answers(1);
        assert_eq!(network.sent_by(), Some(1));
        network.wait(GATEWAY_RETRY);
        assert_eq!(network.sent_by(), Some(1));
        network.answers(0);
        network.sent_by();
        assert_eq!(network.sent_by(), Some(0), "the question for it is answered");
    }
}

#[test]
fn silent_gateways_take_turns() {
    for mut network in networks() {
        for round in 0..6 {
            let next = network.stack.routes.gateway(network.far.ip());
            assert_eq!(next, Some(network.gateways[round % 2]), "{round}");
            network.sent_by();
            network.wait(Duration::from_secs(4));
        }
        let asked = network.stack.neighbours.count();
        assert_eq!(asked, (0, 0, 0), "nobody is asked for whom nobody needs");
    }
}
