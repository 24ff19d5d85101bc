//! Which groups we listen to, told to switches and routers that want to know (MLDv2, RFC 3810).
//!
//! Those are the groups in which neighbours ask for our IPv6 addresses. Everything about them goes
//! into one report, sent twice when an address comes or goes, and when somebody asks. Where the
//! questions are of version 1, so are the reports, one for each group (§8.2.1). (IPv4's only group is
//! never reported: RFC 3376 §6.) Who is unplugged says nothing: it is missed at the next question.

use crate::address::solicited_group;
use crate::frame::Draft;
use crate::ip::Arrived;
use crate::limits::ADDRESSES_MAX;
use crate::luck::Luck;
use crate::stack::Stack;
use abi::Instant;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use checksum::Sum;
use core::net::Ipv6Addr;
use core::time::Duration;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv6Packet, Icmpv6Repr, IpProtocol, MldAddressRecordRepr, MldRecordType, MldRepr,
};

/// Where reports go.
const ALL_REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// Where it is told, in version 1, that nobody listens here any more.
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Reports when something changes, and the time between them (RFC 3810 §9.1, §9.11).
const REPORTS: u8 = 2;
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// A hop-by-hop header that has routers look at the message: ICMPv6 follows, an alert of value 0
/// (RFC 2711), two bytes of padding.
const ROUTER_ALERT: [u8; 8] = [58, 0, 5, 2, 0, 0, 1, 0];

/// The fixed part of a report, and one record without sources, in bytes.
const REPORT_BYTES: usize = 8;
const RECORD_BYTES: usize = 20;

/// A message of version 1 (RFC 2710 §3), in bytes: eight as any other's, and the group.
const OLDER_BYTES: usize = 24;
const OLDER_REPORT: u8 = 131;
const OLDER_DONE: u8 = 132;

/// For how long somebody who asked so is taken to know no other version (RFC 3810 §9.12).
const OLDER_QUERIER: Duration = Duration::from_secs(260);

/// When to report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Reports left of a change.
    changes: u8,
    due: Option<Instant>,
    /// Until when reports are of version 1.
    older_until: Option<Instant>,
    /// Groups that were left, until that has been reported.
    left: BTreeSet<Ipv6Addr>,
}

impl Listener {
    /// A group was joined.
    pub(crate) fn joined(&mut self, now: Instant) {
        (self.changes, self.due) = (REPORTS, Some(now));
    }

    /// A group was left, of which we have been in for an address of ours.
    fn left(&mut self, group: Ipv6Addr, now: Instant) {
        if self.left.len() < ADDRESSES_MAX {
            self.left.insert(group);
        }
        self.joined(now);
    }

    /// Somebody asks, and gives so much time for the answer.
    fn queried(&mut self, within: Duration, now: Instant, luck: &mut Luck) {
        let at = now + luck.draw_below(within);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Whoever asks understands no other version than the first.
    fn is_older(&self, now: Instant) -> bool {
        self.older_until.is_some_and(|until| now < until)
    }

    /// When a report is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Says of which kind the report is that is due now.
    fn next(&mut self, now: Instant) -> Option<MldRecordType> {
        self.due.filter(|due| *due <= now)?;
        let kind = match self.changes {
            0 => MldRecordType::ModeIsExclude,
            _ => MldRecordType::ChangeToExclude,
        };
        self.changes = self.changes.saturating_sub(1);
        self.due = (self.changes > 0).then(|| now + REPORT_INTERVAL);
        Some(kind)
    }

    /// Which groups a report of such a kind, which is sent now, tells to be left.
    fn left_now(&mut self, kind: MldRecordType, heard: &BTreeSet<Ipv6Addr>) -> BTreeSet<Ipv6Addr> {
        if kind != MldRecordType::ChangeToExclude {
            return BTreeSet::new();
        }
        self.left.retain(|group| !heard.contains(group));
        let left = self.left.clone();
        if self.changes == 0 {
            self.left.clear();
        }
        left
    }
}

impl Stack {
    /// Takes a question for listeners.
    pub(crate) fn listeners_queried(&mut self, packet: &Arrived<'_>, now: Instant) {
        if let Some((group, within)) = older_query(packet.payload) {
            self.listener.older_until = Some(now + OLDER_QUERIER);
            return self.group_queried(group, within, now);
        }
        let parsed = Icmpv6Packet::new_checked(packet.payload).and_then(|it| MldRepr::parse(&it));
        if let Ok(MldRepr::Query { max_resp_code, mcast_addr, .. }) = parsed {
            self.group_queried(mcast_addr, response_time(max_resp_code), now);
        }
    }

    fn group_queried(&mut self, group: Ipv6Addr, within: Duration, now: Instant) {
        let is_meant =
            group.is_unspecified() || self.addresses.v6().any(|own| solicited_group(own) == group);
        if is_meant {
            self.listener.queried(within, now, &mut self.luck);
        }
    }

    /// Reports, if that is due.
    pub(crate) fn report_groups(&mut self, now: Instant) {
        let Some(kind) = self.listener.next(now) else { return };
        let groups: BTreeSet<_> = self.addresses.v6().map(solicited_group).collect();
        let left = self.listener.left_now(kind, &groups);
        // A link-local address that is not ours yet is left out (RFC 3590 §4).
        let from = self.addresses.link_local().unwrap_or(Ipv6Addr::UNSPECIFIED);
        if self.listener.is_older(now) {
            let is_heard = |group| self.tell_older(OLDER_REPORT, from, group, group, now);
            groups.into_iter().for_each(is_heard);
            let is_left = |group| self.tell_older(OLDER_DONE, from, ALL_ROUTERS, group, now);
            left.into_iter().for_each(is_left);
            return;
        }
        let heard = groups.into_iter().map(|group| MldAddressRecordRepr::new(kind, group));
        let is_left = |group| MldAddressRecordRepr::new(MldRecordType::ChangeToInclude, group);
        let records: Vec<_> = heard.chain(left.into_iter().map(is_left)).collect();
        let bytes = REPORT_BYTES + RECORD_BYTES * records.len();
        self.send_report(from, ALL_REPORTS, bytes, now, |report| {
            let mut packet = Icmpv6Packet::new_unchecked(report);
            let report = Icmpv6Repr::Mld(MldRepr::ReportRecordReprs(&records));
            report.emit(&from, &ALL_REPORTS, &mut packet, &ChecksumCapabilities::default());
        });
    }

    /// An address is ours no more: its group is left, unless another one has the same.
    pub(crate) fn leave_group(&mut self, address: Ipv6Addr, now: Instant) {
        let group = solicited_group(address);
        if self.addresses.v6().all(|own| solicited_group(own) != group) {
            self.listener.left(group, now);
        }
    }

    /// Tells of one group in version 1.
    fn tell_older(
        &mut self,
        kind: u8,
        from: Ipv6Addr,
        to: Ipv6Addr,
        group: Ipv6Addr,
        now: Instant,
    ) {
        self.send_report(from, to, OLDER_BYTES, now, |report| {
            report[0] = kind;
            report[8..].copy_from_slice(&group.octets());
            let (from, to, protocol) = (from.into(), to.into(), IpProtocol::Icmpv6.into());
            let mut sum = Sum::of_pseudo_header(from, to, protocol, OLDER_BYTES);
            sum.add(report);
            report[2..4].copy_from_slice(&sum.checksum().to_be_bytes());
        });
    }

    fn send_report(
        &mut self,
        from: Ipv6Addr,
        to: Ipv6Addr,
        bytes: usize,
        now: Instant,
        fill: impl FnOnce(&mut [u8]),
    ) {
        let bytes = ROUTER_ALERT.len() + bytes;
        let mut draft = Draft::new(from.into(), to.into(), IpProtocol::HopByHop, bytes);
        let (alert, report) = draft.transport().split_at_mut(ROUTER_ALERT.len());
        alert.copy_from_slice(&ROUTER_ALERT);
        fill(report);
        draft.hop_limit = 1;
        self.route(draft, now);
    }
}

/// The group that a question of version 1 is about, and how much time it gives.
fn older_query(message: &[u8]) -> Option<(Ipv6Addr, Duration)> {
    let &[_, _, _, _, a, b, _, _, ref group @ ..] = message else { return None };
    let group: [u8; 16] = group.try_into().ok()?;
    let within = Duration::from_millis(u16::from_be_bytes([a, b]).into());
    Some((group.into(), within))
}

/// How much time a question gives (RFC 3810 §5.1.3): milliseconds, or a floating-point number.
fn response_time(code: u16) -> Duration {
    let milliseconds = match code {
        0..0x8000 => u64::from(code),
        _ => u64::from(code & 0xfff | 0x1000) << ((code >> 12 & 7) + 3),
    };
    Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_times_are_decoded() {
        assert_eq!(response_time(10_000), Duration::from_secs(10));
        assert_eq!(response_time(0x8000), Duration::from_millis(0x8000));
        assert_eq!(response_time(0xffff), Duration::from_millis(0x1fff << 10));
    }

    #[test]
    fn changes_are_reported_twice_and_questions_once() {
        let (mut listener, mut luck) = (Listener::default(), Luck::new([1; 16]));
        let start = Instant(1_000_000_000);
        listener.joined(start);
        assert_eq!(listener.next(start), Some(MldRecordType::ChangeToExclude));
        assert_eq!(listener.next(start), None);
        let again = listener.deadline().unwrap();
        assert_eq!(listener.next(again), Some(MldRecordType::ChangeToExclude));
        assert_eq!(listener.deadline(), None);
        listener.queried(Duration::from_secs(1), start, &mut luck);
        let due = listener.deadline().unwrap();
        assert!(due >= start && due < start + Duration::from_secs(1));
        assert_eq!(listener.next(due), Some(MldRecordType::ModeIsExclude));
        assert_eq!(listener.deadline(), None);
    }
}
