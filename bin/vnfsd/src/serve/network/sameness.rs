//! What makes a service the same to its network after a restart: an Ethernet address and a secret,
//! made of what this machine, the service and the link are called.

use fleet::Mac;
use siphasher::sip128::{Hash128, Hasher128, SipHasher24};
use std::fs;
use std::hash::Hasher;

/// Where systems keep a name of the machine that nobody else has (machine-id(5)).
const MACHINE_IDS: [&str; 3] = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"];

/// What stands there before a machine's first start (machine-id(5)).
const NO_IDS: [&str; 2] = ["", "uninitialized"];

/// Bits of an Ethernet address's first byte: a group's; not from a manufacturer.
const GROUP: u8 = 1;
const LOCAL: u8 = 2;

/// What is known of a service before it has any address.
pub struct Known(String);

impl Known {
    /// A service of this name on a link of that name, on this machine.
    pub fn new(service: &str, link: &str) -> Self {
        Self::on(&machine(), service, link)
    }

    fn on(machine: &str, service: &str, link: &str) -> Self {
        Self([machine, service, link].join("\0"))
    }

    /// An Ethernet address of a single station.
    pub fn mac(&self) -> Mac {
        let [first, b, c, d, e, f, ..] = self.digest("mac");
        Mac([first & !GROUP | LOCAL, b, c, d, e, f])
    }

    /// What IPv6 addresses are made from (RFC 7217).
    pub fn secret(&self) -> [u8; 16] {
        self.digest("addresses")
    }

    fn digest(&self, purpose: &str) -> [u8; 16] {
        let mut hasher = SipHasher24::new();
        hasher.write(purpose.as_bytes());
        hasher.write(&[0]);
        hasher.write(self.0.as_bytes());
        let Hash128 { h1, h2 } = hasher.finish128();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&h1.to_le_bytes());
        bytes[8..].copy_from_slice(&h2.to_le_bytes());
        bytes
    }
}

/// A name of this machine: its id, or what its network calls it.
fn machine() -> String {
    let ids = MACHINE_IDS.iter().filter_map(|path| fs::read_to_string(path).ok());
    let mut given = ids.map(|id| id.trim().to_owned()).filter(|id| !NO_IDS.contains(&id.as_str()));
    let name = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    given.next().unwrap_or_else(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_single_station_of_nobodys_make_and_stays() {
        for machine in 0..100 {
            let known = Known::on(&machine.to_string(), "memory", "tap:vnfs0");
            assert_eq!(known.mac().0[0] & 3, 2, "{}", known.mac());
        }
        let known = || Known::on("machine", "memory", "tap:vnfs0");
        assert_eq!((known().mac(), known().secret()), (known().mac(), known().secret()));
        assert_eq!(known().mac().to_string(), "ce:a2:19:43:2f:c8", "in every release");
    }

    #[test]
    fn it_differs_by_machine_service_and_link() {
        let mut all: Vec<_> = [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x")]
            .map(|(machine, service, link)| Known::on(machine, service, link).mac().0)
            .to_vec();
        all.push(Known::on("", "ab", "c").mac().0);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}
