//! What a service tells its administrator.

use super::Service;
use crate::Host;
use crate::farewell::Farewell;
use crate::station::Fate;
use alloc::format;
use alloc::string::String;
use core::net::IpAddr;
use hyper::Level;

impl Service {
    /// Says what was done, once, if there was anything.
    pub(super) fn take_leave(&mut self) {
        if self.has_left || self.volume.openings() == 0 {
            return;
        }
        self.has_left = true;
        let counters = self.rpc.counters();
        let farewell = Farewell {
            calls: counters.calls,
            procedures: self.rpc.procedures(),
            connections: counters.connections,
            traffic: self.volume.traffic(),
            commits: self.volume.commits(),
        };
        let line = format_args!("{}: {farewell}", self.name);
        self.host.log.log(Level::Information, "service", line);
    }

    /// Says in the log by which addresses it can be reached, by which no more, and which somebody
    /// else has. Neighbours alone know those of the link itself.
    pub(super) fn tell_addresses(&mut self) {
        if !self.lets_in {
            return;
        }
        let Self { name, nfs, host: Host { log, .. }, .. } = self;
        self.carrier.tell_addresses(|address, fate| {
            let (level, line) = match (fate, address) {
                (Fate::Contested, _) => (
                    Level::Warning,
                    format!(
                        "somebody else has its address {address}: end that, or give it another"
                    ),
                ),
                (_, IpAddr::V6(own)) if own.is_unicast_link_local() => return,
                (Fate::Lost, _) => {
                    (Level::Information, format!("{address} is no longer its address"))
                }
                (Fate::Gained, _) => {
                    let exports = nfs.exports();
                    let export = exports.list().first().map_or("/".into(), nfs::Export::path_text);
                    let place = mounted_from(address, &export);
                    let line = format!("{address} is its address: mount -t nfs {place} /mnt");
                    (Level::Information, line)
                }
            };
            log.log(level, "service", format_args!("{name}: {line}"));
        });
    }

    /// Says in the log that there are more connections than it can have.
    pub(super) fn tell_crowding(&mut self) {
        let Some((count, from)) = self.carrier.news_of_crowding(self.now) else { return };
        let (name, log) = (&self.name, &self.host.log);
        let line = format_args!(
            "{name}: it has all the connections it can have, and closed {count} to let others in, \
             the last one of {from}: find out why that opens so many, or keep it out"
        );
        log.log(Level::Warning, "service", line);
    }
}

/// What mount(8) is told, as a shell reads it.
fn mounted_from(address: IpAddr, export: &str) -> String {
    match address {
        IpAddr::V4(own) => format!("{own}:{export}"),
        IpAddr::V6(own) => format!("'[{own}]:{export}'"),
    }
}
