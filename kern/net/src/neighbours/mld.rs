//! Which groups we listen to, told to switches and routers that want to know (MLDv2, RFC 3810).
//!
//! Those are the groups in which neighbours ask for our IPv6 addresses. Everything about them goes
//! into one report, sent twice when an address comes, and when somebody asks. (IPv4's only group is
//! never reported: RFC 3376 §6.)

use crate::address::solicited_group;
use crate::frame::Draft;
use crate::ip::Arrived;
use crate::luck::Luck;
use crate::stack::Stack;
use abi::Instant;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv6Packet, Icmpv6Repr, IpProtocol, MldAddressRecordRepr, MldRecordType, MldRepr,
};

/// Where reports go.
const ALL_REPORTS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// Reports when something changes, and the time between them (RFC 3810 §9.1, §9.11).
const REPORTS: u8 = 2;
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// A hop-by-hop header that has routers look at the message: ICMPv6 follows, an alert of value 0
/// (RFC 2711), two bytes of padding.
const ROUTER_ALERT: [u8; 8] = [58, 0, 5, 2, 0, 0, 1, 0];

/// The fixed part of a report, and one record without sources, in bytes.
const REPORT_BYTES: usize = 8;
const RECORD_BYTES: usize = 20;

/// When to report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listener {
    /// Reports left of a change.
    changes: u8,
    due: Option<Instant>,
}

impl Listener {
    /// A group was joined.
    pub(crate) fn joined(&mut self, now: Instant) {
        *self = Self { changes: REPORTS, due: Some(now) };
    }

    /// Somebody asks, and gives so much time for the answer.
    fn queried(&mut self, within: Duration, now: Instant, luck: &mut Luck) {
        let at = now + luck.draw_below(within);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
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
}

impl Stack {
    /// Takes a question for listeners.
    pub(crate) fn listeners_queried(&mut self, packet: &Arrived<'_>, now: Instant) {
        let parsed = Icmpv6Packet::new_checked(packet.payload).and_then(|it| MldRepr::parse(&it));
        if let Ok(MldRepr::Query { max_resp_code, mcast_addr, .. }) = parsed {
            let is_meant = mcast_addr.is_unspecified()
                || self.addresses.v6().any(|own| solicited_group(own) == mcast_addr);
            if is_meant {
                self.listener.queried(response_time(max_resp_code), now, &mut self.luck);
            }
        }
    }

    /// Reports, if that is due.
    pub(crate) fn report_groups(&mut self, now: Instant) {
        let Some(kind) = self.listener.next(now) else { return };
        let groups: BTreeSet<_> = self.addresses.v6().map(solicited_group).collect();
        let record = |group| MldAddressRecordRepr::new(kind, group);
        let records: Vec<_> = groups.into_iter().map(record).collect();
        // A link-local address that is not ours yet is left out (RFC 3590 §4).
        let from = self.addresses.link_local().unwrap_or(Ipv6Addr::UNSPECIFIED);
        let bytes = ROUTER_ALERT.len() + REPORT_BYTES + RECORD_BYTES * records.len();
        let mut draft = Draft::new(from.into(), ALL_REPORTS.into(), IpProtocol::HopByHop, bytes);
        let (alert, report) = draft.transport().split_at_mut(ROUTER_ALERT.len());
        alert.copy_from_slice(&ROUTER_ALERT);
        let mut packet = Icmpv6Packet::new_unchecked(report);
        let report = Icmpv6Repr::Mld(MldRepr::ReportRecordReprs(&records));
        report.emit(&from, &ALL_REPORTS, &mut packet, &ChecksumCapabilities::default());
        draft.hop_limit = 1;
        self.route(draft, now);
    }
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
