//! Frames in, ports out.

mod listening;

use super::*;
use alloc::collections::BTreeSet;
use alloc::vec;

const EVERYBODY: Mac = Mac([0xff; 6]);

fn mac(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    Mac([2, 0, 0, 0, high, low])
}

fn vlan(number: u16) -> Vlan {
    Vlan::new(number).unwrap()
}

fn frame(receiver: Mac, sender: Mac) -> Vec<u8> {
    [&receiver.0[..], &sender.0, &[8, 0]].concat()
}

fn tagged(receiver: Mac, sender: Mac, number: u16) -> Vec<u8> {
    let tag = [&[0x81, 0][..], &number.to_be_bytes(), &[8, 0]].concat();
    [&receiver.0[..], &sender.0, &tag].concat()
}

struct World {
    switch: Switch,
    now: Instant,
    egresses: Vec<Egress>,
}

impl World {
    fn new(limits: Limits) -> Self {
        Self { switch: Switch::new(limits, [7; 16]), now: Instant(1 << 40), egresses: vec![] }
    }

    fn add(&mut self, settings: PortSettings) -> PortId {
        self.switch.add(settings).unwrap()
    }

    fn access(&mut self, number: u16) -> PortId {
        self.add(PortSettings::access(vlan(number)))
    }

    fn send(&mut self, from: PortId, frame: &[u8]) -> Result<Vec<(PortId, Option<u16>)>, Drop> {
        self.switch.forward(from, frame, self.now, &mut self.egresses)?;
        Ok(self.egresses.iter().map(|out| (out.port, out.tag.map(Vlan::number))).collect())
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }
}

#[test]
fn the_unknown_is_flooded_and_the_known_goes_where_it_is() {
    let mut world = World::new(Limits::default());
    let ports = [1, 1, 1].map(|number| world.access(number));
    let there = |ports: &[PortId]| Ok(ports.iter().map(|&port| (port, None)).collect());
    assert_eq!(world.send(ports[0], &frame(mac(2), mac(1))), there(&ports[1..]));
    assert_eq!(world.send(ports[1], &frame(mac(1), mac(2))), there(&ports[..1]));
    assert_eq!(world.send(ports[0], &frame(mac(2), mac(1))), there(&ports[1..2]));
    assert_eq!(world.send(ports[2], &frame(EVERYBODY, mac(3))), there(&ports[..2]));
    assert_eq!(world.send(ports[0], &frame(mac(1), mac(4))), Err(Drop::Nowhere));
    let counts = world.switch.counts(ports[0]).unwrap();
    assert_eq!((counts.forwarded, counts.nowhere), (2, 1));
}

#[test]
fn a_station_moves_with_its_frames() {
    let mut world = World::new(Limits::default());
    let ports = [1, 1, 1].map(|number| world.access(number));
    for &port in &ports {
        world.send(port, &frame(EVERYBODY, mac(9))).unwrap();
        let asker = ports.iter().find(|&&other| other != port).unwrap();
        assert_eq!(world.send(*asker, &frame(mac(9), mac(8))), Ok(vec![(port, None)]));
    }
    assert_eq!(world.switch.stations_known(), 2);
}

#[test]
fn who_says_nothing_is_forgotten_and_who_talks_is_not() {
    let mut world = World::new(Limits::default());
    let ports = [1, 1, 1].map(|number| world.access(number));
    world.send(ports[1], &frame(EVERYBODY, mac(1))).unwrap();
    world.send(ports[1], &frame(EVERYBODY, mac(2))).unwrap();
    for _ in 0..4 {
        world.pass(200);
        world.send(ports[1], &frame(EVERYBODY, mac(2))).unwrap();
    }
    assert_eq!(world.send(ports[0], &frame(mac(2), mac(3))).unwrap().len(), 1);
    assert_eq!(world.send(ports[0], &frame(mac(1), mac(3))).unwrap().len(), 2);
    assert_eq!(world.switch.stations_known(), 2);
}

#[test]
fn vlans_share_nothing_but_the_trunk() {
    let mut world = World::new(Limits::default());
    let (a, b, c, d) = (world.access(10), world.access(10), world.access(20), world.access(20));
    let native = Some(vlan(20));
    let trunk = Mode::Trunk { allowed: Some(BTreeSet::from([vlan(10)])), native };
    let trunk = world.add(PortSettings { mode: trunk, ..PortSettings::trunk() });
    assert_eq!(world.send(a, &frame(EVERYBODY, mac(1))), Ok(vec![(b, None), (trunk, Some(10))]));
    assert_eq!(world.send(c, &frame(EVERYBODY, mac(1))), Ok(vec![(d, None), (trunk, None)]));
    assert_eq!(world.send(b, &frame(mac(1), mac(2))), Ok(vec![(a, None)]));
    assert_eq!(world.send(d, &frame(mac(1), mac(2))), Ok(vec![(c, None)]));
    assert_eq!(world.send(trunk, &tagged(mac(1), mac(7), 10)), Ok(vec![(a, None)]));
    assert_eq!(world.send(trunk, &tagged(mac(1), mac(7), 0xe000)), Ok(vec![(c, None)]));
    assert_eq!(world.send(trunk, &frame(mac(1), mac(7))), Ok(vec![(c, None)]));
    for number in [30, 4095] {
        assert_eq!(world.send(trunk, &tagged(mac(1), mac(7), number)), Err(Drop::Vlan));
    }
    assert_eq!(world.send(a, &tagged(EVERYBODY, mac(1), 20)), Err(Drop::Vlan));
    assert_eq!(world.send(a, &tagged(mac(2), mac(1), 0)), Ok(vec![(b, None)]));
}

#[test]
fn a_port_for_one_station_is_nobody_elses() {
    let mut world = World::new(Limits::default());
    let service = world.add(PortSettings::station(vlan(1), mac(1)));
    let (thief, other) = (world.access(1), world.access(1));
    assert_eq!(world.send(thief, &frame(EVERYBODY, mac(1))), Err(Drop::Sender));
    assert_eq!(world.send(service, &frame(EVERYBODY, mac(2))), Err(Drop::Sender));
    assert_eq!(world.send(other, &frame(mac(1), mac(5))), Ok(vec![(service, None)]));
    assert_eq!(world.send(other, &frame(mac(77), mac(5))), Ok(vec![(thief, None)]));
    assert_eq!(world.send(service, &frame(mac(5), mac(1))), Ok(vec![(other, None)]));
    world.pass(10_000);
    assert_eq!(world.send(other, &frame(mac(1), mac(5))), Ok(vec![(service, None)]));
    let again = PortSettings::station(vlan(1), mac(1));
    assert_eq!(world.switch.add(again.clone()), Err(Refused::StationTaken));
    assert!(world.switch.add(PortSettings::station(vlan(2), mac(1))).is_ok());
    world.switch.remove(service);
    assert!(world.switch.add(again).is_ok());
    let nonsense = PortSettings { station: Some(mac(3)), ..PortSettings::trunk() };
    assert_eq!(world.switch.add(nonsense), Err(Refused::StationMakesNoSense));
}

#[test]
fn floods_of_one_port_are_bounded_and_no_other_pays() {
    let mut world = World::new(Limits::default());
    let floods = Rate { per_second: 10, burst: 20 };
    let noisy = world.add(PortSettings { floods, ..PortSettings::access(vlan(1)) });
    let quiet = world.access(1);
    let sent = (0..1000).filter(|_| world.send(noisy, &frame(EVERYBODY, mac(1))).is_ok());
    assert_eq!(sent.count(), 20);
    assert_eq!(world.send(noisy, &frame(mac(99), mac(1))), Err(Drop::Rate));
    assert!(world.send(quiet, &frame(EVERYBODY, mac(2))).is_ok());
    assert!(world.send(noisy, &frame(mac(2), mac(1))).is_ok(), "the known is no flood");
    world.pass(1);
    let sent = (0..1000).filter(|_| world.send(noisy, &frame(EVERYBODY, mac(1))).is_ok());
    assert_eq!(sent.count(), 10);
    assert_eq!(world.switch.counts(noisy).unwrap().rate, 1000 - 20 + 1 + 1000 - 10);
}

#[test]
fn a_flood_of_many_ports_counts_for_more() {
    let mut world = World::new(Limits::default());
    let floods = Rate { per_second: 1, burst: 40 };
    let noisy = world.add(PortSettings { floods, ..PortSettings::access(vlan(1)) });
    for number in 0..4 * COPIES_PER_FLOOD as u16 {
        let port = world.add(PortSettings::station(vlan(1), mac(1000 + number)));
        world.switch.listen(port, &Listening::Everything);
    }
    let to_many = (0..100).filter(|_| world.send(noisy, &frame(EVERYBODY, mac(1))).is_ok());
    assert_eq!(to_many.count(), 8, "each is five");
    world.pass(1000);
    let unknown = (0..100).map(|_| world.send(noisy, &frame(mac(2), mac(1))));
    let nowhere = unknown.filter(|sent| *sent == Err(Drop::Nowhere)).count();
    assert_eq!(nowhere, 40, "no port with a known station is visited");
}

#[test]
fn stations_are_bounded_by_port_and_by_switch() {
    let limits = Limits { stations_max: 100, ..Limits::default() };
    let mut world = World::new(limits);
    let (liar, other) = (world.access(1), world.access(1));
    let crowded = PortSettings { stations_max: usize::MAX, ..PortSettings::access(vlan(1)) };
    let crowded = world.add(crowded);
    world.send(other, &frame(mac(1), mac(7))).unwrap();
    for number in 1000..5000 {
        let _ = world.send(liar, &frame(mac(7), mac(number)));
    }
    assert_eq!(world.switch.stations_known(), 1 + 64);
    for number in 5000..9000 {
        let _ = world.send(crowded, &frame(mac(7), mac(number)));
    }
    assert_eq!(world.switch.stations_known(), 100);
    assert_eq!(world.send(liar, &frame(EVERYBODY, mac(7))).unwrap().len(), 2);
    assert_eq!(world.send(crowded, &frame(mac(7), mac(5000))), Ok(vec![(other, None)]));
    world.switch.remove(crowded);
    world.switch.remove(liar);
    assert_eq!(world.switch.stations_known(), 1, "a full port gains no station by a move");
    world.pass(301);
    let third = world.access(1);
    assert_eq!(world.send(third, &frame(mac(7), mac(8))), Ok(vec![(other, None)]));
    assert_eq!(world.switch.stations_known(), 1, "the new one; the old one has aged");
}

#[test]
fn what_is_no_frame_to_be_forwarded_is_dropped() {
    let mut world = World::new(Limits { ports_max: 2, ..Limits::default() });
    let (port, _) = (world.access(1), world.access(1));
    let bridges = Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]);
    for malformed in [
        frame(bridges, mac(1)),
        frame(mac(2), EVERYBODY),
        frame(mac(2), Mac([0; 6])),
        frame(Mac([0; 6]), mac(1)),
        frame(mac(2), mac(1))[..13].to_vec(),
        tagged(mac(2), mac(1), 0)[..17].to_vec(),
    ] {
        assert_eq!(world.send(port, &malformed), Err(Drop::Malformed));
    }
    assert_eq!(world.switch.add(PortSettings::trunk()), Err(Refused::Full));
    assert_eq!(world.send(PortId(9), &frame(mac(2), mac(1))), Err(Drop::Nowhere));
}
