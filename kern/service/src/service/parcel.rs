//! A service as plain data: packed while nothing of it is at work, and taken to another thread.

use super::Service;
use crate::carrier::Carrier;
use crate::measures::Measures;
use crate::rates::Rates;
use crate::rest::Rest;
use crate::volume::Past;
use crate::{Config, Host, Limits, Opening, State};
use abi::Instant;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use hyper::StreamId;
use rpc::ConnectionId;

/// A service that rests, with everything its clients rely on: their connections, what arrived on them,
/// replies that have not left, and replies remembered; who mounted what; what is exported; limits and
/// counts.
pub struct Parcel {
    exports: Vec<nfs::Export>,
    limits: Limits,
    rpc: rpc::Parcel,
    mounted: Vec<(IpAddr, Vec<u8>)>,
    past: Past,
    measures: Measures,
    rates: Rates,
    rest: Rest,
    since: Instant,
    paused: bool,
}

impl Service {
    /// Whether it can be packed at this moment, between two turns: it rests, no call is at work, and
    /// its host carries its bytes and has no buffer of its. A host that wants to move a service stops
    /// receiving for it, asks it to [`Service::rest`], and turns it until this is so.
    pub fn can_be_packed(&self) -> bool {
        let is_at_rest = self.state == State::Resting && self.volume.is_closed() && !self.stopping;
        let is_quiet = self.tasks.task_count() == 0 && self.exporting.is_quiet();
        let is_carried = matches!(self.carrier, Carrier::Sockets { .. });
        is_at_rest && is_quiet && is_carried && self.rpc.can_be_packed()
    }

    /// Why it can never be packed, if that is so.
    pub fn must_stay(&self) -> Option<&'static str> {
        if !self.volume.has_image() {
            return Some("it serves files in memory, which cannot be packed");
        }
        let is_carried = matches!(self.carrier, Carrier::Sockets { .. });
        (!is_carried).then_some("it is a network host of its own, which cannot be packed")
    }

    /// Packs it.
    ///
    /// # Panics
    /// If it cannot be: [`Service::can_be_packed`].
    pub fn pack(self) -> Parcel {
        assert!(self.can_be_packed(), "a service at work cannot be moved");
        Parcel {
            exports: self.nfs.exports().list().to_vec(),
            mounted: self.nfs.mounted(),
            past: self.volume.past(),
            limits: self.limits,
            rpc: self.rpc.pack(),
            measures: self.measures,
            rates: self.rates,
            rest: self.rest,
            since: self.since,
            paused: self.paused,
        }
    }

    /// The same service on another host, or another thread, whose clock goes on where the other's
    /// was. `config` is as it was at first: its name, where the image comes from and what carries bytes
    /// count, all else is the parcel's. `streams` says how each stream is called here; one that is not
    /// named is over.
    pub fn unpack(
        host: Host,
        config: Config,
        parcel: Parcel,
        streams: &BTreeMap<StreamId, StreamId>,
    ) -> Self {
        let Parcel { exports, limits, .. } = parcel;
        let config = Config { opening: Opening::WhenUsed, exports, limits, ..config };
        let mut service = Self::new(host, config);
        let name = |stream: &StreamId| ConnectionId(stream.0);
        let renames = streams.iter().map(|(old, new)| (name(old), name(new))).collect();
        let programs = nfs::programs(&service.nfs);
        service.rpc = rpc::Server::unpack(parcel.rpc, programs, service.carrier.ports(), &renames);
        service.nfs.remember_mounted(parcel.mounted);
        service.volume.set_past(parcel.past);
        service.measures = parcel.measures;
        service.rates = parcel.rates;
        service.rest = parcel.rest;
        service.since = parcel.since;
        service.paused = parcel.paused;
        service
    }
}
